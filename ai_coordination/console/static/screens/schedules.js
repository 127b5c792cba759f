import { useRef, useState } from 'preact/hooks';
import { ask } from '../api.js';
import { Ago, State } from '../components/basics.js';
import { GuardedDelete } from '../components/guarded_delete.js';
import { Empty, Loaded, Problem } from '../components/loaded.js';
import { useRows } from '../components/rows.js';
import { useTitle } from '../components/title.js';
import { DELETE_SCHEDULE, SCHEDULES, UPDATE_SCHEDULE } from '../documents/schedules.js';
import { html } from '../html.js';
import { useKeys } from '../keys.js';
import { useAction, useLive } from '../live.js';
import { go, href } from '../router.js';
import { ScheduleDialog } from './schedule_dialog.js';

/** @typedef {Console.Result<typeof SCHEDULES>['taskSchedules']['nodes'][number]} Row */

/** @type {Record<string, string>} */
const WORDS = { ACTIVE: 'active', PAUSED: 'paused', COMPLETED: 'done' };

/** @param {string} at */
const minute = (at) => new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Nothing moves often here: a schedule starts at most one session a minute. */
const MILLISECONDS = { fast: 5_000, slow: 30_000 };

/**
 * When tasks start by themselves. `new` in the address opens the form for another one.
 *
 * @param {{ path: string[], query: URLSearchParams }} properties
 */
export function Schedules({ path, query }) {
  useTitle('Schedules');
  const status = query.get('status');
  const task = query.get('task');
  const after = query.get('after');
  const filter = status ? { status: /** @type {any} */ ([status]) } : null;
  const live = useLive(
    (signal) => ask(SCHEDULES, { filter, taskUuid: task, after }, signal).then((answer) => answer.taskSchedules),
    [status, task, after],
    MILLISECONDS,
  );
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useRows(list, 'schedule');
  const isNew = path[0] === 'new';
  const here = href(['schedules'], query);
  useKeys({ c: { does: 'Create a schedule', run: () => go(href(['schedules', 'new'], query)) } });
  return html`
    <div class="bar">
      <h1>Schedules</h1>
      <span class="grow"></span>
      <${Statuses} status=${status} query=${query} />
      <a class="button main" href=${href(['schedules', 'new'], query)}>New schedule</a>
    </div>
    <${Loaded} live=${live}>
      ${(/** @type {Console.Result<typeof SCHEDULES>['taskSchedules']} */ { nodes, pageInfo }) =>
        nodes.length === 0 && !pageInfo.hasNextPage
          ? html`<${None} isFiltered=${Boolean(status || task)} />`
          : html`<table class="schedules narrow-rows" ref=${list}>
                <thead>
                  <tr><th>Task</th><th>When</th><th>Status</th><th>Next session</th><th>Last session</th><th><span class="hidden">Actions</span></th></tr>
                </thead>
                <tbody>${nodes.map((row) => html`<${Line} key=${row.scheduleUuid} row=${row} reload=${live.reload} />`)}</tbody>
              </table>
              <nav class="pages" aria-label="Pages">
                ${after && html`<a class="button" href=${href(['schedules'], { status, task })}>First</a>`}
                ${pageInfo.hasNextPage && html`<a class="button"
                  href=${href(['schedules'], { status, task, after: pageInfo.endCursor })}>More</a>`}
              </nav>`}
    </>
    ${
      isNew &&
      html`<${ScheduleDialog}
      coordinationUuid=${query.get('coordination') ?? ''}
      taskUuid=${task ?? ''}
      close=${() => go(here, { replace: true })}
      saved=${() => (live.reload(), go(here, { replace: true }))}
    />`
    }
  `;
}

/** @param {{ status: string | null, query: URLSearchParams }} properties */
function Statuses({ status, query }) {
  const task = query.get('task');
  const of = (/** @type {string | null} */ value, /** @type {string} */ word) =>
    html`<a class="button small"
      href=${href(['schedules'], { status: value, task })} aria-current=${status === value ? 'true' : null}>${word}</a>`;
  return html`<nav class="views" aria-label="Status">
    ${of(null, 'All')} ${Object.entries(WORDS).map(([value, word]) => of(value, word))}
    ${task && html`<a class="tag"
      href=${href(['schedules'], { status })}>of one task ✕<span class="hidden"> show those of all tasks</span></a>`}
  </nav>`;
}

/** @param {{ isFiltered: boolean }} properties */
function None({ isFiltered }) {
  if (isFiltered)
    return html`<${Empty}><p>No schedule is like that.</p><a class="button" href=${href(['schedules'])}>Show all schedules</a></>`;
  return html`<${Empty}><p>No schedule yet. A schedule starts a task by itself, again and again or once.</p><a class="button main"
    href=${href(['schedules', 'new'])}>New schedule</a></>`;
}

/** @param {{ row: Row, reload: () => void }} properties */
function Line({ row, reload }) {
  const [opens, setOpens] = useState(/** @type {'edit' | 'delete' | null} */ (null));
  const action = useAction();
  const { taskUuid, scheduleUuid, version } = row;
  const name = row.task.taskName;
  const close = () => setOpens(null);
  const set = async (/** @type {'ACTIVE' | 'PAUSED'} */ status) => {
    await action.run(() =>
      ask(UPDATE_SCHEDULE, { input: { taskUuid, scheduleUuid, status, expectedVersion: version } }),
    );
    reload();
  };
  return html`<tr>
    <td class="name">
      <a data-row="schedule"
        href=${href(['task', row.coordinationUuid, taskUuid])}>${name}</a> <span class="quiet">${row.coordination.coordinationName}</span>
      <${Problem} error=${action.error} title=${action.error?.code === 'CONFLICT' ? 'Somebody else has changed it' : undefined} />
    </td>
    <td><code>${row.schedule}</code><div class="quiet">${row.timezone}</div></td>
    <td><span class="schedule-status ${row.status}">${WORDS[row.status] ?? row.status.toLowerCase()}</span></td>
    <td>${row.nextRunAt ? html`<${Ago} at=${row.nextRunAt} /><div class="quiet nowrap">${minute(row.nextRunAt)}</div>` : html`<span class="quiet">–</span>`}</td>
    <td>
      ${
        row.lastSession
          ? html`<a
            href=${href(['session', row.lastSession.coordinationUuid, row.lastSession.sessionUuid])}><${State} of=${row.lastSession.status} /></a>
            <div class="quiet"><${Ago} at=${row.lastSession.createdAt} /></div>
            <a
              href=${href(['sessions'], { schedule: scheduleUuid, task: taskUuid, coordination: row.coordinationUuid })}>All its sessions</a>`
          : html`<span class="quiet">none yet</span>`
      }
    </td>
    <td class="actions">
      ${row.status === 'ACTIVE' && html`<button class="small" disabled=${action.busy} aria-label="Pause ${name}"
        onClick=${() => set('PAUSED')}>Pause</button>`}
      ${row.status === 'PAUSED' && html`<button class="small" disabled=${action.busy} aria-label="Resume ${name}"
        onClick=${() => set('ACTIVE')}>Resume</button>`}
      <button class="small" aria-label="Edit ${name}" onClick=${() => setOpens('edit')}>Edit</button>
      <button class="small danger" aria-label="Delete ${name}" onClick=${() => setOpens('delete')}>Delete</button>
      ${opens === 'edit' && html`<${ScheduleDialog} row=${row} coordinationUuid=${row.coordinationUuid} taskUuid=${taskUuid}
        close=${close} saved=${() => (close(), reload())} refused=${reload} />`}
      ${
        opens === 'delete' &&
        html`<${GuardedDelete}
          title=${`Delete the schedule of ${name}?`} document=${DELETE_SCHEDULE} input=${{ taskUuid, scheduleUuid }}
          close=${close} deleted=${() => (close(), reload())}>
        <p><code>${row.schedule}</code> starts no session any more. Those that it has started stay.</p>
      </>`
      }
    </td>
  </tr>`;
}
