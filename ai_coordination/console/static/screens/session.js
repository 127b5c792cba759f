import { useTitle } from '../components/title.js';
import { html } from '../html.js';

export function Session() {
  useTitle('Session');
  return html`<h1>Session</h1>`;
}
