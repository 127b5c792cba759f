/**
 * Put two people's changes together. `base` is what both began with, `mine` and `theirs` what each
 * has made of it. Where both have changed the same, mine is kept, and the place is reported.
 */
import { same } from './task_model.js';

/**
 * @typedef {(string | number)[]} Place
 * @typedef {{ place: Place, base: any, mine: any, theirs: any }} Both A place that both have changed.
 */

/** Members of a row, and of its members: `agents`, then `runtime`, then `target`. */
const DEPTH = 2;

/** @param {unknown} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Merge one value. Only objects that all three have are merged by their members; `depth` says how
 * deep.
 *
 * @param {any} base
 * @param {any} mine
 * @param {any} theirs
 * @param {Place} place
 * @param {Both[]} both
 * @param {number} depth
 * @returns {any}
 */
function value(base, mine, theirs, place, both, depth) {
  if (same(mine, base) || same(mine, theirs)) return theirs;
  if (same(theirs, base)) return mine;
  if (depth > 0 && isObject(base) && isObject(mine) && isObject(theirs)) {
    return members(base, mine, theirs, place, both, depth - 1);
  }
  both.push({ place, base, mine, theirs });
  return mine;
}

/**
 * @param {any} base
 * @param {any} mine
 * @param {any} theirs
 * @param {Place} place
 * @param {Both[]} both
 * @param {number} depth
 */
function members(base, mine, theirs, place, both, depth) {
  const names = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])];
  return Object.fromEntries(
    names.map((name) => [name, value(base[name], mine[name], theirs[name], [...place, name], both, depth)]),
  );
}

/**
 * Merge lists whose rows have a key.
 *
 * @template {Record<string, any>} Row
 * @param {Row[]} base
 * @param {Row[]} mine
 * @param {Row[]} theirs
 * @param {string} key
 * @param {Place} place
 * @param {Both[]} both
 * @returns {Row[]}
 */
function rows(base, mine, theirs, key, place, both) {
  const [was, my, their] = [base, mine, theirs].map((list) => new Map(list.map((row) => [row[key], row])));
  const order = (/** @type {Row[]} */ list) => list.map((row) => row[key]);
  const first = same(order(mine), order(base)) ? theirs : mine;
  const keys = [...new Set([...order(first), ...order(theirs), ...order(mine)])];
  return keys
    .map((at) => value(was.get(at), my.get(at), their.get(at), [...place, at], both, DEPTH))
    .filter((row) => row !== undefined);
}

/**
 * Subtask queries, by their agents: an agent may have several.
 *
 * @param {{ agentUuid: string, subtaskQuery: string }[]} list
 */
function byAgent(list) {
  /** @type {Map<string, { agentUuid: string, subtaskQuery: string }[]>} */
  const found = new Map();
  for (const query of list) found.set(query.agentUuid, [...(found.get(query.agentUuid) ?? []), query]);
  return [...found].map(([agentUuid, queries]) => ({ agentUuid, queries }));
}

/**
 * @param {any[]} base
 * @param {any[]} mine
 * @param {any[]} theirs
 * @param {Both[]} both
 */
function queries(base, mine, theirs, both) {
  if (same(mine, base)) return theirs;
  if (same(theirs, base)) return mine;
  return rows(byAgent(base), byAgent(mine), byAgent(theirs), 'agentUuid', ['subtaskQueries'], both).flatMap((row) => row.queries);
}

/**
 * Merge two drafts of a task or of a coordination.
 *
 * @template {Record<string, any>} Draft
 * @param {Draft} base
 * @param {Draft} mine
 * @param {Draft} theirs
 * @returns {{ merged: Draft, both: Both[] }}
 */
export function merge(base, mine, theirs) {
  /** @type {Both[]} */
  const both = [];
  const merged = Object.fromEntries(
    Object.keys(theirs).map((name) => {
      const three = /** @type {const} */ ([base[name], mine[name], theirs[name]]);
      if (name === 'subtaskQueries') return [name, queries(...three, both)];
      if (Array.isArray(theirs[name])) return [name, rows(...three, 'agentUuid', [name], both)];
      return [name, value(...three, [name], both, 0)];
    }),
  );
  return { merged: /** @type {Draft} */ (merged), both };
}

/**
 * The places in which two drafts differ: fields, and members of the rows of lists.
 *
 * @param {Record<string, any>} before
 * @param {Record<string, any>} after
 * @returns {Place[]}
 */
export function differences(before, after) {
  return Object.keys(after).flatMap((name) => {
    if (same(before[name], after[name])) return [];
    if (!Array.isArray(after[name])) return [[name]];
    return inRows(before[name], after[name], name);
  });
}

/** @param {any[]} before @param {any[]} after @param {string} name @returns {Place[]} */
function inRows(before, after, name) {
  const [was, is] = (name === 'subtaskQueries' ? [byAgent(before), byAgent(after)] : [before, after]).map(
    (list) => new Map(list.map((row) => [row.agentUuid, row])),
  );
  const found = [...new Set([...was.keys(), ...is.keys()])].flatMap((key) => {
    const [old, now] = [was.get(key), is.get(key)];
    if (!old || !now || name === 'subtaskQueries') return same(old, now) ? [] : [[name, key]];
    return Object.keys(now).filter((member) => !same(old[member], now[member])).map((member) => [name, key, member]);
  });
  return found.length ? found : [[name]];
}
