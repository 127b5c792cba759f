import { useTitle } from '../components/title.js';
import { html } from '../html.js';

export function Start() {
  useTitle('Start');
  return html`<h1>Start</h1>`;
}
