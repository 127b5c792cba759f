import { useEffect, useRef } from 'preact/hooks';
import { html } from '../html.js';
import { Delegation } from './sections/delegation.js';
import { Failure } from './sections/failure.js';
import { Flow } from './sections/flow.js';
import { Loop } from './sections/loop.js';
import { Output } from './sections/output.js';
import { People } from './sections/people.js';
import { Work } from './sections/work.js';
import { said } from './problems.js';
import { actionOf, withAction } from './task_graph.js';
import { newAction, same } from './task_model.js';
import { fieldName } from './words.js';

/**
 * What the parts of the form of an agent have in common.
 *
 * @typedef {object} Panel
 * @property {string} agentUuid
 * @property {import('./task_model.js').Action} action its settings; the defaults if it has none yet
 * @property {import('./task_editor.js').Editor} editor
 * @property {(part: Partial<import('./task_model.js').Action>, what?: string) => void} change
 * @property {(...place: (string | number)[]) => string | undefined} wrong what is wrong with a setting
 * @property {(name: string) => { value: any, onChange: (value: any) => void, error?: string }} bind
 *   the properties of a field for a setting; emptied, it is null
 */

/** The settings that belong together, and the part of the form for them. */
const SECTIONS = /** @type {const} */ ([
  ['Condition and input', ['when', 'input', 'delaySeconds', 'primaryPath'], Flow],
  ['Loop and sub-task', ['forEach', 'repeat', 'taskUuid'], Loop],
  ['People', ['ask', 'answerTimeoutSeconds', 'maxTurns'], People],
  ['Time and failure', ['timeoutSeconds', 'heartbeatSeconds', 'retry', 'onFailure'], Failure],
  ['Checked output', ['outputSchema'], Output],
  ['Delegation', ['delegatesTo'], Delegation],
]);

/**
 * Everything of one agent in a task.
 *
 * @param {{ agentUuid: string, editor: import('./task_editor.js').Editor }} properties
 */
export function AgentPanel({ agentUuid, editor }) {
  const action = actionOf(editor.draft, agentUuid) ?? newAction(agentUuid);
  const change = (/** @type {Partial<typeof action>} */ part, /** @type {string} */ what = '') =>
    editor.change((draft) => withAction(draft, editor.members, agentUuid, part), what && `${agentUuid} ${what}`);
  const wrong = (/** @type {(string | number)[]} */ ...place) => said(editor.error, ['agentActions', agentUuid, ...place]);
  const bind = (/** @type {string} */ name) => ({
    value: /** @type {any} */ (action)[name],
    onChange: (/** @type {any} */ value) => change({ [name]: value ?? null }, name),
    error: wrong(name),
  });
  /** @type {Panel} */
  const panel = { agentUuid, action, editor, change, wrong, bind };
  return html`
    <${Work} ...${panel} />
    ${SECTIONS.map(
      ([title, names, Section]) => html`<${Fold} key=${title} title=${title} names=${names} action=${action} isWrong=${names.some((name) => wrong(name))}>
        <${Section} ...${panel} />
      </>`,
    )}
  `;
}

/**
 * A section that can be folded. Its summary says which settings in it are not the defaults. It opens
 * when something in it is wrong.
 *
 * @param {{ title: string, names: readonly string[], action: any, isWrong: boolean, children: any }} properties
 */
function Fold({ title, names, action, isWrong, children }) {
  const element = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  useEffect(() => {
    if (isWrong && element.current) element.current.open = true;
  }, [isWrong]);
  const defaults = /** @type {any} */ (newAction(''));
  const set = names.filter((name) => !same(action[name], defaults[name]));
  return html`<details class="section ${isWrong ? 'wrong' : ''}" ref=${element}>
    <summary><strong>${title}</strong>${set.length > 0 && html`<span class="set">${set.map(fieldName).join(', ')}</span>`}</summary>
    ${children}
  </details>`;
}
