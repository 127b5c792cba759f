import { useEffect, useState } from 'preact/hooks';

/**
 * The address is the state of the page: `#/session/C/S/graph/A` names a screen and what it shows,
 * and filters follow after `?`. Addresses begin with `#`, so no server needs to know them.
 *
 * @typedef {{ path: string[], query: URLSearchParams }} Route
 */

/**
 * @param {string} hash
 * @returns {Route}
 */
export function parse(hash) {
  const [path, query] = hash.replace(/^#\/?/, '').split('?', 2);
  return { path: path.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The address of a screen. Null members of the path and empty filters are left out.
 *
 * @param {(string | null | undefined)[]} path
 * @param {Record<string, string | null | undefined> | URLSearchParams} [query]
 */
export function href(path, query = {}) {
  const entries = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  const filters = new URLSearchParams();
  for (const [name, value] of entries) if (value) filters.append(name, value);
  const search = filters.size ? `?${filters}` : '';
  return `#/${path.filter((part) => part != null && part !== '').map((part) => encodeURIComponent(String(part))).join('/')}${search}`;
}

/**
 * Show another screen. With `replace` the back button does not return to this one.
 *
 * @param {string} to
 * @param {{ replace?: boolean }} [options]
 */
export function go(to, { replace = false } = {}) {
  if (replace) location.replace(to);
  else location.assign(to);
}

/** @type {Set<(hash: string) => boolean>} */
const guards = new Set();
/** @type {Set<(hash: string) => void>} */
const watchers = new Set();
let shown = location.hash;

addEventListener('hashchange', () => {
  const to = location.hash;
  if (to === shown) return;
  if ([...guards].every((mayShow) => mayShow(to))) {
    shown = to;
    for (const watcher of watchers) watcher(to);
  } else {
    // The address stays that of what is shown.
    history.pushState(null, '', shown);
  }
});

/**
 * Ask before another address is shown: by a link, a key, or the browser's own buttons.
 *
 * @param {(hash: string) => boolean} mayShow
 * @returns {() => void} ends it
 */
export function guard(mayShow) {
  guards.add(mayShow);
  return () => void guards.delete(mayShow);
}

/** @returns {Route} */
export function useRoute() {
  const [hash, setHash] = useState(shown);
  useEffect(() => {
    setHash(shown);
    watchers.add(setHash);
    return () => void watchers.delete(setHash);
  }, []);
  return parse(hash);
}
