import { ask } from '../api.js';
import { Ago, State, Took } from '../components/basics.js';
import { Empty, Loaded } from '../components/loaded.js';
import { useTitle } from '../components/title.js';
import { SESSIONS } from '../documents.js';
import { html } from '../html.js';
import { useLive } from '../live.js';
import { href } from '../router.js';

/** The tenant's sessions, newest first. @param {{ query: URLSearchParams }} properties */
export function Sessions({ query }) {
  useTitle('Sessions');
  const status = /** @type {Console.Named<'SessionStatus'> | null} */ (query.get('status'));
  const live = useLive((signal) => ask(SESSIONS, { filter: { status: status ? [status] : null } }, signal), [status]);
  return html`
    <div class="bar"><h1>Sessions</h1></div>
    <${Loaded} live=${live}>
      ${(/** @type {Console.Result<typeof SESSIONS>} */ { sessions }) =>
        sessions.nodes.length === 0
          ? html`<${Empty}><p>No session yet.</p><a class="button main" href=${href(['start'])}>Start a session</a></>`
          : html`<table>
              <thead><tr><th>Session</th><th>Status</th><th>Created</th><th class="number">Took</th></tr></thead>
              <tbody>
                ${sessions.nodes.map(
                  (row) => html`<tr key=${row.sessionUuid}>
                    <td><a href=${href(['session', row.coordinationUuid, row.sessionUuid])}>${row.sessionUuid}</a></td>
                    <td><${State} of=${row.status} /></td>
                    <td><${Ago} at=${row.createdAt} /></td>
                    <td class="number"><${Took} from=${row.startedAt} to=${row.finishedAt} /></td>
                  </tr>`,
                )}
              </tbody>
            </table>`}
    </>
  `;
}
