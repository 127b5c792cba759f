import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../api.js';
import { GuardedDelete } from '../components/guarded_delete.js';
import { Empty, Loaded, Problem } from '../components/loaded.js';
import { useRows } from '../components/rows.js';
import { useTitle } from '../components/title.js';
import { BLUEPRINTS, MORE_TASKS } from '../documents/blueprints.js';
import { DELETE_COORDINATION, DELETE_TASK } from '../documents/editor.js';
import { html } from '../html.js';
import { useKeys } from '../keys.js';
import { useAction, useLoaded } from '../live.js';
import { go, href, parse } from '../router.js';

/** @typedef {Console.Result<typeof BLUEPRINTS>['coordinations']['nodes'][number]} Row */
/** @typedef {Row['tasks']['nodes'][number]} TaskRow */

const NEW = href(['coordination', 'new']);

/**
 * Coordinations and their tasks: find, create, start, delete.
 *
 * @param {{ query: URLSearchParams }} properties
 */
export function Blueprints({ query }) {
  useTitle('Blueprints');
  const name = query.get('name');
  const live = useLoaded(
    (signal) =>
      ask(BLUEPRINTS, { filter: name ? { nameContains: name } : null, after: query.get('after') }, signal).then(
        (answer) => answer.coordinations,
      ),
    [name, query.get('after')],
  );
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useRows(list, 'blueprint');
  useKeys({ c: { does: 'Create a coordination', run: () => go(NEW) } });
  return html`
    <div class="bar">
      <h1>Blueprints</h1>
      <span class="grow"></span>
      <${NameFilter} value=${name ?? ''} list=${list} />
      <a class="button main" href=${NEW}>New coordination</a>
    </div>
    <${Loaded} live=${live}>
      ${(/** @type {Console.Result<typeof BLUEPRINTS>['coordinations']} */ { nodes, pageInfo }) => html`
        ${nodes.length === 0 && html`<${None} name=${name} hasMore=${pageInfo.hasNextPage} />`}
        <div class="blueprints" ref=${list}>${nodes.map((row) => html`<${Coordination} key=${row.coordinationUuid} row=${row} reload=${live.reload} />`)}</div>
        <nav class="pages" aria-label="Pages">
          ${query.get('after') && html`<a class="button" href=${href(['blueprints'], { name })}>First</a>`}
          ${pageInfo.hasNextPage && html`<a class="button" href=${href(['blueprints'], { name, after: pageInfo.endCursor })}>More</a>`}
        </nav>
      `}
    </>
  `;
}

/** @param {{ name: string | null, hasMore: boolean }} properties */
function None({ name, hasMore }) {
  if (hasMore) return html`<${Empty}><p>No name like that among these.</p></>`;
  if (name)
    return html`<${Empty}><p>No coordination is called like that.</p><a class="button" href=${href(['blueprints'])}>Show all</a></>`;
  return html`<${Empty}><p>No coordination yet. A coordination lists agents; its tasks say what they do, and in which order.</p></>`;
}

/** @param {{ value: string, list: { current: HTMLElement | null } }} properties */
function NameFilter({ value, list }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (field.current && document.activeElement !== field.current) field.current.value = value;
  }, [value]);
  useKeys({ '/': { does: 'Find a coordination by its name', run: () => field.current?.focus() } });
  const typed = (/** @type {Event} */ event) => {
    clearTimeout(timer.current);
    const name = /** @type {HTMLInputElement} */ (event.target).value.trim();
    timer.current = setTimeout(
      () => parse(location.hash).path[0] === 'blueprints' && go(href(['blueprints'], { name }), { replace: true }),
      300,
    );
  };
  const leave = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Enter' && event.key !== 'ArrowDown') return;
    event.preventDefault();
    /** @type {HTMLElement | null | undefined} */ (list.current?.querySelector('[data-row]'))?.focus();
  };
  return html`<input ref=${field} type="search" aria-label="Name of a coordination" placeholder="Name (press /)" defaultValue=${value}
    onInput=${typed} onKeyDown=${leave} />`;
}

/** @param {{ row: Row, reload: () => void }} properties */
function Coordination({ row, reload }) {
  const { coordinationUuid } = row;
  const [isDeleted, setDeleted] = useState(false);
  const [more, setMore] = useState(/** @type {{ tasks: TaskRow[], after: string | null } | null} */ (null));
  const action = useAction();
  const tasks = [...row.tasks.nodes, ...(more?.tasks ?? [])];
  const after = more ? more.after : row.tasks.pageInfo.hasNextPage ? row.tasks.pageInfo.endCursor : null;
  const load = async () => {
    const answer = await action.run(() => ask(MORE_TASKS, { coordinationUuid, after }));
    if (!answer) return;
    const { nodes, pageInfo } = answer.tasks;
    setMore({ tasks: [...(more?.tasks ?? []), ...nodes], after: pageInfo.hasNextPage ? pageInfo.endCursor : null });
  };
  const agents = row.agents.length === 1 ? '1 agent' : `${row.agents.length} agents`;
  return html`<article class="card" aria-label=${row.coordinationName}>
    <header>
      <h2><a data-row="coordination" href=${href(['coordination', coordinationUuid])}>${row.coordinationName}</a></h2>
      <span class="quiet">${agents}</span>
      <span class="grow"></span>
      <span class="actions">
        <a class="button small" href=${href(['task', coordinationUuid, 'new'])}>
          New task<span class="hidden"> of ${row.coordinationName}</span></a
        >
        <button class="small danger" aria-label="Delete ${row.coordinationName}" onClick=${() => setDeleted(true)}>Delete</button>
      </span>
    </header>
    ${row.coordinationDescription && html`<p class="quiet">${row.coordinationDescription}</p>`}
    ${
      tasks.length > 0
        ? html`<ul>${tasks.map((task) => html`<${Task} key=${task.taskUuid} task=${task} coordinationUuid=${coordinationUuid} reload=${() => (setMore(null), reload())} />`)}</ul>`
        : html`<p class="quiet">No task yet.</p>`
    }
    ${after && html`<button class="small" disabled=${action.busy}
      onClick=${load}>More tasks<span class="hidden"> of ${row.coordinationName}</span></button>`}
    <${Problem} error=${action.error} />
    ${
      isDeleted &&
      html`<${GuardedDelete}
      title=${`Delete the coordination ${row.coordinationName}?`}
      document=${DELETE_COORDINATION}
      input=${{ coordinationUuid }}
      places=${{ sessions: href(['sessions'], { coordination: coordinationUuid }) }}
      close=${() => setDeleted(false)}
      deleted=${() => (setDeleted(false), reload())}
    ><p>Its agents are deleted with it. A coordination that has tasks or sessions cannot be deleted.</p></>`
    }
  </article>`;
}

/** @param {{ task: TaskRow, coordinationUuid: string, reload: () => void }} properties */
function Task({ task, coordinationUuid, reload }) {
  const [isDeleted, setDeleted] = useState(false);
  const { taskUuid, taskName } = task;
  return html`<li>
    <div class="what">
      <a data-row="task" href=${href(['task', coordinationUuid, taskUuid])}>${taskName}</a>
      ${task.taskDescription && html`<span class="quiet">${task.taskDescription}</span>`}
    </div>
    <span class="actions">
      <a class="button small" aria-label="Start ${taskName}" href=${href(['start', coordinationUuid, taskUuid])}>Start</a>
      <a class="button small" aria-label="Sessions of ${taskName}"
        href=${href(['sessions'], { coordination: coordinationUuid, task: taskUuid })}>Sessions</a>
      <button class="small danger" aria-label="Delete ${taskName}" onClick=${() => setDeleted(true)}>Delete</button>
    </span>
    ${
      isDeleted &&
      html`<${GuardedDelete}
      title=${`Delete the task ${taskName}?`}
      document=${DELETE_TASK}
      input=${{ coordinationUuid, taskUuid }}
      places=${{ schedules: href(['schedules'], { task: taskUuid }) }}
      close=${() => setDeleted(false)}
      deleted=${() => (setDeleted(false), reload())}
    ><p>Its sessions stay. A task that has schedules cannot be deleted.</p></>`
    }
  </li>`;
}
