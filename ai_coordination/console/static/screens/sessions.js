import { useRef } from 'preact/hooks';
import { ask } from '../api.js';
import { Ago, Progress, State, Took } from '../components/basics.js';
import { Empty, Loaded } from '../components/loaded.js';
import { useRows } from '../components/rows.js';
import { useTitle } from '../components/title.js';
import { SESSIONS } from '../documents/sessions.js';
import { html } from '../html.js';
import { useLive } from '../live.js';
import { href } from '../router.js';
import { filterOf, Filters, isFiltered } from './session_filters.js';
import { Search } from './session_search.js';

/** Counts of running sessions are read again after so long. */
const PROGRESS_MILLISECONDS = 5_000;

/** @typedef {Console.Result<typeof SESSIONS>['sessions']['nodes'][number]} Row */

/**
 * The tenant's sessions, newest first. Filters and the page are in the address.
 *
 * @param {{ query: URLSearchParams }} properties
 */
export function Sessions({ query }) {
  useTitle('Sessions');
  const live = usePage(query);
  const table = useRef(/** @type {HTMLElement | null} */ (null));
  useRows(table, 'session');
  const page = (/** @type {string | null} */ after) => {
    const others = new URLSearchParams(query);
    others.delete('after');
    return href(['sessions'], after ? new URLSearchParams([...others, ['after', after]]) : others);
  };
  return html`
    <div class="bar">
      <h1>Sessions</h1>
      <span class="grow"></span>
      <${Search} />
      <a class="button main" href=${href(['start'])}>Start a session</a>
    </div>
    <${Filters} query=${query} />
    <${Loaded} live=${live}>
      ${(/** @type {Console.Result<typeof SESSIONS>['sessions']} */ { nodes, pageInfo }) =>
        nodes.length === 0
          ? html`<${None} query=${query} more=${pageInfo.hasNextPage ? page(pageInfo.endCursor) : null} />`
          : html`<table class="sessions narrow-rows" ref=${table}>
                <thead>
                  <tr><th>Task</th><th>Status</th><th>Agents</th><th>User</th><th>Created</th><th class="number">Took</th></tr>
                </thead>
                <tbody>
                  ${nodes.map((row) => html`<${Line} key=${row.sessionUuid} row=${row} query=${query} />`)}
                </tbody>
              </table>
              <nav class="pages" aria-label="Pages">
                ${query.get('after') && html`<a class="button" href=${page(null)}>Newest</a>`}
                ${pageInfo.hasNextPage && html`<a class="button" href=${page(pageInfo.endCursor)}>Older</a>`}
              </nav>`}
    </>
  `;
}

/**
 * A page, kept up to date.
 *
 * @param {URLSearchParams} query
 */
function usePage(query) {
  const counts = useRef({ at: 0, statuses: '', of: /** @type {Map<string, Row['progress']>} */ (new Map()) });
  return useLive(
    async (signal) => {
      const known = counts.current;
      const asked = { coordinationUuid: query.get('coordination'), filter: filterOf(query), after: query.get('after') };
      const isDue = Date.now() - known.at > PROGRESS_MILLISECONDS;
      let { sessions } = await ask(SESSIONS, { ...asked, withProgress: isDue }, signal);
      const statuses = sessions.nodes.map((row) => row.sessionUuid + row.status).join();
      if (!isDue && statuses !== known.statuses) {
        ({ sessions } = await ask(SESSIONS, { ...asked, withProgress: true }, signal));
      }
      if (isDue || statuses !== known.statuses) {
        const of = new Map(sessions.nodes.map((row) => [row.sessionUuid, row.progress]));
        counts.current = { at: Date.now(), statuses, of };
      }
      const { of } = counts.current;
      return { ...sessions, nodes: sessions.nodes.map((row) => ({ ...row, progress: of.get(row.sessionUuid) })) };
    },
    [String(query)],
  );
}

/** @param {{ query: URLSearchParams, more: string | null }} properties */
function None({ query, more }) {
  if (more)
    return html`<${Empty}><p>Nothing like that among these.</p><a class="button" href=${more}>Look further</a></>`;
  if (isFiltered(query))
    return html`<${Empty}><p>No session is like that.</p><a class="button" href=${href(['sessions'])}>Show all sessions</a></>`;
  return html`<${Empty}><p>No session yet.</p><a class="button main" href=${href(['start'])}>Start a session</a></>`;
}

/** @param {{ row: Row, query: URLSearchParams }} properties */
function Line({ row, query }) {
  const name = row.taskName ?? row.coordinationName ?? row.sessionUuid;
  return html`<tr>
    <td class="name">
      <a class="row" data-row="session" href=${href(['session', row.coordinationUuid, row.sessionUuid])}>${name}</a>
      ${row.taskName && html`<span class="quiet">${row.coordinationName}</span>`}
      ${
        row.labels.length > 0 &&
        html`<span class="tags">
        ${row.labels.map(({ key, value }) => html`<a class="tag"
          href=${labelled(query, key, value)} title="Show sessions with this label">${key}: ${value}</a>`)}
      </span>`
      }
    </td>
    <td><${State} of=${row.status} /></td>
    <td><${Progress} of=${row.progress} /></td>
    <td>${row.userId ?? (row.scheduleUuid ? html`<span class="quiet">schedule</span>` : html`<span class="quiet">–</span>`)}</td>
    <td><${Ago} at=${row.createdAt} /></td>
    <td class="number"><${Took} from=${row.startedAt} to=${row.finishedAt} /></td>
  </tr>`;
}

/**
 * @param {URLSearchParams} query
 * @param {string} key
 * @param {string} value
 */
function labelled(query, key, value) {
  const next = new URLSearchParams(query);
  next.delete('after');
  next.set('label', `${key}=${value}`);
  return href(['sessions'], next);
}
