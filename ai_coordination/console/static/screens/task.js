import { useTitle } from '../components/title.js';
import { html } from '../html.js';

export function Task() {
  useTitle('Task');
  return html`<h1>Task</h1>`;
}
