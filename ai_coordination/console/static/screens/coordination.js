import { ask } from '../api.js';
import { Loaded } from '../components/loaded.js';
import { RUNTIMES } from '../documents/editor.js';
import { CoordinationEditor } from '../editor/coordination_editor.js';
import { readCoordination } from '../editor/coordination_requests.js';
import { html } from '../html.js';
import { useLoaded } from '../live.js';

/** A coordination to look at and to edit: `#/coordination/C`, or `new`. @param {{ path: string[] }} properties */
export function Coordination({ path }) {
  const [uuid, selected] = path;
  return html`<${OfUuid} key=${uuid} uuid=${uuid === 'new' ? null : (uuid ?? '')} selected=${selected ?? null} />`;
}

/** @param {{ uuid: string | null, selected: string | null }} properties */
function OfUuid({ uuid, selected }) {
  const live = useLoaded(async (signal) => {
    const [read, { agentRuntimes }] = await Promise.all([readCoordination(uuid, signal), ask(RUNTIMES, {}, signal)]);
    return read && { read, kinds: agentRuntimes };
  }, [uuid]);
  return html`<${Loaded} live=${live} gone=${html`<p>There is no such coordination.</p><a href="#/blueprints">Show the blueprints</a>`}>
    ${(/** @type {any} */ { read, kinds }) => html`<${CoordinationEditor} uuid=${uuid} selected=${selected} read=${read} kinds=${kinds} />`}
  </>`;
}
