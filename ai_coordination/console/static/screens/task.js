import { useTitle } from '../components/title.js';
import { html } from '../html.js';

/** @param {{ path: string[], query: URLSearchParams }} properties */
export function Task() {
  useTitle('Task');
  return html`<h1>Task</h1>`;
}
