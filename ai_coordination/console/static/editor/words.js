/** What fields and kinds are called. What is not here is shown by its own name. */

/** @type {Record<string, string>} */
const FIELDS = {
  taskName: 'Name',
  taskDescription: 'Description',
  initialTaskQuery: 'Task query',
  subtaskQueries: 'Work',
  agentActions: 'Order of the agents',
  output: 'Output of sessions',
  budget: 'Budget',
  coordinationName: 'Name',
  coordinationDescription: 'Description',
  agents: 'Order of the agents',
  agentName: 'Name',
  agentDescription: 'Description',
  runtime: 'Runtime',
  predecessors: 'Waits for',
  when: 'Condition',
  input: 'Input',
  outputSchema: 'Output schema',
  delaySeconds: 'Delay',
  forEach: 'For each element',
  repeat: 'Rounds',
  taskUuid: 'Sub-task',
  delegatesTo: 'Delegates to',
  primaryPath: 'Thread',
  ask: 'Question to a person',
  timeoutSeconds: 'Timeout',
  answerTimeoutSeconds: 'Time to answer',
  heartbeatSeconds: 'Heartbeat',
  retry: 'Attempts and waits',
  onFailure: 'If it fails',
  maxTurns: 'Turns',
  maxAttempts: 'Attempts',
  intervalSeconds: 'First wait',
  backoffRate: 'Backoff factor',
  items: 'List',
  maxConcurrency: 'At the same time',
  toleratedFailures: 'Tolerated failures',
  until: 'Until',
  maxRounds: 'Rounds at most',
  kind: 'Kind',
  title: 'Question',
  assignee: 'For the user',
  group: 'For the group',
  form: 'Form',
  options: 'Options',
  default: 'Suggested answer',
  onTimeout: 'When nobody answers in time',
  onRejection: 'When the output is rejected',
  target: 'Target',
  parameters: 'Parameters',
};

/** @param {string} name */
export const fieldName = (name) => FIELDS[name] ?? name;

/**
 * A place of a draft, for people: `Offer: Condition`.
 *
 * @param {(string | number)[]} place
 * @param {(agentUuid: string) => string} nameOf
 */
export function placeName(place, nameOf) {
  const [field, agentUuid, ...members] = place.map(String);
  if (agentUuid === undefined) return fieldName(field);
  if (members.length === 0) return field === 'subtaskQueries' ? `${nameOf(agentUuid)}: Work` : nameOf(agentUuid);
  return `${nameOf(agentUuid)}: ${members.map(fieldName).join(', ')}`;
}

/** @type {Record<string, { label: string, help: string }>} */
const TARGETS = {
  LAMBDA: { label: 'Function', help: 'Name or ARN of the function.' },
  OPENAI: { label: 'Server', help: "The server's base URL, up to /v1." },
  BEDROCK: { label: 'Model', help: 'ID or ARN of a model or of an inference profile.' },
  HTTP: { label: 'URL', help: 'Where the agent is sent its work.' },
  A2A: { label: 'URL', help: "The agent's base URL, or that of its card." },
};

/** Kinds of runtime that call nothing. */
const WITHOUT_TARGET = new Set(['ECHO', 'EXTERNAL', 'PASS']);

/**
 * How the target of a kind is called. Null: the kind has none.
 *
 * @param {string} kind
 */
export function targetOf(kind) {
  return WITHOUT_TARGET.has(kind) ? null : (TARGETS[kind] ?? { label: 'Target', help: '' });
}

/** @type {Record<string, string>} */
const KINDS = {
  ECHO: 'answers with its input, for tests',
  LAMBDA: 'a function on AWS Lambda',
  EXTERNAL: 'a person or a program that reports by the API',
  PASS: 'passes on what it gets, and calls nothing',
  OPENAI: "a model behind OpenAI's chat completions",
  BEDROCK: 'a model of Amazon Bedrock',
  HTTP: 'a server that is sent signed requests',
  A2A: 'an agent that speaks A2A',
};

/** @param {string} kind */
export const kindName = (kind) => (KINDS[kind] ? `${kind}: ${KINDS[kind]}` : kind);
