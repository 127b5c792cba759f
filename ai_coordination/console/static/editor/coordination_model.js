/**
 * A coordination as it is edited: what the API reads, in the form in which it takes it back.
 *
 * @typedef {{ kind: string, target: string | null, parameters: any }} Runtime
 * @typedef {{ agentUuid: string, agentName: string, agentDescription: string | null, runtime: Runtime }} Agent
 * @typedef {{ coordinationName: string, coordinationDescription: string | null, agents: Agent[] }} Draft
 */

/** The characters of an `agentUuid`, at most 128 of them. */
export const AGENT_UUID = /^[A-Za-z0-9_.-]{1,128}$/;

/** @returns {Draft} */
export const newDraft = () => ({ coordinationName: '', coordinationDescription: null, agents: [] });

/** @param {any} coordination a coordination of the API @returns {Draft} */
export function toDraft({ coordinationName, coordinationDescription, agents }) {
  return {
    coordinationName,
    coordinationDescription,
    agents: agents.map((/** @type {Agent} */ { agentUuid, agentName, agentDescription, runtime }) => ({
      agentUuid,
      agentName,
      agentDescription,
      runtime: { kind: runtime.kind, target: runtime.target, parameters: runtime.parameters },
    })),
  };
}

/**
 * A name for an agent in tasks and expressions, made from the name that people see: `read_order`.
 * Letters without a form in ASCII are left out.
 *
 * @param {string} name
 * @param {string[]} taken
 */
export function uuidFor(name, taken) {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const base = plain.replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '').slice(0, 120) || 'agent';
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? base : `${base}_${number}`;
    if (!taken.includes(candidate)) return candidate;
  }
}

/**
 * @param {Draft} draft
 * @param {string} agentUuid
 * @param {Partial<Agent>} part
 * @returns {Draft}
 */
export function withAgent(draft, agentUuid, part) {
  const agents = draft.agents.map((agent) => (agent.agentUuid === agentUuid ? { ...agent, ...part } : agent));
  return { ...draft, agents };
}

/** @param {Draft} draft @param {string} agentUuid @returns {Draft} */
export function withoutAgent(draft, agentUuid) {
  return { ...draft, agents: draft.agents.filter((agent) => agent.agentUuid !== agentUuid) };
}

/**
 * Move an agent up (-1) or down (1) in the list.
 *
 * @param {Draft} draft
 * @param {string} agentUuid
 * @param {number} by
 * @returns {Draft}
 */
export function moved(draft, agentUuid, by) {
  const from = draft.agents.findIndex((agent) => agent.agentUuid === agentUuid);
  const to = from + by;
  if (from < 0 || to < 0 || to >= draft.agents.length) return draft;
  const agents = [...draft.agents];
  agents.splice(to, 0, ...agents.splice(from, 1));
  return { ...draft, agents };
}

/**
 * The names of those tasks that name an agent.
 *
 * @param {any[]} tasks
 * @param {string} agentUuid
 * @returns {string[]}
 */
export function usesOf(tasks, agentUuid) {
  const names = (/** @type {any} */ { subtaskQueries, agentActions }) =>
    [...subtaskQueries, ...agentActions].some((row) => row.agentUuid === agentUuid) ||
    agentActions.some((/** @type {any} */ { predecessors, delegatesTo }) => [...predecessors, ...delegatesTo].includes(agentUuid));
  return tasks.filter(names).map(({ taskName }) => taskName);
}
