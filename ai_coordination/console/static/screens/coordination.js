import { useTitle } from '../components/title.js';
import { html } from '../html.js';

export function Coordination() {
  useTitle('Coordination');
  return html`<h1>Coordination</h1>`;
}
