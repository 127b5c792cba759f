import { useState } from 'preact/hooks';
import { ask } from '../api.js';
import { Dialog } from '../components/dialog.js';
import { Field } from '../components/basics.js';
import { Problem } from '../components/loaded.js';
import { CANCEL, RETRY } from '../documents/session.js';
import { html } from '../html.js';
import { useAction } from '../live.js';
import { ENDED } from '../states.js';
import { plural } from './tree.js';

/** @typedef {{ coordinationUuid: string, sessionUuid: string }} Place */

const RETRIED = new Set(['FAILED', 'CANCELLED', 'SKIPPED']);

/**
 * Cancel a session that runs, or retry one that has ended.
 *
 * @param {{ session: import('./store.js').Moved, tree: import('./tree.js').Tree, place: Place, reload: () => void }} properties
 */
export function Actions({ session, tree, place, reload }) {
  const [shown, show] = useState(/** @type {'cancel' | 'retry' | null} */ (null));
  const close = () => show(null);
  const hasEnded = ENDED.has(session.status);
  const fails = tree.agents.filter(({ state }) => RETRIED.has(state)).length;
  return html`
    ${!hasEnded && html`<button class="danger" onClick=${() => show('cancel')}>Cancel…</button>`}
    ${hasEnded && fails > 0 && html`<button onClick=${() => show('retry')}>Retry…</button>`}
    ${shown === 'cancel' && html`<${Cancel} place=${place} reload=${reload} close=${close} />`}
    ${shown === 'retry' &&
    html`<${Retry} title="Retry this session?" place=${place} reload=${reload} close=${close}>
      <p>
        ${plural(fails, 'agent')} that failed, ${fails === 1 ? 'was' : 'were'} cancelled or skipped ${fails === 1 ? 'runs' : 'run'} again,
        and everything that follows. What is completed stays as it is.
      </p>
    </>`}
  `;
}

/** @param {{ place: Place, reload: () => void, close: () => void }} properties */
function Cancel({ place, reload, close }) {
  const [reason, setReason] = useState('');
  const action = useAction();
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const input = { ...place, reason: reason.trim() || null };
    if ((await action.run(() => ask(CANCEL, { input }))) === undefined) return;
    reload();
    close();
  };
  return html`<${Dialog} title="Cancel this session?" close=${close}>
    <form onSubmit=${send}>
      <p>Agents that have not ended are cancelled, work in progress included. It can be retried later.</p>
      <${Field} label="Reason" help="Optional. It is kept in the session's log.">
        <input value=${reason} onInput=${(/** @type {any} */ event) => setReason(event.target.value)} />
      </>
      <${Problem} error=${action.error} />
      <div class="buttons">
        <button class="danger" disabled=${action.busy}>Cancel the session</button>
        <button type="button" onClick=${close}>Let it run</button>
      </div>
    </form>
  </>`;
}

/**
 * @param {{ title: string, place: Place, agents?: string[], reload: () => void, close: () => void, children: any }} properties
 */
export function Retry({ title, place, agents, reload, close, children }) {
  const [withCurrentMembers, setCurrent] = useState(false);
  const action = useAction();
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const input = { ...place, sessionAgentUuids: agents ?? null, withCurrentMembers };
    if ((await action.run(() => ask(RETRY, { input }))) === undefined) return;
    reload();
    close();
  };
  return html`<${Dialog} title=${title} close=${close}>
    <form onSubmit=${send}>
      ${children}
      <label class="check">
        <input
          type="checkbox"
          checked=${withCurrentMembers}
          onChange=${(/** @type {any} */ event) => setCurrent(event.target.checked)}
        />
        <span>With the coordination's agents as they are now, not as they were at the start</span>
      </label>
      <${Problem} error=${action.error} />
      <div class="buttons">
        <button class="main" disabled=${action.busy}>Retry</button>
        <button type="button" onClick=${close}>Keep it as it is</button>
      </div>
    </form>
  </>`;
}
