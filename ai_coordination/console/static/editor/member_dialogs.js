import { useState } from 'preact/hooks';
import { Field } from '../components/basics.js';
import { Confirm, Dialog } from '../components/dialog.js';
import { Loaded } from '../components/loaded.js';
import { USES_OF } from '../documents/editor.js';
import { html } from '../html.js';
import { useLoaded } from '../live.js';
import { AGENT_UUID, usesOf, uuidFor, withoutAgent } from './coordination_model.js';
import { KindField } from './member_form.js';
import { allTasks } from './pages.js';

/**
 * Ask what a new agent is called. Its `agentUuid` does not change later: tasks name it.
 *
 * @param {{ kinds: import('./member_form.js').Kind[], draft: import('./coordination_model.js').Draft,
 *   add: (agent: import('./coordination_model.js').Agent) => void, close: () => void }} properties
 */
export function NewAgent({ kinds, draft, add, close }) {
  const taken = draft.agents.map(({ agentUuid }) => agentUuid);
  const [agentName, setName] = useState('');
  const [own, setOwn] = useState(/** @type {string | null} */ (null));
  const [kind, setKind] = useState(draft.agents.at(-1)?.runtime.kind ?? kinds.find(({ enabled }) => enabled)?.kind ?? 'ECHO');
  const agentUuid = own ?? (agentName ? uuidFor(agentName, taken) : '');
  const problem = own === null || own === '' ? '' : !AGENT_UUID.test(own) ? 'Up to 128 of the characters A-Z a-z 0-9 _ . -' : taken.includes(own) ? 'Another agent has this name.' : '';
  const typed = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).value;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!problem) add({ agentUuid, agentName, agentDescription: null, runtime: { kind, target: null, parameters: null } });
  };
  return html`<${Dialog} title="Add an agent" close=${close}>
    <form onSubmit=${submit}>
      <${Field} label="Name"><input required maxlength="256" autofocus value=${agentName} onInput=${(/** @type {Event} */ event) => setName(typed(event))} /></>
      <${Field} label="Name in tasks and expressions" help="It cannot be changed later." error=${problem}>
        <input required class="code" spellcheck=${false} value=${agentUuid} onInput=${(/** @type {Event} */ event) => setOwn(typed(event))} />
      </>
      <${KindField} kinds=${kinds} kind=${kind} change=${setKind} />
      <div class="buttons"><button class="main">Add</button><button type="button" onClick=${close}>Cancel</button></div>
    </form>
  </>`;
}

/**
 * Ask before a member is removed, and say which tasks name it: they cannot be started without it.
 *
 * @param {{ coordinationUuid: string | null, agent: import('./coordination_model.js').Agent,
 *   edited: import('./use_draft.js').Edited<any>, removed: () => void, close: () => void }} properties
 */
export function RemoveAgent({ coordinationUuid, agent, edited, removed, close }) {
  const live = useLoaded(async (signal) => {
    if (coordinationUuid === null) return [];
    const { tasks } = await allTasks(USES_OF, coordinationUuid, signal);
    return usesOf(tasks, agent.agentUuid);
  }, []);
  const confirm = () => {
    edited.change((draft) => withoutAgent(draft, agent.agentUuid));
    removed();
  };
  return html`<${Confirm} title="Remove ${agent.agentName || agent.agentUuid}?" action="Remove" confirm=${confirm} close=${close}>
    <${Loaded} live=${live}>
      ${(/** @type {string[]} */ uses) =>
        uses.length === 0
          ? html`<p>No task names it. Sessions that have started keep it.</p>`
          : html`<p>Tasks name it. They cannot be started without it:</p><ul>${uses.map((name) => html`<li>${name}</li>`)}</ul>`}
    </>
  </>`;
}
