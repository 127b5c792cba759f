import { useState } from 'preact/hooks';
import { TextBlock } from '../components/basics.js';
import { Problem } from '../components/loaded.js';
import { count, readable } from '../formatting.js';
import { html } from '../html.js';
import { useAction } from '../live.js';

/** So much of a text is loaded and shown at first: it may have two million characters. */
const SHOWN_CHARACTERS = 20_000;

/**
 * A text that may be very long. `more` loads the whole one, if `text` is only its beginning.
 *
 * @param {{ label: string, text: string | null | undefined, open?: boolean,
 *   more?: () => Promise<string | null | undefined> }} properties
 */
export function LongText({ label, text, open, more }) {
  const [whole, setWhole] = useState(/** @type {string | null} */ (null));
  const action = useAction();
  if (!text) return null;
  if (whole !== null || text.length <= SHOWN_CHARACTERS) {
    return html`<${TextBlock} label=${label} text=${readable(whole ?? text)} open=${open} />`;
  }
  const beginning = text.slice(0, SHOWN_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '');
  const show = () => action.run(async () => setWhole((await more?.()) ?? text));
  return html`
    <${TextBlock} label=${label} text=${beginning} open=${open} />
    <p class="quiet">
      The first ${count(SHOWN_CHARACTERS)} characters${more ? '' : ` of ${count(text.length)}`}.${' '}
      <button class="small" disabled=${action.busy} onClick=${show}>
        Show all<span class="hidden"> of ${label}</span>
      </button>
    </p>
    <${Problem} error=${action.error} />
  `;
}
