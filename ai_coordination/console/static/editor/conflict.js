import { Ago } from '../components/basics.js';
import { Dialog } from '../components/dialog.js';
import { Loaded } from '../components/loaded.js';
import { html } from '../html.js';
import { useLoaded } from '../live.js';
import { differences, merge } from './merge.js';
import { placeName } from './words.js';

/**
 * Explain that somebody else has saved meanwhile, and offer what can be done.
 *
 * @param {object} properties
 * @param {string} properties.noun what is edited: `task`
 * @param {(signal: AbortSignal) => Promise<{ draft: any, version: number, updatedBy: string | null,
 *   updatedAt: string } | null>} properties.read reads it as it is now
 * @param {import('./use_draft.js').Edited<any>} properties.edited
 * @param {(agentUuid: string) => string} properties.nameOf
 * @param {() => void} properties.close
 */
export function Conflict({ noun, read, edited, nameOf, close }) {
  const live = useLoaded(read, []);
  return html`<${Dialog} title="Somebody else has saved this ${noun}" close=${close}>
    <${Loaded} live=${live} gone="It has been deleted. What you have here can be copied, but not saved any more.">
      ${(/** @type {any} */ theirs) => html`<${Choices} ...${{ noun, edited, theirs, nameOf, close }} />`}
    </>
  </>`;
}

/** @param {any} properties */
function Choices({ noun, edited, theirs, nameOf, close }) {
  const { merged, both } = merge(edited.base, edited.draft, theirs.draft);
  const changed = differences(edited.base, theirs.draft);
  const restart = (/** @type {any} */ draft) => {
    edited.restart(theirs, draft);
    close();
  };
  return html`
    <p>
      Version ${theirs.version} was saved${theirs.updatedBy ? html` by <strong>${theirs.updatedBy}</strong>` : ''}
      ${' '}<${Ago} at=${theirs.updatedAt} />. You began with version ${edited.version}. Nothing of yours is lost.
    </p>
    ${changed.length > 0 && html`<h3>Changed by them</h3><${Places} places=${changed} nameOf=${nameOf} />`}
    ${both.length > 0 &&
    html`<h3>Changed by both</h3>
      <p class="quiet">Together with their other changes, your text is kept in these places.</p>
      <ul class="both">
        ${both.map(
          (one) => html`<li>
            ${placeName(one.place, nameOf)}
            <dl><dt>Yours</dt><dd>${shown(one.mine)}</dd><dt>Theirs</dt><dd>${shown(one.theirs)}</dd></dl>
          </li>`,
        )}
      </ul>`}
    <div class="buttons">
      <button class="main" onClick=${() => restart(merged)} autofocus>Put both together</button>
      <button class="danger" onClick=${() => restart(theirs.draft)}>Take theirs, discard mine</button>
      <button onClick=${close}>Go on editing</button>
    </div>
    <p class="quiet">The ${noun} is saved only when you press Save again.</p>
  `;
}

/** @param {{ places: import('./merge.js').Place[], nameOf: (agentUuid: string) => string }} properties */
function Places({ places, nameOf }) {
  return html`<ul>${places.slice(0, 20).map((place) => html`<li>${placeName(place, nameOf)}</li>`)}${places.length > 20 && html`<li>and ${places.length - 20} more</li>`}</ul>`;
}

/** @param {any} value */
function shown(value) {
  if (value === undefined) return 'removed';
  if (value === null || value === '') return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
