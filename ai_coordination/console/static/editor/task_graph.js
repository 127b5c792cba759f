/**
 * The graph of a task: which agents take part, and who waits for whom. The rules are those of the
 * engine (`ai_coordination/graph.py`).
 */
import { newAction } from './task_model.js';

/**
 * @typedef {import('./task_model.js').Draft} Draft
 * @typedef {import('./task_model.js').Action} Action
 */

/**
 * @param {Draft} draft
 * @param {string} agentUuid
 * @returns {Action | undefined}
 */
export function actionOf(draft, agentUuid) {
  return draft.agentActions.find((action) => action.agentUuid === agentUuid);
}

/**
 * Whether no agent is named anywhere, so that all agents of the coordination take part.
 *
 * @param {Draft} draft
 */
export function isEveryone(draft) {
  return draft.agentActions.length === 0 && draft.subtaskQueries.length === 0;
}

/**
 * The agents with a place in the graph, and those that only do work that others delegate to them.
 * Both are in the order of `members`; agents that are no members any more come last.
 *
 * @param {Draft} draft
 * @param {string[]} members
 * @returns {{ placed: string[], delegates: string[] }}
 */
export function takingPart(draft, members) {
  if (isEveryone(draft)) return { placed: members, delegates: [] };
  const queried = new Set(draft.subtaskQueries.map(({ agentUuid }) => agentUuid));
  const awaited = new Set(draft.agentActions.flatMap(({ predecessors }) => predecessors));
  const delegates = new Set(draft.agentActions.flatMap(({ delegatesTo }) => delegatesTo));
  const hasPlace = (/** @type {Action} */ action) =>
    action.predecessors.length > 0 ||
    queried.has(action.agentUuid) ||
    awaited.has(action.agentUuid) ||
    !delegates.has(action.agentUuid);
  const own = draft.agentActions.filter(hasPlace);
  const placed = new Set([
    ...queried,
    ...awaited,
    ...(own.length ? own : draft.agentActions).map(({ agentUuid }) => agentUuid),
  ]);
  const order = [...new Set([...members, ...placed, ...delegates])];
  return {
    placed: order.filter((uuid) => placed.has(uuid)),
    delegates: order.filter((uuid) => delegates.has(uuid) && !placed.has(uuid)),
  };
}

/**
 * The circle that would arise if `to` waited for `from`: each agent before the one that waits for
 * it, with the first one again at the end. Null: there would be none.
 *
 * @param {Draft} draft
 * @param {string} from
 * @param {string} to
 * @returns {string[] | null}
 */
export function circle(draft, from, to) {
  const before = new Map(draft.agentActions.map((action) => [action.agentUuid, action.predecessors]));
  /** @type {Map<string, string>} Each agent before `from`, and the next one on the way to it. */
  const next = new Map([[from, to]]);
  const pending = [from];
  for (let uuid = pending.pop(); uuid !== undefined; uuid = pending.pop()) {
    if (uuid === to) return way(next, from, to);
    for (const predecessor of before.get(uuid) ?? []) {
      if (!next.has(predecessor)) {
        next.set(predecessor, uuid);
        pending.push(predecessor);
      }
    }
  }
  return null;
}

/** @param {Map<string, string>} next @param {string} from @param {string} to */
function way(next, from, to) {
  const found = [to];
  for (let uuid = to; uuid !== from; ) {
    uuid = /** @type {string} */ (next.get(uuid));
    found.push(uuid);
  }
  return [...found, to];
}

/**
 * Let all agents that take part have settings of their own. Otherwise the first settings would
 * leave out the others.
 *
 * @param {Draft} draft
 * @param {string[]} members
 * @returns {Draft}
 */
export function spelledOut(draft, members) {
  return isEveryone(draft) ? { ...draft, agentActions: members.map(newAction) } : draft;
}

/**
 * Change settings of an agent.
 *
 * @param {Draft} draft
 * @param {string[]} members
 * @param {string} agentUuid
 * @param {Partial<Action>} part
 * @returns {Draft}
 */
export function withAction(draft, members, agentUuid, part) {
  const whole = spelledOut(draft, members);
  const old = actionOf(whole, agentUuid);
  const changed = { ...(old ?? newAction(agentUuid)), ...part };
  const agentActions = old
    ? whole.agentActions.map((action) => (action === old ? changed : action))
    : [...whole.agentActions, changed];
  return { ...whole, agentActions };
}

/**
 * Let an agent wait for another one, or no more if it does.
 *
 * @param {Draft} draft
 * @param {string[]} members
 * @param {string} from
 * @param {string} to
 * @returns {{ draft: Draft, circle: null } | { draft: null, circle: string[] }}
 */
export function connected(draft, members, from, to) {
  const before = actionOf(draft, to)?.predecessors ?? [];
  if (before.includes(from)) {
    const predecessors = before.filter((uuid) => uuid !== from);
    return { draft: withAction(kept(draft, members, from), members, to, { predecessors }), circle: null };
  }
  const found = circle(draft, from, to);
  if (found) return { draft: null, circle: found };
  return { draft: withAction(draft, members, to, { predecessors: [...before, from] }), circle: null };
}

/**
 * Let an agent keep its place when nobody waits for it any more.
 *
 * @param {Draft} draft
 * @param {string[]} members
 * @param {string} agentUuid
 */
function kept(draft, members, agentUuid) {
  const isNamed = actionOf(draft, agentUuid) || draft.subtaskQueries.some((query) => query.agentUuid === agentUuid);
  return isNamed ? draft : withAction(draft, members, agentUuid, {});
}

/**
 * Take an agent out of the graph, with its settings and its work. Nobody waits for it any more.
 *
 * @param {Draft} draft
 * @param {string[]} members
 * @param {string} agentUuid
 * @returns {Draft}
 */
export function without(draft, members, agentUuid) {
  const whole = spelledOut(draft, members);
  const others = (/** @type {string[]} */ uuids) =>
    uuids.includes(agentUuid) ? uuids.filter((uuid) => uuid !== agentUuid) : uuids;
  return {
    ...whole,
    subtaskQueries: whole.subtaskQueries.filter((query) => query.agentUuid !== agentUuid),
    agentActions: whole.agentActions
      .filter((action) => action.agentUuid !== agentUuid)
      .map((action) => {
        const predecessors = others(action.predecessors);
        const delegatesTo = others(action.delegatesTo);
        const isSame = predecessors === action.predecessors && delegatesTo === action.delegatesTo;
        return isSame ? action : { ...action, predecessors, delegatesTo };
      }),
  };
}

/**
 * The work of an agent: its subtask queries. It takes part once for each.
 *
 * @param {Draft} draft
 * @param {string} agentUuid
 */
export function queriesOf(draft, agentUuid) {
  return draft.subtaskQueries.filter((query) => query.agentUuid === agentUuid).map(({ subtaskQuery }) => subtaskQuery);
}

/**
 * Give an agent these subtask queries. The queries of the others keep their places.
 *
 * @param {Draft} draft
 * @param {string[]} members
 * @param {string} agentUuid
 * @param {string[]} texts
 * @returns {Draft}
 */
export function withQueries(draft, members, agentUuid, texts) {
  // An agent that had only queries stays in the graph when they go.
  const whole = texts.length ? spelledOut(draft, members) : withAction(draft, members, agentUuid, {});
  const own = texts.map((subtaskQuery) => ({ agentUuid, subtaskQuery }));
  /** @type {typeof own} */
  const subtaskQueries = [];
  let last = 0;
  for (const query of whole.subtaskQueries) {
    if (query.agentUuid !== agentUuid) subtaskQueries.push(query);
    else if (own.length) subtaskQueries.push(/** @type {any} */ (own.shift()));
    if (query.agentUuid === agentUuid) last = subtaskQueries.length;
  }
  subtaskQueries.splice(last || subtaskQueries.length, 0, ...own);
  return { ...whole, subtaskQueries };
}
