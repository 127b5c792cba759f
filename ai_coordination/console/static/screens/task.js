import { Loaded } from '../components/loaded.js';
import { TASKS_OF } from '../documents/editor.js';
import { allTasks } from '../editor/pages.js';
import { TaskEditor } from '../editor/task_editor.js';
import { readTask } from '../editor/task_requests.js';
import { html } from '../html.js';
import { useLoaded } from '../live.js';
import { href } from '../router.js';

/** A task to look at and to edit: `#/task/C/T`, or `new`. @param {{ path: string[] }} properties */
export function Task({ path }) {
  const [coordinationUuid = '', uuid = 'new', selected] = path;
  return html`<${OfUuid} key=${`${coordinationUuid}/${uuid}`} coordinationUuid=${coordinationUuid} taskUuid=${uuid === 'new' ? null : uuid} selected=${selected ?? null} />`;
}

/** @param {{ coordinationUuid: string, taskUuid: string | null, selected: string | null }} properties */
function OfUuid({ coordinationUuid, taskUuid, selected }) {
  const live = useLoaded((signal) => readTask(coordinationUuid, taskUuid, signal), []);
  // Only for the names of sub-tasks: the editor does not wait for them.
  const others = useLoaded((signal) => allTasks(TASKS_OF, coordinationUuid, signal), []);
  const gone = html`<p>There is no such task.</p><a href=${href(['blueprints'])}>Show the blueprints</a>`;
  return html`<${Loaded} live=${live} gone=${gone}>
    ${(/** @type {any} */ { read, around }) =>
      html`<${TaskEditor} ...${{ coordinationUuid, taskUuid, selected, read, around }} tasks=${others.data?.tasks ?? []} />`}
  </>`;
}
