import { Field } from '../../components/basics.js';
import { JsonField, LineField, LinesField, NumberField } from '../../components/schema_fields.js';
import { html } from '../../html.js';
import { Select } from '../fields.js';
import { newRule } from '../task_model.js';

/** @type {[string, string][]} */
const KINDS = [
  ['APPROVAL', 'approves the output, rejects it, or sends it back'],
  ['INPUT', 'adds an answer'],
  ['CHOICE', 'chooses one of some options'],
];
const SECONDS = { type: 'integer', minimum: 1, maximum: 31_536_000 };

/** What the agent asks a person, and how long it waits. @param {import('../agent_panel.js').Panel} panel */
export function People({ action, change, wrong, bind }) {
  const { ask } = action;
  const choose = (/** @type {string | null} */ kind) => change({ ask: kind === null ? null : changedTo(ask, kind) });
  return html`
    <${Select} label="After the agent has answered, a person" none="is not asked" options=${KINDS} value=${ask?.kind ?? null} onChange=${choose} error=${wrong('ask', 'kind') ?? wrong('userInTheLoop')} />
    ${ask && html`<${Question} ask=${ask} change=${change} wrong=${wrong} />`}
    <${NumberField} label="Time to answer, in seconds" help="Also for the agent's own questions. Empty: no limit." required=${false} schema=${SECONDS} ...${bind('answerTimeoutSeconds')} />
    <${NumberField} label="Turns" help="How often the agent may be asked again: after its own questions, and when its output is sent back. 1 to 50." required=${true} schema=${{ type: 'integer', minimum: 1, maximum: 50 }} ...${bind('maxTurns')} />
  `;
}

/**
 * A question of another kind: what does not apply to it is left out.
 *
 * @param {import('../task_model.js').Rule | null} ask
 * @param {string} kind
 */
function changedTo(ask, kind) {
  const { form, options, default: suggested, onRejection, onTimeout, ...kept } = { ...newRule(kind), ...ask };
  return { ...newRule(kind), ...kept, kind };
}

/** @param {any} properties */
function Question({ ask, change, wrong }) {
  const bind = (/** @type {string} */ name) => ({
    value: ask[name],
    onChange: (/** @type {any} */ value) => change({ ask: { ...ask, [name]: value ?? null } }, `ask ${name}`),
    error: wrong('ask', name),
  });
  return html`
    <${LineField} label="Question" help="A line above the output." required=${false} schema=${{ type: 'string', maxLength: 256 }} ...${bind('title')} />
    <div class="two">
      <${LineField} label="For the user" help="Nobody else can answer." required=${false} schema=${{ type: 'string', maxLength: 256 }} ...${bind('assignee')} />
      <${LineField} label="For the group" help="Its members can take it." required=${false} schema=${{ type: 'string', maxLength: 256 }} ...${bind('group')} />
    </div>
    ${(ask.kind === 'CHOICE' || ask.options.length > 0) && html`<${Options} ...${bind('options')} />`}
    ${(ask.kind === 'INPUT' || ask.form !== null) &&
    html`<${JsonField} label="Form" help="A JSON Schema of the type object. Its properties are the fields. Empty: the answer is a text." schema=${{}} required=${false} ...${bind('form')} value=${ask.form ?? undefined} />`}
    <${Suggested} ask=${ask} ...${bind('default')} />
    <${Select} label="When nobody answers in time" options=${[['FAIL', 'the agent fails'], ['DEFAULT', 'the suggested answer counts']]} ...${bind('onTimeout')} />
    ${(ask.kind === 'APPROVAL' || ask.onRejection !== 'FAIL') &&
    html`<${Select} label="When the output is rejected" options=${[['FAIL', 'the agent fails'], ['CONTINUE', 'the successors go on, and know it']]} ...${bind('onRejection')} />`}
  `;
}

/** What can be chosen, one in a line. @param {any} properties */
function Options({ value, onChange, error }) {
  return html`<${Field} label="Options" help="2 to 50, one in a line." error=${error}>
    <textarea class="grows" rows="3" required value=${value.join('\n')} onInput=${(/** @type {any} */ { target }) => onChange(target.value === '' ? [] : target.value.split('\n'))} />
  </>`;
}

/** The suggested answer, by the kind of the question. @param {any} properties */
function Suggested({ ask, value, onChange, error }) {
  const label = 'Suggested answer';
  if (ask.kind === 'APPROVAL' && (value === null || typeof value === 'boolean')) {
    return html`<${Select} label=${label} none="none" options=${[['true', 'approved'], ['false', 'rejected']]} value=${value === null ? null : String(value)}
      onChange=${(/** @type {string | null} */ text) => onChange(text === null ? null : text === 'true')} error=${error} />`;
  }
  if (ask.kind === 'CHOICE' && (value === null || typeof value === 'string')) {
    const options = ask.options.filter(Boolean).map((/** @type {string} */ option) => [option, option]);
    return html`<${Select} label=${label} none="none" options=${options} value=${value} onChange=${onChange} error=${error} />`;
  }
  if (ask.kind === 'INPUT' && ask.form === null && (value === null || typeof value === 'string')) {
    return html`<${LinesField} label=${label} schema=${{ type: 'string' }} required=${false} value=${value} onChange=${onChange} error=${error} />`;
  }
  return html`<${JsonField} label=${label} help="JSON that fits the form." schema=${{}} required=${false} value=${value ?? undefined} onChange=${onChange} error=${error} />`;
}
