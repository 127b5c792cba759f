import { render } from 'preact';
import { Shell } from './components/shell.js';
import { html } from './html.js';

render(html`<${Shell} />`, /** @type {HTMLElement} */ (document.getElementById('app')));
