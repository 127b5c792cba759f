import { html } from '../../html.js';
import { Agents } from '../fields.js';

/** To whom the agent may give work while it runs. @param {import('../agent_panel.js').Panel} panel */
export function Delegation({ agentUuid, action, editor, change, wrong }) {
  const toggle = (/** @type {string} */ uuid) => {
    const others = action.delegatesTo.filter((one) => one !== uuid);
    change({ delegatesTo: others.length < action.delegatesTo.length ? others : [...others, uuid] });
  };
  return html`<${Agents}
    label="Delegates to"
    help="Their own settings apply to the work that they get. One that nobody else waits for does only such work."
    uuids=${editor.members.filter((uuid) => uuid !== agentUuid)}
    chosen=${action.delegatesTo}
    nameOf=${editor.nameOf}
    toggle=${toggle}
    error=${wrong('delegatesTo')}
  />`;
}
