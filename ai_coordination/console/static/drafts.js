import { useEffect, useReducer } from 'preact/hooks';

/**
 * What a person has typed and not sent, by what it is about. It outlives the form, so that looking
 * at something else loses nothing, but not the page.
 *
 * @type {Map<string, any>}
 */
const drafts = new Map();

/** Who shows which drafts there are. @type {Set<() => void>} */
const listeners = new Set();

/** @param {() => void} write */
function change(write) {
  const before = drafts.size;
  write();
  if (drafts.size !== before) listeners.forEach((listener) => listener());
}

/**
 * A function that says whether there is a draft about something, whatever its part. The component
 * is rendered again when a draft begins or ends.
 *
 * @returns {(about: string) => boolean}
 */
export function useHasDraft() {
  const [, show] = useReducer((/** @type {number} */ n) => n + 1, 0);
  useEffect(() => {
    const listener = () => show(undefined);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return (about) => [...drafts.keys()].some((key) => key.startsWith(`${about}/`));
}

/**
 * A draft, and the functions to change and to forget it.
 *
 * @template T
 * @param {string} key
 * @param {() => T} begin what it is before a person has typed
 * @returns {[T, (draft: T) => void, () => void]}
 */
export function useDraft(key, begin) {
  const [, show] = useReducer((/** @type {number} */ n) => n + 1, 0);
  const set = (/** @type {T} */ draft) => {
    change(() => drafts.set(key, draft));
    show(undefined);
  };
  const forget = () => {
    change(() => drafts.delete(key));
    show(undefined);
  };
  return [drafts.has(key) ? drafts.get(key) : begin(), set, forget];
}
