import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ask, newKey } from '../api.js';
import { Problem } from '../components/loaded.js';
import { useTitle } from '../components/title.js';
import { DELETE_TASK } from '../documents/editor.js';
import { html } from '../html.js';
import { useAction } from '../live.js';
import { go, href } from '../router.js';
import { AgentPanel } from './agent_panel.js';
import { Conflict } from './conflict.js';
import { Deletion } from './deletion.js';
import { agentOf, placed } from './problems.js';
import { actionOf, connected, takingPart, withAction, without } from './task_graph.js';
import { TaskGraph } from './task_view.js';
import { TaskPanel } from './task_panel.js';
import { asRead, readTask, write } from './task_requests.js';
import { openWrong, Toolbar } from './toolbar.js';
import { useDraft } from './use_draft.js';
import { useUnsaved } from './use_unsaved.js';

/**
 * What the graph and the forms of the editor share.
 *
 * @typedef {object} Editor
 * @property {string} coordinationUuid
 * @property {string | null} taskUuid
 * @property {import('./task_model.js').Draft} draft
 * @property {import('./use_draft.js').Edited<import('./task_model.js').Draft>['change']} change
 * @property {import('../api.js').Refused | undefined} error
 * @property {string[]} members the `agentUuid`s of the coordination
 * @property {(agentUuid: string) => import('./task_model.js').Member | undefined} memberOf
 * @property {(agentUuid: string) => string} nameOf
 * @property {{ taskUuid: string, taskName: string }[]} tasks the tasks of the coordination
 * @property {(from: string, to: string) => void} connect Let `to` wait for `from`, or no more.
 */

/**
 * The graph of a task beside a form: of the chosen agent, or of the task itself.
 *
 * @param {{ coordinationUuid: string, taskUuid: string | null, selected: string | null,
 *   read: import('./task_requests.js').Read, around: import('./task_requests.js').Around,
 *   tasks: { taskUuid: string, taskName: string }[] }} properties
 */
export function TaskEditor({ coordinationUuid, taskUuid, selected: named, read, around, tasks }) {
  const edited = useDraft(read);
  const { draft, base, version, change } = edited;
  useTitle(draft.taskName || 'New task');
  const here = ['task', coordinationUuid, taskUuid ?? 'new'];
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const { question, leave } = useUnsaved({ isChanged: edited.isChanged, home: href(here), form });
  const action = useAction();
  const [dialog, setDialog] = useState(/** @type {string | null} */ (null));
  const [circle, setCircle] = useState(/** @type {string[] | null} */ (null));
  const [told, setTold] = useState('');
  const key = useRef(newKey());
  const byUuid = useMemo(() => new Map(around.agents.map((agent) => [agent.agentUuid, agent])), [around]);
  const members = useMemo(() => [...byUuid.keys()], [byUuid]);
  const nameOf = (/** @type {string} */ uuid) => byUuid.get(uuid)?.agentName ?? uuid;
  const select = (/** @type {string | null} */ uuid) => go(href([...here, uuid]));
  const { placed: arranged, delegates } = takingPart(draft, members);
  const takesPart = (/** @type {string} */ uuid) => arranged.includes(uuid) || delegates.includes(uuid);
  // An address may name an agent that is not there any more.
  const selected = named !== null && (byUuid.has(named) || takesPart(named)) ? named : null;

  /** @type {Editor} */
  const editor = {
    coordinationUuid,
    taskUuid,
    draft,
    change: (update, what) => {
      setCircle(null);
      change(update, what);
    },
    error: action.error,
    members,
    memberOf: (uuid) => byUuid.get(uuid),
    nameOf,
    tasks,
    connect(from, to) {
      const result = connected(draft, members, from, to);
      setCircle(result.circle);
      if (!result.draft) return;
      change(() => /** @type {any} */ (result.draft));
      const waits = actionOf(result.draft, to)?.predecessors.includes(from) ? 'now waits for' : 'does not wait any more for';
      setTold(`${nameOf(to)} ${waits} ${nameOf(from)}.`);
    },
  };

  async function save() {
    // The field that must not be empty is shown first.
    if (!draft.taskName && selected !== null) return select(null);
    if (!form.current?.reportValidity()) return;
    const sent = draft;
    await action.run(async () => {
      try {
        const condition = { expectedVersion: version, idempotencyKey: key.current };
        const saved = await write({ coordinationUuid, taskUuid }, sent, base, condition);
        edited.restart(asRead(saved, around.agents));
        if (taskUuid === null) leave(href(['task', coordinationUuid, saved.taskUuid]));
      } catch (refused) {
        const error = placed(/** @type {any} */ (refused), sent);
        if (error.code === 'CONFLICT' && taskUuid !== null) setDialog('conflict');
        if (error.inputPath.length) select(agentOf(error));
        throw error;
      }
    });
  }

  const close = () => {
    select(null);
    // The button is gone with the form that it was in.
    form.current?.focus();
  };
  const remove = () => {
    change((now) => without(now, members, /** @type {string} */ (selected)));
    close();
  };
  useEffect(() => {
    // Below the graph, on a narrow screen, the form would not be seen.
    const { top } = form.current?.getBoundingClientRect() ?? { top: 0 };
    if (selected !== null && top > innerHeight - 120) form.current?.scrollIntoView();
  }, [selected]);
  const start = href(['start', coordinationUuid, taskUuid]);
  return html`<section class="editor" aria-label="Task">
    <${Toolbar}
      crumbs=${[['Blueprints', href(['blueprints'])], [around.coordinationName, href(['coordination', coordinationUuid])]]}
      title=${draft.taskName || 'New task'}
      edited=${edited}
      busy=${action.busy}
      save=${save}
    >
      ${taskUuid !== null && html`<button class="danger" onClick=${() => setDialog('delete')}>Delete…</button><a class="button" href=${start}>Start…</a>`}
    </>
    <p class="hidden" role="status">${told}</p>
    ${action.error && dialog !== 'conflict' && html`<${Problem} error=${explained(action.error, taskUuid, nameOf)} />`}
    <div class="beside graph-beside">
      <${TaskGraph} editor=${editor} selected=${selected} select=${select} circle=${circle} closeCircle=${() => setCircle(null)} />
      <form class="panel" tabindex="-1" aria-label=${selected ? 'Agent' : 'Task'} ref=${form} onSubmit=${(/** @type {Event} */ event) => (event.preventDefault(), save())} onInvalidCapture=${openWrong}>
        <div class="bar">
          <h2>${selected ? nameOf(selected) : 'Task'}</h2>
          ${selected &&
          html`<code class="quiet">${selected}</code><span class="grow"></span>
            ${takesPart(selected)
              ? html`<button type="button" class="danger small" onClick=${remove}>Take out</button>`
              : html`<button type="button" class="small" onClick=${() => change((now) => withAction(now, members, selected, {}))}>Add to the task</button>`}
            <button type="button" class="quiet small" aria-label="Close" title="Close (Esc)" onClick=${close}>✕</button>`}
        </div>
        ${selected && !takesPart(selected) && html`<p class="quiet">This agent does not take part in the task. It will as soon as something is set here.</p>`}
        ${selected ? html`<${AgentPanel} key=${selected} agentUuid=${selected} editor=${editor} />` : html`<${TaskPanel} editor=${editor} />`}
        <button class="hidden" tabindex="-1" aria-hidden="true">Save</button>
      </form>
    </div>
    ${dialog === 'delete' && html`<${Deletion} noun="task" name=${draft.taskName} close=${() => setDialog(null)}
      remove=${() => ask(DELETE_TASK, { input: { coordinationUuid, taskUuid: taskUuid ?? '' } })}
      ways=${{ schedules: href(['schedules']) }} done=${() => leave(href(['coordination', coordinationUuid]))} />`}
    ${dialog === 'conflict' && html`<${Conflict} noun="task" edited=${edited} nameOf=${nameOf} close=${() => (setDialog(null), action.clear())}
      read=${async (/** @type {AbortSignal} */ signal) => (await readTask(coordinationUuid, taskUuid, signal))?.read ?? null} />`}
    ${question}
  </section>`;
}

/**
 * An error for people: with the name of its agent, and what a used key means.
 *
 * @param {import('../api.js').Refused} error
 * @param {string | null} taskUuid
 * @param {(agentUuid: string) => string} nameOf
 */
function explained(error, taskUuid, nameOf) {
  const isUsed = error.code === 'CONFLICT' && taskUuid === null;
  const message = isUsed
    ? 'An earlier attempt to save this has succeeded, with what was here then. Look among the tasks of the coordination.'
    : error.message;
  const agent = agentOf(error);
  const inputPath = isUsed ? [] : error.inputPath.map((step, index) => (index === 1 && agent ? nameOf(agent) : step));
  return Object.assign(Object.create(error), { message, code: error.code, inputPath });
}
