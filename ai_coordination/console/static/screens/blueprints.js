import { useTitle } from '../components/title.js';
import { html } from '../html.js';

/** @param {{ path: string[], query: URLSearchParams }} properties */
export function Blueprints() {
  useTitle('Blueprints');
  return html`<h1>Blueprints</h1>`;
}
