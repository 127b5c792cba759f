import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, newKey } from '../api.js';
import { Empty, Loaded, Problem } from '../components/loaded.js';
import { TaskPicker } from '../components/task_picker.js';
import { useTitle } from '../components/title.js';
import { START_SESSION, TASK_TO_START } from '../documents/start.js';
import { html } from '../html.js';
import { useAction, useLoaded } from '../live.js';
import { go, href } from '../router.js';
import { useViewer } from '../viewer.js';
import { More, noMore } from './start_more.js';
import { beginning, queryText, TaskQuery } from './start_query.js';

/**
 * Start a session of a task. The address may name the task.
 *
 * @param {{ path: string[] }} properties
 */
export function Start({ path }) {
  const [coordination = '', task = ''] = path;
  useTitle('Start');
  const chosen = (/** @type {string} */ c, /** @type {string} */ t) => go(href(['start', c, t]), { replace: true });
  return html`<div class="bar"><h1>Start a session</h1></div>
    <div class="form">
      <${TaskPicker} focus=${!task} coordination=${coordination} task=${task} onChange=${chosen} />
      ${task && html`<${Chosen} key=${task} coordinationUuid=${coordination} taskUuid=${task} />`}
    </div>`;
}

/** @param {{ coordinationUuid: string, taskUuid: string }} properties */
function Chosen({ coordinationUuid, taskUuid }) {
  const live = useLoaded(
    (signal) => ask(TASK_TO_START, { coordinationUuid, taskUuid }, signal).then((answer) => answer.task),
    [taskUuid],
  );
  return html`<${Loaded} live=${live} gone="There is no such task.">
    ${(/** @type {StartedTask} */ task) => html`<${Form} task=${task} coordinationUuid=${coordinationUuid} />`}
  </>`;
}

/** @typedef {NonNullable<Console.Result<typeof TASK_TO_START>['task']>} StartedTask */

/** @param {{ task: StartedTask, coordinationUuid: string }} properties */
function Form({ task, coordinationUuid }) {
  const [query, setQuery] = useState(() => beginning(task));
  const [more, setMore] = useState(noMore);
  const key = useRef(newKey());
  const action = useAction();
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const viewer = useViewer();
  useEffect(() => {
    // Who starts a session is usually whom it is for. What somebody has typed stays.
    if (viewer?.userId) setMore((before) => ({ ...before, userId: before.userId ?? viewer.userId }));
  }, [viewer]);
  useEffect(() => /** @type {HTMLElement | null} */ (form.current?.querySelector('textarea, input'))?.focus(), []);
  const send = async (/** @type {Event | null} */ event) => {
    event?.preventDefault();
    const input = {
      coordinationUuid,
      taskUuid: task.taskUuid,
      taskQuery: queryText(query) || null,
      ...more.input(),
      userId: more.userId?.trim() || null,
      idempotencyKey: key.current,
    };
    const started = await action.run(() => ask(START_SESSION, { input }));
    const session = started?.startSession?.session;
    if (session) go(href(['session', session.coordinationUuid, session.sessionUuid]));
  };
  const again = () => {
    key.current = newKey();
    send(null);
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
  };
  return html`<form ref=${form} onSubmit=${send} onKeyDown=${keys}>
    ${task.taskDescription && html`<p>${task.taskDescription}</p>`}
    <${TaskQuery} task=${task} query=${query} change=${setQuery} error=${action.error} />
    <${More} task=${task} more=${more} change=${setMore} error=${action.error} />
    ${
      action.error?.code === 'CONFLICT'
        ? html`<${Empty}><p>This form has started a session already, and its answer was lost.</p>
          <a class="button"
            href=${href(['sessions'], { coordination: coordinationUuid, task: task.taskUuid })}>Show the task's sessions</a>${' '}
          <button type="button" class="button" onClick=${again}>Start another one</button></>`
        : html`<${Problem} error=${action.error} />`
    }
    <div class="buttons">
      <button class="main" disabled=${action.busy} aria-busy=${action.busy}>Start</button>
      <span class="quiet hint"><kbd>Ctrl</kbd> <kbd>Enter</kbd></span>
    </div>
  </form>`;
}
