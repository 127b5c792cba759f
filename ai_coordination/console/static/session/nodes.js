import { look } from '../states.js';
import { asksPerson, growthOf, nameOf, roundOf, sharesOf, shortNameOf, shownStateOf } from './tree.js';

/** @typedef {import('./store.js').Agent} Agent */
/** @typedef {import('./tree.js').Tree} Tree */
/**
 * @typedef {import('../graph/view.js').ShownNode & { face: import('../graph/node.js').Face,
 *   inner?: AgentNode[] }} AgentNode
 */

/** So many agents with the same neighbours are one node, until a person opens it. */
const LEAST_ALIKE = 8;

/**
 * The nodes of a session's graph. What an agent has added is folded into it, and so are many agents
 * that wait for the same and are waited for by the same, until a person opens them.
 *
 * @param {Tree} tree
 * @param {Set<string>} opened ids of open nodes
 * @returns {{ nodes: AgentNode[], shownAs: Map<string, string> }} `shownAs` has the node in which
 *   each agent is seen
 */
export function nodesOf(tree, opened) {
  const graph = new Graph(tree, opened);
  return { nodes: graph.level(tree.roots), shownAs: graph.shownAs };
}

class Graph {
  /** @type {Map<string, string>} */
  shownAs = new Map();

  /** @param {Tree} tree @param {Set<string>} opened */
  constructor(tree, opened) {
    this.tree = tree;
    this.opened = opened;
  }

  /**
   * Nodes of agents that stand beside each other.
   *
   * @param {Agent[]} agents
   * @param {Agent} [parent]
   * @returns {AgentNode[]}
   */
  level(agents, parent) {
    const before = neighboursOf(agents);
    const nodes = agents.map((agent) => this.#node(agent, parent, before.get(agent.sessionAgentUuid) ?? []));
    return this.#folded(nodes, agents);
  }

  /** @param {Agent} agent @param {Agent | undefined} parent @param {string[]} predecessors @returns {AgentNode} */
  #node(agent, parent, predecessors) {
    const id = agent.sessionAgentUuid;
    const children = this.tree.childrenOf.get(id) ?? [];
    const isOpen = children.length > 0 && this.opened.has(id);
    this.shownAs.set(id, id);
    const below = children.length ? this.tree.allBelow(id) : [];
    if (!isOpen) for (const one of below) this.shownAs.set(one.sessionAgentUuid, id);
    const state = shownStateOf(agent, below);
    const { icon, word } = look(state);
    const name = shortNameOf(agent);
    const own = children.length ? growthOf(agent, children) : noteOf(agent);
    const note = [roundOf(agent, parent), own].filter(Boolean).join(' · ') || undefined;
    const fold = children.length ? (isOpen ? 'open' : 'closed') : undefined;
    const shares = children.length ? sharesOf(below) : undefined;
    const labels = [name, word, note, shares && wordsOf(shares), fold && `Space ${isOpen ? 'folds' : 'unfolds'}`];
    return stamped({
      id,
      predecessors,
      className: `s-${state}`,
      isOptional: !agent.agentAction.primaryPath,
      label: labels.filter(Boolean).join(', '),
      fold,
      inner: isOpen ? this.level(children, agent) : undefined,
      face: { name, icon, note, shares, fold, human: asksPerson(agent), stacked: children.length > 0 && !isOpen },
    });
  }

  /** Put nodes with the same neighbours into one. @param {AgentNode[]} nodes @param {Agent[]} agents */
  #folded(nodes, agents) {
    /** @type {Map<string, string[]>} */
    const after = new Map(nodes.map(({ id }) => [id, []]));
    for (const { id, predecessors } of nodes) for (const one of predecessors) after.get(one)?.push(id);
    /** @type {Map<string, number[]>} */
    const alike = new Map();
    nodes.forEach(({ id, predecessors }, at) => {
      const key = `${[...predecessors].sort()}>${after.get(id)}`;
      // What has no neighbours at all stands in rows, and each is seen.
      if (key !== '>') alike.set(key, [...(alike.get(key) ?? []), at]);
    });
    const groups = [...alike.values()].filter((members) => members.length >= LEAST_ALIKE);
    if (!groups.length) return nodes;
    const isFolded = new Set(groups.flat());
    const rest = nodes.filter((_, at) => !isFolded.has(at));
    const made = groups.map((members) => this.#group(members.map((at) => nodes[at]), members.map((at) => agents[at])));
    const groupOf = new Map(made.flatMap(({ id, members }) => members.map((member) => [member, id])));
    const all = [...rest, ...made.map(({ node }) => node)];
    for (const node of all) {
      node.predecessors = [...new Set(node.predecessors.map((one) => groupOf.get(one) ?? one))];
    }
    return all;
  }

  /** @param {AgentNode[]} nodes @param {Agent[]} agents */
  #group(nodes, agents) {
    const id = `alike-${nodes[0].id}`;
    const isOpen = this.opened.has(id);
    const members = nodes.map((node) => node.id);
    if (!isOpen) {
      for (const agent of agents) {
        this.shownAs.set(agent.sessionAgentUuid, id);
        for (const one of this.tree.allBelow(agent.sessionAgentUuid)) this.shownAs.set(one.sessionAgentUuid, id);
      }
    }
    const shares = sharesOf(agents);
    const state = shares[0][0];
    const name = `${agents.length} × ${commonName(agents.map(nameOf))}`;
    const fold = isOpen ? 'open' : 'closed';
    const node = stamped({
      id,
      predecessors: nodes[0].predecessors,
      className: `s-${state}`,
      label: `${name}, ${wordsOf(shares)}, ${isOpen ? 'Enter folds' : 'Enter unfolds'}`,
      fold,
      inner: isOpen ? nodes.map((one) => ({ ...one, predecessors: [] })) : undefined,
      face: { name, icon: look(state).icon, shares, fold, stacked: !isOpen },
    });
    return { id, members, node };
  }
}

/**
 * Before each agent: its predecessors at the same place, and the ends of the round before its own.
 *
 * @param {Agent[]} agents
 * @returns {Map<string, string[]>}
 */
function neighboursOf(agents) {
  const here = new Set(agents.map(({ sessionAgentUuid }) => sessionAgentUuid));
  /** @type {Map<number, { agents: Agent[], inner: Set<string> }>} */
  const rounds = new Map();
  /** @type {Map<string, string[]>} */
  const before = new Map();
  for (const agent of agents) {
    const predecessors = agent.predecessorUuids.filter((uuid) => here.has(uuid));
    before.set(agent.sessionAgentUuid, predecessors);
    if (agent.round == null) continue;
    const round = rounds.get(agent.round) ?? { agents: [], inner: new Set() };
    rounds.set(agent.round, round);
    round.agents.push(agent);
    predecessors.forEach((uuid) => round.inner.add(uuid));
  }
  for (const [number, round] of rounds) {
    const last = rounds.get(number - 1);
    if (!last) continue;
    const ends = last.agents.map(({ sessionAgentUuid }) => sessionAgentUuid).filter((uuid) => !last.inner.has(uuid));
    for (const { sessionAgentUuid } of round.agents) {
      if (!before.get(sessionAgentUuid)?.length) before.set(sessionAgentUuid, ends);
    }
  }
  return before;
}

/** What is said below the name. @param {Agent} agent */
function noteOf(agent) {
  const { state, attempt, turn, heartbeat, ask, agentAction } = agent;
  if (state === 'WAITING_FOR_INPUT') {
    const who = ask?.claimedBy ? `${ask.claimedBy} has it` : ask?.assignee || ask?.group;
    return [ask?.title || KINDS[ask?.kind ?? ''] || 'asks a person', who].filter(Boolean).join(' · ');
  }
  if (state === 'IN_PROGRESS' && heartbeat && (heartbeat.percent != null || heartbeat.note)) {
    return [heartbeat.percent == null ? null : `${heartbeat.percent} %`, heartbeat.note].filter(Boolean).join(' · ');
  }
  if (attempt > 1) return `attempt ${attempt} of ${agentAction.retry.maxAttempts}`;
  if (turn > 1) return `turn ${turn}`;
  if (state === 'INITIAL') return KINDS[agentAction.userInTheLoop ?? ''];
  return undefined;
}

/** @type {Record<string, string>} */
const KINDS = { APPROVAL: 'asks for approval', INPUT: 'asks for input', CHOICE: 'asks for a choice' };

/** @param {[string, number][]} shares */
const wordsOf = (shares) =>
  shares.map(([state, number]) => `${number.toLocaleString()} ${look(state).word}`).join(', ');

/** What all names begin with, at a word's end. @param {string[]} names */
export function commonName(names) {
  const [first] = names;
  if (names.every((name) => name === first)) return first;
  let length = 0;
  while (length < first.length && names.every((name) => name[length] === first[length])) length += 1;
  let common = first.slice(0, length);
  if (names.some((name) => /\w/.test(name[length] ?? ''))) common = common.replace(/\w+$/, '');
  return common.trim().length > 3 ? `${common.trim()}…` : 'agents';
}

/** @param {Omit<AgentNode, 'stamp'>} node @returns {AgentNode} */
const stamped = (node) => ({ ...node, stamp: JSON.stringify([node.label, node.className, node.fold, node.face]) });

