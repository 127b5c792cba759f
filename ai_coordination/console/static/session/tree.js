/** @typedef {import('./store.js').Agent} Agent */

/**
 * Agents below those that have added them. Superseded ones are history, and left out.
 *
 * @typedef {{ agents: Agent[], roots: Agent[], childrenOf: Map<string, Agent[]>,
 *   allBelow: (uuid: string) => Agent[] }} Tree
 */

/**
 * @param {Agent[]} all
 * @returns {Tree}
 */
export function treeOf(all) {
  const agents = all.filter(({ superseded }) => !superseded);
  const known = new Set(agents.map(({ sessionAgentUuid }) => sessionAgentUuid));
  /** @type {Map<string, Agent[]>} */
  const childrenOf = new Map();
  /** @type {Agent[]} */
  const roots = [];
  for (const agent of agents) {
    const parent = agent.parentUuid;
    if (!parent || !known.has(parent)) roots.push(agent);
    else if (childrenOf.has(parent)) childrenOf.get(parent)?.push(agent);
    else childrenOf.set(parent, [agent]);
  }
  const allBelow = (/** @type {string} */ uuid) => {
    /** @type {Agent[]} */
    const found = [];
    for (const pending = [uuid]; pending.length; ) {
      const children = childrenOf.get(/** @type {string} */ (pending.pop())) ?? [];
      found.push(...children);
      pending.push(...children.map(({ sessionAgentUuid }) => sessionAgentUuid));
    }
    return found;
  };
  return { agents, roots, childrenOf, allBelow };
}

/** @param {Agent} agent */
export const nameOf = (agent) => agent.agent?.agentName || agent.agentUuid;

/** The name of an agent, and which element of a list it is. @param {Agent} agent */
export const shortNameOf = (agent) =>
  agent.itemIndex == null ? nameOf(agent) : `${nameOf(agent)} [${agent.itemIndex}]`;

/** The round of a loop to which an agent belongs. @param {Agent} agent @param {Agent} [parent] */
export const roundOf = (agent, parent) =>
  parent?.agentAction.repeat && agent.round != null ? `round ${agent.round}` : undefined;

/** The name of an agent, with its element and round. @param {Agent} agent @param {Agent} [parent] */
export function fullNameOf(agent, parent) {
  const round = roundOf(agent, parent);
  return round ? `${shortNameOf(agent)}, ${round}` : shortNameOf(agent);
}

/**
 * What an agent has added, in words.
 *
 * @param {Agent} agent
 * @param {Agent[]} children
 */
export function growthOf(agent, children) {
  const { forEach, repeat, taskUuid } = agent.agentAction;
  const rounds = new Set(children.map(({ round }) => round)).size;
  const items = new Set(children.map(({ itemIndex }) => itemIndex)).size;
  if (forEach) return `${items} ${items === 1 ? 'element' : 'elements'}`;
  if (repeat) return `round ${rounds} of ${repeat.maxRounds}`;
  if (taskUuid) return `sub-task, ${plural(children.length, 'agent')}`;
  return `${plural(children.length, 'piece')} of delegated work`;
}

/** @param {number} number @param {string} noun */
export const plural = (number, noun) => `${number.toLocaleString()} ${noun}${number === 1 ? '' : 's'}`;

/** What a person should see first. */
const URGENCY = ['WAITING_FOR_INPUT', 'FAILED', 'IN_PROGRESS', 'INITIAL', 'CANCELLED', 'SKIPPED', 'COMPLETED'];

/**
 * How many agents are in each state, the most urgent first.
 *
 * @param {Agent[]} agents
 * @returns {[string, number][]}
 */
export function sharesOf(agents) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { state } of agents) counts.set(state, (counts.get(state) ?? 0) + 1);
  const urgency = (/** @type {string} */ state) => (URGENCY.indexOf(state) + URGENCY.length) % URGENCY.length;
  return [...counts].sort(([a], [b]) => urgency(a) - urgency(b));
}

/**
 * The state in which an agent is shown that others have been added to. While these work the agent
 * itself has not started, but it is not idle.
 *
 * @param {Agent} agent
 * @param {Agent[]} below
 */
export function shownStateOf(agent, below) {
  if (agent.state !== 'INITIAL' || below.every(({ state }) => state === 'INITIAL')) return agent.state;
  return below.some(({ state }) => state === 'WAITING_FOR_INPUT') ? 'WAITING_FOR_INPUT' : 'IN_PROGRESS';
}

/** @param {Agent} agent */
export const asksPerson = (agent) => agent.agentAction.userInTheLoop != null || agent.state === 'WAITING_FOR_INPUT';

/** Agents that need a person: those that ask one, then those that have failed. @param {Tree} tree */
export const problemsOf = ({ agents }) => [
  ...agents.filter(({ state }) => state === 'WAITING_FOR_INPUT'),
  ...agents.filter(({ state }) => state === 'FAILED'),
];
