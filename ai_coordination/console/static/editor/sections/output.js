import { JsonField } from '../../components/schema_fields.js';
import { html } from '../../html.js';

/** What the agent's output must be. @param {import('../agent_panel.js').Panel} panel */
export function Output({ action, change, wrong }) {
  return html`<${JsonField}
    label="Output schema"
    help="A JSON Schema. An output that does not fit fails the attempt, and the next attempt is told why. Empty: any text is an output."
    required=${false}
    schema=${{}}
    value=${action.outputSchema ?? undefined}
    onChange=${(/** @type {any} */ schema) => change({ outputSchema: schema ?? null }, 'outputSchema')}
    error=${wrong('outputSchema')}
  />`;
}
