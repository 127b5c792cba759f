import { render } from 'preact';
import { arrive } from './auth.js';
import { Shell } from './components/shell.js';
import { html } from './html.js';

await arrive();
render(html`<${Shell} />`, /** @type {HTMLElement} */ (document.getElementById('app')));
