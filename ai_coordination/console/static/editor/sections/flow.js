import { NumberField } from '../../components/schema_fields.js';
import { html } from '../../html.js';
import { Expression } from '../fields.js';

const LONGEST_SECONDS = 31_536_000;

/** Whether and when the agent runs, and what it is told. @param {import('../agent_panel.js').Panel} panel */
export function Flow({ action, change, bind }) {
  const names = action.predecessors.slice(0, 3).map((uuid) => `outputs.${identifier(uuid)}`);
  return html`
    <${Expression} label="Condition" help=${html`JMESPath, true or false. If it is false, the agent is skipped. ${names.length > 0 && html`What it can ask for: ${names.map((name) => html`<code>${name}</code> `)}`}`} ...${bind('when')} />
    <${Expression} label="Input" help="JMESPath. What the agent is told, instead of its work and the outputs of those it waits for." ...${bind('input')} />
    <${NumberField} label="Delay in seconds" help="How long it waits after its predecessors have ended." required=${true}
      schema=${{ type: 'integer', minimum: 0, maximum: LONGEST_SECONDS }} ...${bind('delaySeconds')} />
    <label class="check">
      <input type="checkbox" checked=${action.primaryPath} onChange=${(/** @type {any} */ { target }) => change({ primaryPath: target.checked })} />
      <span>Continues the thread (conversation) of its predecessor</span>
    </label>
  `;
}

/** A name as it is written in an expression. @param {string} agentUuid */
const identifier = (agentUuid) => (/^[A-Za-z_]\w*$/.test(agentUuid) ? agentUuid : JSON.stringify(agentUuid));
