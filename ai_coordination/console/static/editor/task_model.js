/**
 * A task as it is edited: what the API reads, in the form in which the API takes it back. Reading a
 * task and saving it without an edit gives the same task.
 */

/**
 * @typedef {{ agentUuid: string, subtaskQuery: string }} Query
 *
 * @typedef {object} Action Settings of one agent. Null: the agent has none of this, or the default.
 * @property {string} agentUuid
 * @property {string[]} predecessors
 * @property {string | null} when
 * @property {string | null} input
 * @property {any} outputSchema
 * @property {number} delaySeconds
 * @property {{ items: string, maxConcurrency: number | null, toleratedFailures: number | null } | null} forEach
 * @property {{ until: string, maxRounds: number } | null} repeat
 * @property {string | null} taskUuid
 * @property {string[]} delegatesTo
 * @property {boolean} primaryPath
 * @property {Rule | null} ask
 * @property {number | null} timeoutSeconds Null: the default of the agent's runtime kind.
 * @property {number | null} answerTimeoutSeconds
 * @property {number | null} heartbeatSeconds
 * @property {{ maxAttempts: number, intervalSeconds: number, backoffRate: number }} retry
 * @property {string} onFailure
 * @property {number} maxTurns
 *
 * @typedef {object} Rule What an agent asks a person about its output.
 * @property {string} kind
 * @property {string | null} title
 * @property {string | null} assignee
 * @property {string | null} group
 * @property {any} form
 * @property {string[]} options
 * @property {any} default
 * @property {string} onTimeout
 * @property {string} onRejection
 *
 * @typedef {object} Draft
 * @property {string} taskName
 * @property {string | null} taskDescription
 * @property {string | null} initialTaskQuery
 * @property {Query[]} subtaskQueries
 * @property {Action[]} agentActions
 * @property {string | null} output
 * @property {{ tokens: number | null, dollars: number | null, seconds: number | null } | null} budget
 *
 * @typedef {{ agentUuid: string, agentName: string, agentDescription?: string | null,
 *   runtime: { kind: string } }} Member
 */

export const TIMEOUT_SECONDS = 300;
export const EXTERNAL_TIMEOUT_SECONDS = 604_800;

/** @type {(keyof Draft)[]} */
export const FIELDS = [
  'taskName',
  'taskDescription',
  'initialTaskQuery',
  'subtaskQueries',
  'agentActions',
  'output',
  'budget',
];

/**
 * How long an attempt of such an agent may take, if its action does not say.
 *
 * @param {Member | undefined} member
 */
export function defaultTimeout(member) {
  return member?.runtime.kind === 'EXTERNAL' ? EXTERNAL_TIMEOUT_SECONDS : TIMEOUT_SECONDS;
}

/**
 * The settings of an agent that has none yet.
 *
 * @param {string} agentUuid
 * @returns {Action}
 */
export function newAction(agentUuid) {
  return {
    agentUuid,
    predecessors: [],
    when: null,
    input: null,
    outputSchema: null,
    delaySeconds: 0,
    forEach: null,
    repeat: null,
    taskUuid: null,
    delegatesTo: [],
    primaryPath: true,
    ask: null,
    timeoutSeconds: null,
    answerTimeoutSeconds: null,
    heartbeatSeconds: null,
    retry: { maxAttempts: 3, intervalSeconds: 1, backoffRate: 2 },
    onFailure: 'FAIL_SESSION',
    maxTurns: 10,
  };
}

/** @returns {Draft} */
export function newDraft() {
  return {
    taskName: '',
    taskDescription: null,
    initialTaskQuery: null,
    subtaskQueries: [],
    agentActions: [],
    output: null,
    budget: null,
  };
}

/** @param {string} kind @returns {Rule} */
export function newRule(kind) {
  return {
    kind,
    title: null,
    assignee: null,
    group: null,
    form: null,
    options: [],
    default: null,
    onTimeout: 'FAIL',
    onRejection: 'FAIL',
  };
}

/**
 * A task of the API as a draft.
 *
 * @param {any} task
 * @param {Member[]} members
 * @returns {Draft}
 */
export function toDraft(task, members) {
  const byUuid = new Map(members.map((member) => [member.agentUuid, member]));
  return {
    taskName: task.taskName,
    taskDescription: task.taskDescription,
    initialTaskQuery: task.initialTaskQuery,
    subtaskQueries: task.subtaskQueries.map((/** @type {Query} */ { agentUuid, subtaskQuery }) => ({ agentUuid, subtaskQuery })),
    agentActions: task.agentActions.map((/** @type {any} */ action) => toAction(action, byUuid.get(action.agentUuid))),
    output: task.output,
    budget: task.budget && pick(task.budget, ['tokens', 'dollars', 'seconds']),
  };
}

/**
 * @param {any} action
 * @param {Member | undefined} member
 * @returns {Action}
 */
function toAction(action, member) {
  const { timeoutSeconds } = action;
  const read = /** @type {Action} */ (pick(action, Object.keys(newAction(''))));
  return {
    ...read,
    // The API answers with the default of the kind, which is to stay the kind's.
    timeoutSeconds: timeoutSeconds === defaultTimeout(member) ? null : timeoutSeconds,
    forEach: action.forEach && pick(action.forEach, ['items', 'maxConcurrency', 'toleratedFailures']),
    repeat: action.repeat && pick(action.repeat, ['until', 'maxRounds']),
    retry: pick(action.retry, ['maxAttempts', 'intervalSeconds', 'backoffRate']),
    // `userInTheLoop` is a short form of `ask`, which the API always has as well.
    ask: action.ask && pick(action.ask, Object.keys(newRule(''))),
  };
}

/**
 * Some members of an object, in this order.
 *
 * @param {any} from
 * @param {string[]} names
 * @returns {any}
 */
function pick(from, names) {
  return Object.fromEntries(names.map((name) => [name, from[name]]));
}

/**
 * The fields of a draft that differ from what was read: what an update has to send.
 *
 * @template {Record<string, any>} D
 * @param {D} draft
 * @param {D} base
 * @returns {Partial<D>}
 */
export function changes(draft, base) {
  const names = Object.keys(draft).filter((name) => !same(draft[name], base[name]));
  return /** @type {Partial<D>} */ (Object.fromEntries(names.map((name) => [name, draft[name]])));
}

/**
 * Whether two values are the same JSON.
 *
 * @param {unknown} one
 * @param {unknown} other
 */
export function same(one, other) {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
