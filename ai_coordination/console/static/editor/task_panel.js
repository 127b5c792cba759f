import { LineField, LinesField, NumberField } from '../components/schema_fields.js';
import { html } from '../html.js';
import { Expression } from './fields.js';
import { said } from './problems.js';

/** What the task itself has: names, its query, its output and budget. @param {{ editor: import('./task_editor.js').Editor }} properties */
export function TaskPanel({ editor }) {
  const { draft, change, error } = editor;
  const bind = (/** @type {string} */ name) => ({
    value: /** @type {any} */ (draft)[name],
    onChange: (/** @type {any} */ value) => change((now) => ({ ...now, [name]: value ?? (name === 'taskName' ? '' : null) }), name),
    error: said(error, [name]),
  });
  return html`
    <${LineField} label="Name" required=${true} schema=${{ type: 'string', maxLength: 256 }} ...${bind('taskName')} />
    <${LinesField} label="Description" help="For people." schema=${{ type: 'string' }} required=${false} ...${bind('taskDescription')} />
    <${LinesField} label="Task query" help=${html`What sessions work on that are started without a query. As a JSON object, its members are variables for the works of the agents.`}
      schema=${{ type: 'string', maxLength: 2_000_000 }} required=${false} ...${bind('initialTaskQuery')} />
    <${Expression} label="Output of sessions" help="JMESPath over the outputs of the agents that nobody waits for. Empty: what they said." ...${bind('output')} />
    <${Budget} budget=${draft.budget} change=${change} error=${error} />
  `;
}

/** What each session may spend. @param {any} properties */
function Budget({ budget, change, error }) {
  const bind = (/** @type {string} */ name) => ({
    value: budget?.[name],
    required: false,
    onChange: (/** @type {any} */ value) => {
      const all = { tokens: null, dollars: null, seconds: null, ...budget, [name]: value ?? null };
      const isNone = Object.values(all).every((limit) => limit === null);
      change((/** @type {any} */ now) => ({ ...now, budget: isNone ? null : all }), `budget ${name}`);
    },
    error: said(error, ['budget', name]),
  });
  const wrong = error?.inputPath.length === 1 && said(error, ['budget']);
  return html`<fieldset class=${wrong ? 'wrong' : ''}>
    <legend>Budget of a session</legend>
    <small class="quiet">Empty: no limit.</small>
    <div class="three">
      <${NumberField} label="Tokens" schema=${{ type: 'integer', minimum: 1, maximum: 2 ** 31 - 1 }} ...${bind('tokens')} />
      <${NumberField} label="Dollars" schema=${{ type: 'number', minimum: 0.000001, maximum: 1_000_000 }} ...${bind('dollars')} />
      <${NumberField} label="Seconds" schema=${{ type: 'integer', minimum: 1, maximum: 31_622_400 }} ...${bind('seconds')} />
    </div>
    ${wrong && html`<small class="error" role="alert">${wrong}</small>`}
  </fieldset>`;
}
