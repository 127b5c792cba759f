import { fullNameOf } from './tree.js';

/** @typedef {import('./store.js').Agent} Agent */
/** @typedef {import('./store.js').Run} Run */
/** @typedef {{ from: number, to: number | null, look: string, title: string, label?: string }} Bar `to` null: it lasts. */
/** @typedef {{ agent: Agent, name: string, depth: number, bars: Bar[], folds?: 'open' | 'closed', first: number }} Lane */

/** How outcomes of runs look. @type {Record<string, string>} */
const LOOKS = {
  COMPLETED: 'COMPLETED',
  FAILED: 'FAILED',
  TIMED_OUT: 'FAILED',
  CANCELLED: 'CANCELLED',
  INPUT_REQUIRED: 'WAITING_FOR_INPUT',
  DELEGATED: 'COMPLETED',
};

/** @param {Run} run */
const iterationOf = (run) => run.iteration ?? 1;

/** All iterations of which there are runs. @param {Run[]} runs */
export const iterationsOf = (runs) => [...new Set(runs.map(iterationOf))].sort((a, b) => a - b);

/**
 * A lane for each agent that has run in an iteration, children below their parents. A closed parent
 * shows all that has run below it.
 *
 * @param {import('./store.js').Watched} watched
 * @param {import('./tree.js').Tree} tree
 * @param {Set<string>} opened
 * @param {number} iteration
 * @returns {Lane[]}
 */
export function lanesOf({ runs, byUuid, session }, tree, opened, iteration) {
  /** @type {Map<string, Bar[]>} */
  const barsOf = new Map();
  const starts = runs.filter((run) => iterationOf(run) === iteration);
  for (const run of starts) {
    if (!run.sessionAgentUuid) continue;
    barsOf.set(run.sessionAgentUuid, [...(barsOf.get(run.sessionAgentUuid) ?? []), barOf(run)]);
  }
  const from = Math.min(...starts.map(({ createdAt }) => Date.parse(createdAt)));
  const isLatest = iteration >= session.iterationCount;
  for (const agent of tree.agents) {
    const bar = waitOf(agent, from, isLatest);
    if (bar) barsOf.set(agent.sessionAgentUuid, [...(barsOf.get(agent.sessionAgentUuid) ?? []), bar]);
  }
  /** @type {Lane[]} */
  const lanes = [];
  const add = (/** @type {Agent} */ agent, /** @type {number} */ depth) => {
    const uuid = agent.sessionAgentUuid;
    const children = tree.childrenOf.get(uuid) ?? [];
    const isOpen = opened.has(uuid);
    const hidden = isOpen ? [] : tree.allBelow(uuid).flatMap((one) => barsOf.get(one.sessionAgentUuid) ?? []);
    const bars = [...hidden, ...(barsOf.get(uuid) ?? [])];
    const below = tree.allBelow(uuid).some((one) => barsOf.has(one.sessionAgentUuid));
    if (!bars.length && !below) return;
    const parent = agent.parentUuid ? byUuid.get(agent.parentUuid) : undefined;
    const first = Math.min(...bars.map((bar) => bar.from));
    const folds = children.length ? (isOpen ? 'open' : 'closed') : undefined;
    lanes.push({ agent, name: fullNameOf(agent, parent), depth, bars, folds, first });
    if (isOpen) for (const child of inOrder(children)) add(child, depth + 1);
  };
  const firstOf = (/** @type {Agent} */ agent) => {
    const all = [agent, ...tree.allBelow(agent.sessionAgentUuid)];
    return Math.min(...all.flatMap((one) => (barsOf.get(one.sessionAgentUuid) ?? []).map((bar) => bar.from)));
  };
  const inOrder = (/** @type {Agent[]} */ agents) => {
    const first = new Map(agents.map((agent) => [agent, firstOf(agent)]));
    return [...agents].sort((a, b) => /** @type {number} */ (first.get(a)) - /** @type {number} */ (first.get(b)));
  };
  for (const root of inOrder(tree.roots)) add(root, 0);
  return lanes;
}

/** @param {Run} run @returns {Bar} */
function barOf(run) {
  const outcome = run.outcome?.toLowerCase().replaceAll('_', ' ') ?? 'in progress';
  return {
    from: Date.parse(run.createdAt),
    to: run.finishedAt ? Date.parse(run.finishedAt) : null,
    look: run.outcome ? (LOOKS[run.outcome] ?? '') : 'IN_PROGRESS',
    title: `Attempt ${run.attempt}${run.turn > 1 ? `, turn ${run.turn}` : ''}: ${outcome}`,
  };
}

/**
 * The time for which an agent waits, or has waited, for a person.
 *
 * @param {Agent} agent
 * @param {number} from of the iteration
 * @param {boolean} isLatest
 * @returns {Bar | null}
 */
function waitOf({ ask, state }, from, isLatest) {
  if (!ask || !isLatest) return null;
  const begins = Date.parse(ask.askedAt);
  const isOpen = state === 'WAITING_FOR_INPUT';
  if (begins < from || (!isOpen && !ask.answeredAt)) return null;
  const to = isOpen ? null : Date.parse(/** @type {string} */ (ask.answeredAt));
  return { from: begins, to, look: 'person', title: isOpen ? 'Waits for a person' : 'Waited for a person' };
}

const STEPS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800,
];
const MARKS = 6;

/**
 * A scale that ends at a mark, so that bars stand still while the last of them grow.
 *
 * @param {Lane[]} lanes
 * @param {number} now
 */
export function scaleOf(lanes, now) {
  let [from, last] = [Infinity, -Infinity];
  for (const { bars } of lanes) {
    for (const bar of bars) {
      from = Math.min(from, bar.from);
      last = Math.max(last, bar.to ?? now);
    }
  }
  const range = Math.max(100, last - from);
  const step = 1000 * (STEPS.find((seconds) => seconds * 1000 * MARKS >= range) ?? Math.ceil(range / MARKS / 604_800_000) * 604_800);
  const marks = Math.ceil(range / step);
  return { from, length: marks * step, marks: Array.from({ length: marks + 1 }, (_, at) => at * step) };
}
