import { NumberField } from '../../components/schema_fields.js';
import { html } from '../../html.js';
import { href } from '../../router.js';
import { Expression, Select } from '../fields.js';

/** How often the agent runs, and what runs before it. @param {import('../agent_panel.js').Panel} panel */
export function Loop({ action, editor, change, wrong }) {
  const { forEach, repeat } = action;
  const kind = forEach ? 'each' : repeat ? 'rounds' : 'once';
  const choose = (/** @type {string | null} */ now) =>
    change({
      forEach: now === 'each' ? { items: '', maxConcurrency: null, toleratedFailures: null } : null,
      repeat: now === 'rounds' ? { until: '', maxRounds: 3 } : null,
    });
  const each = (/** @type {string} */ name) => ({
    value: /** @type {any} */ (forEach)?.[name],
    onChange: (/** @type {any} */ value) => change({ forEach: { .../** @type {any} */ (forEach), [name]: value ?? (name === 'items' ? '' : null) } }, name),
    error: wrong('forEach', name),
  });
  const round = (/** @type {string} */ name) => ({
    value: /** @type {any} */ (repeat)?.[name],
    onChange: (/** @type {any} */ value) => change({ repeat: { .../** @type {any} */ (repeat), [name]: value ?? (name === 'until' ? '' : null) } }, name),
    error: wrong('repeat', name),
  });
  return html`
    <${Select} label="Runs" value=${kind} onChange=${choose}
      options=${[['once', 'once'], ['each', 'once for each element of a list'], ['rounds', 'in rounds, until a condition holds']]} />
    ${forEach &&
    html`<${Expression} label="List" required=${true} help=${html`JMESPath that gives a list, for example <code>outputs.lister.documents</code>.`} ...${each('items')} />
      <${NumberField} label="At the same time" help="How many elements run at once. Empty: all." required=${false} schema=${{ type: 'integer', minimum: 1, maximum: 1000 }} ...${each('maxConcurrency')} />
      <${NumberField} label="Tolerated failures" help="How many elements may fail. Empty: a failed element counts as a failure of the agent." required=${false} schema=${{ type: 'integer', minimum: 0, maximum: 1000 }} ...${each('toleratedFailures')} />`}
    ${repeat &&
    html`<${Expression} label="Until" required=${true} help="JMESPath over what the round has said, true or false. The rounds end when it is true." ...${round('until')} />
      <${NumberField} label="Rounds at most" help="1 to 100." required=${true} schema=${{ type: 'integer', minimum: 1, maximum: 100 }} ...${round('maxRounds')} />`}
    <${SubTask} action=${action} editor=${editor} change=${change} error=${wrong('taskUuid')} />
  `;
}

/** Another task, whose graph runs before the agent. @param {any} properties */
function SubTask({ action, editor, change, error }) {
  const { coordinationUuid, taskUuid, tasks } = editor;
  const others = tasks.filter((/** @type {any} */ task) => task.taskUuid !== taskUuid);
  const chosen = action.taskUuid && others.find((/** @type {any} */ task) => task.taskUuid === action.taskUuid);
  return html`
    <${Select}
      label="Sub-task"
      none="None: the agent alone runs"
      help="A copy of the other task's graph runs first. Then the agent runs, with the outputs of its last agents."
      value=${action.taskUuid}
      options=${others.map((/** @type {any} */ task) => [task.taskUuid, task.taskName])}
      onChange=${(/** @type {string | null} */ uuid) => change({ taskUuid: uuid })}
      error=${error}
    />
    ${chosen && html`<p><a href=${href(['task', coordinationUuid, chosen.taskUuid])}>Open ${chosen.taskName}</a></p>`}
  `;
}
