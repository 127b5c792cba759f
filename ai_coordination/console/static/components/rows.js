import { useKeys } from '../keys.js';

/**
 * Keys that walk through the links of a list: `j`, `k` and the arrows move the focus, so Enter opens.
 *
 * @param {{ current: HTMLElement | null }} list
 * @param {string} what is in a row, for the help
 */
export function useRows(list, what) {
  const step = (/** @type {number} */ by) => {
    const links = /** @type {HTMLElement[]} */ ([...(list.current?.querySelectorAll('[data-row]') ?? [])]);
    const at = links.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by))];
    next?.focus();
    next?.scrollIntoView({ block: 'nearest' });
  };
  useKeys({
    j: { does: `Next ${what}`, run: () => step(1) },
    ArrowDown: { does: `Next ${what}`, run: () => step(1) },
    k: { does: `Previous ${what}`, run: () => step(-1) },
    ArrowUp: { does: `Previous ${what}`, run: () => step(-1) },
  });
}
