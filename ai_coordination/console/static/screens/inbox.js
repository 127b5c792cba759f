import { useTitle } from '../components/title.js';
import { html } from '../html.js';

export function Inbox() {
  useTitle('Inbox');
  return html`<h1>Inbox</h1>`;
}
