import { Confirm } from '../components/dialog.js';
import { Problem } from '../components/loaded.js';
import { html } from '../html.js';
import { useAction } from '../live.js';

/**
 * Ask before a deletion. If it is refused because something still belongs to the object, say what,
 * and where that is.
 *
 * @param {object} properties
 * @param {string} properties.noun
 * @param {string} properties.name
 * @param {() => Promise<unknown>} properties.remove
 * @param {Record<string, string>} properties.ways addresses by the kind of children
 * @param {() => void} properties.done
 * @param {() => void} properties.close
 */
export function Deletion({ noun, name, remove, ways, done, close }) {
  const action = useAction();
  const children = Object.entries(action.error?.extensions.children ?? {});
  const confirm = async () => {
    if (await action.run(async () => (await remove(), true))) done();
  };
  return html`<${Confirm} title="Delete this ${noun}?" action="Delete" busy=${action.busy} confirm=${confirm} close=${close}>
    <p><strong>${name}</strong> is deleted for good. ${noun === 'task' ? 'Its sessions stay as they are.' : 'Only a coordination without tasks and sessions can be deleted.'}</p>
    <${Problem} error=${action.error} title=${children.length ? 'Something still belongs to it' : undefined} />
    ${children.length > 0 &&
    html`<ul>${children.map(([kind, number]) => html`<li>${ways[kind] ? html`<a href=${ways[kind]} onClick=${close}>${number} ${kind}</a>` : `${number} ${kind}`}</li>`)}</ul>`}
  </>`;
}
