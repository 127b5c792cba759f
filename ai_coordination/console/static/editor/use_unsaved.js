import { useEffect, useRef, useState } from 'preact/hooks';
import { Confirm } from '../components/dialog.js';
import { html } from '../html.js';
import { go, guard } from '../router.js';

/**
 * Keep changes from being lost without a word: ask before another screen is shown, and let the
 * browser ask before it leaves the page.
 *
 * @param {object} properties
 * @param {boolean} properties.isChanged
 * @param {string} properties.home Addresses that begin with this are part of the editor.
 * @param {{ current: HTMLFormElement | null }} properties.form what is shown of it
 * @returns {{ question: any, leave: (to: string) => void }} the dialog, if there is something to
 *   ask; `leave` goes elsewhere without a question
 */
export function useUnsaved({ isChanged, home, form }) {
  const [leaving, setLeaving] = useState(/** @type {string | null} */ (null));
  const now = useRef({ isChanged, home, isFree: false });
  now.current = { ...now.current, isChanged, home };

  useEffect(() => {
    const mayShow = (/** @type {string} */ to) => {
      const { isChanged, home, isFree } = now.current;
      const isUnread = hasUnread(form.current);
      if (isFree || !(isChanged || isUnread)) return true;
      if (to !== home && !to.startsWith(`${home}/`)) setLeaving(to);
      else if (isUnread) form.current?.reportValidity();
      else return true;
      return false;
    };
    const mayUnload = (/** @type {Event} */ event) => {
      if (now.current.isChanged && !now.current.isFree) event.preventDefault();
    };
    const unguard = guard(mayShow);
    addEventListener('beforeunload', mayUnload);
    return () => {
      unguard();
      removeEventListener('beforeunload', mayUnload);
    };
  }, []);

  const leave = (/** @type {string} */ to) => {
    now.current.isFree = true;
    setLeaving(null);
    go(to);
  };
  const question =
    leaving !== null &&
    html`<${Confirm} title="Leave without saving?" action="Discard my changes" keep="Stay here" confirm=${() => leave(leaving)} close=${() => setLeaving(null)}>
      <p>What you have changed here is not saved yet.</p>
    </>`;
  return { question, leave };
}

/**
 * Whether a field holds a text that means nothing yet, such as half a JSON value. It is nowhere
 * else, and would be lost with the field.
 *
 * @param {HTMLFormElement | null} form
 */
function hasUnread(form) {
  const fields = /** @type {HTMLInputElement[]} */ ([...(form?.elements ?? [])]);
  return fields.some(({ validity }) => validity?.customError || validity?.badInput);
}
