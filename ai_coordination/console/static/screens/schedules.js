import { useTitle } from '../components/title.js';
import { html } from '../html.js';

export function Schedules() {
  useTitle('Schedules');
  return html`<h1>Schedules</h1>`;
}
