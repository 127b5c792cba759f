import { useLayoutEffect } from 'preact/hooks';

/** @typedef {Record<string, { does: string, run: (event: KeyboardEvent) => void }>} Keys */

/** @type {Set<{ current: Keys }>} The keys of everything on the page; later ones win. */
const active = new Set();
let prefix = '';
/** @type {ReturnType<typeof setTimeout> | undefined} */
let forget;

const FIELDS = 'input, select, textarea, [contenteditable]';

/** @param {KeyboardEvent} event */
function pressed(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (target.closest?.(FIELDS) && event.key !== 'Escape') return;
  if (document.querySelector('dialog[open]')) return;
  const combination = prefix ? `${prefix} ${event.key}` : event.key;
  const all = [...active].reverse();
  const found = all.find((keys) => combination in keys.current);
  clearTimeout(forget);
  prefix = '';
  if (found) {
    event.preventDefault();
    found.current[combination].run(event);
  } else if (all.some((keys) => Object.keys(keys.current).some((name) => name.startsWith(`${event.key} `)))) {
    prefix = event.key;
    forget = setTimeout(() => (prefix = ''), 1500);
  }
}

addEventListener('keydown', pressed);

/**
 * Keys of a component, while it is shown: `{ f: { does: 'Fit the graph', run } }`, or `'g s'` for
 * two in a row. No key but Escape acts while a field has the focus.
 *
 * @param {Keys} keys
 */
export function useKeys(keys) {
  // Before the browser paints: a key that is pressed as soon as the page is seen must act.
  useLayoutEffect(() => {
    const mine = { current: keys };
    active.add(mine);
    return () => void active.delete(mine);
  });
}

/** @returns {[string, string][]} each key that acts now, and what it does */
export function keysNow() {
  return [...new Map([...active].flatMap(({ current }) => Object.entries(current).map(([key, { does }]) => [key, does])))];
}
