import { html } from '../html.js';
import { useKeys } from '../keys.js';

/**
 * The line above an editor: where it is, what it is called, whether it is saved, and the buttons.
 *
 * @param {object} properties
 * @param {[string, string][]} properties.crumbs names and addresses of what it belongs to
 * @param {string} properties.title
 * @param {import('./use_draft.js').Edited<any>} properties.edited
 * @param {boolean} properties.busy
 * @param {() => void} properties.save
 * @param {any} properties.children more buttons
 */
export function Toolbar({ crumbs, title, edited, busy, save, children }) {
  const { version, isChanged, undo } = edited;
  const isNew = version === null;
  useKeys(undo ? { u: { does: 'Undo the last change', run: undo } } : {});
  return html`<div class="bar">
    <div class="where">
      <nav aria-label="Where this is">${crumbs.map(([name, to]) => html`<a href=${to}>${name}</a><span aria-hidden="true">/</span>`)}</nav>
      <h1>${title}</h1>
    </div>
    <span class="quiet" role="status">${isNew ? 'not saved yet' : `version ${version}${isChanged ? ', changed' : ''}`}</span>
    <span class="grow"></span>
    <button onClick=${undo} disabled=${!undo || busy} title="Undo (u)">Undo</button>
    ${children}
    <button class="main" disabled=${busy || (!isNew && !isChanged)} onClick=${save}>${busy ? 'Saving…' : isNew ? 'Create' : 'Save'}</button>
  </div>`;
}

/**
 * Open the section of a field that the browser has found wrong, so that it can be seen.
 *
 * @param {Event} event
 */
export function openWrong(event) {
  const section = /** @type {Element} */ (event.target).closest('details');
  if (section) section.open = true;
}
