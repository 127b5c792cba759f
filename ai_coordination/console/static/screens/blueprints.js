import { useTitle } from '../components/title.js';
import { html } from '../html.js';

export function Blueprints() {
  useTitle('Blueprints');
  return html`<h1>Blueprints</h1>`;
}
