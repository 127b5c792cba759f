import { useTitle } from '../components/title.js';
import { html } from '../html.js';

/** @param {{ path: string[], query: URLSearchParams }} properties */
export function Start() {
  useTitle('Start');
  return html`<h1>Start</h1>`;
}
