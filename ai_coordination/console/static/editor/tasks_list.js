import { Ago } from '../components/basics.js';
import { Loaded } from '../components/loaded.js';
import { TASKS_OF } from '../documents/editor.js';
import { html } from '../html.js';
import { useLoaded } from '../live.js';
import { href } from '../router.js';
import { allTasks } from './pages.js';

/** The tasks of a coordination, with links. @param {{ coordinationUuid: string }} properties */
export function TasksOfCoordination({ coordinationUuid }) {
  const live = useLoaded((signal) => allTasks(TASKS_OF, coordinationUuid, signal), [coordinationUuid]);
  return html`<section class="tasks" aria-label="Tasks">
    <div class="bar"><h2>Tasks</h2><span class="grow"></span><a class="button small" href=${href(['task', coordinationUuid, 'new'])}>New task…</a></div>
    <${Loaded} live=${live}>
      ${(/** @type {any} */ { tasks, isCut }) =>
        tasks.length === 0
          ? html`<p class="quiet">No tasks yet. A task says which agents work, in which order, and on what.</p>`
          : html`<div class="scrolls"><table>
              <thead><tr><th>Task</th><th>Description</th><th>Changed</th><th><span class="hidden">Start</span></th></tr></thead>
              <tbody>
                ${tasks.map(
                  (/** @type {any} */ task) => html`<tr key=${task.taskUuid}>
                    <td><a href=${href(['task', coordinationUuid, task.taskUuid])}>${task.taskName}</a></td>
                    <td>${task.taskDescription}</td>
                    <td><${Ago} at=${task.updatedAt} /></td>
                    <td><a href=${href(['start', coordinationUuid, task.taskUuid])}>Start…<span class="hidden"> ${task.taskName}</span></a></td>
                  </tr>`,
                )}
              </tbody>
            </table></div>
            ${isCut && html`<p class="quiet">There are more.</p>`}`}
    </>
  </section>`;
}
