import { authorization, refuse, signInAgain } from './auth.js';
import { config } from './config.js';
import { parseExactly } from './exact_json.js';

/** The code of an error that is the network's or the gateway's, not the API's. */
export const UNREACHABLE = 'UNREACHABLE';

/** An error of the API, or of the way to it. */
export class Refused extends Error {
  /** @param {{ message: string, extensions?: Record<string, any> }} error */
  constructor({ message, extensions = {} }) {
    super(message);
    this.name = 'Refused';
    /** @type {string} */
    this.code = extensions.code ?? UNREACHABLE;
    /** @type {(string | number)[]} The place of the input that is wrong, such as `['agentActions', 0, 'when']`. */
    this.inputPath = withoutArgument(extensions.inputPath ?? []);
    /** @type {number} */
    this.retryAfterSeconds = extensions.retryAfterSeconds ?? 0;
    /** All members of the error, such as `currentVersion` of a CONFLICT. */
    this.extensions = extensions;
  }
}

/**
 * Every mutation has one argument, `input`: its places are below it.
 *
 * @param {(string | number)[]} path
 */
const withoutArgument = (path) => (path[0] === 'input' ? path.slice(1) : path);

/**
 * Ask the API. Throws `Refused` for each error that it answers with.
 *
 * @template Result, Variables
 * @param {Console.TypedDocument<Result, Variables>} document
 * @param {Variables} [variables]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Result>}
 */
export async function ask(document, variables, signal) {
  const identity = await authorization();
  let response = await post(document, variables, identity, signal);
  if (response.status === 401 && (await signInAgain(identity.authorization))) {
    response = await post(document, variables, await authorization(), signal);
    if (response.status === 401) await refuse(response);
  }
  const answer = await response.text().then(parseExactly).catch(() => null);
  if (answer?.errors?.length) throw new Refused(answer.errors[0]);
  if (!answer?.data) throw new Refused({ message: statusOf(response, answer) });
  return answer.data;
}

/**
 * @param {unknown} query
 * @param {unknown} variables
 * @param {Record<string, string>} identity
 * @param {AbortSignal} [signal]
 */
async function post(query, variables, identity, signal) {
  const { api } = await config();
  const headers = {
    ...identity,
    'content-type': 'application/json',
    accept: 'application/graphql-response+json, application/json;q=0.9',
  };
  try {
    return await fetch(api, { method: 'POST', signal, headers, body: JSON.stringify({ query, variables }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused({ message: 'The server does not answer.' });
  }
}

/**
 * What a gateway has answered instead of the API.
 *
 * @param {Response} response
 * @param {{ message?: unknown } | null} answer
 */
const statusOf = ({ status }, answer) =>
  `The server answered with status ${status}${typeof answer?.message === 'string' ? `: ${answer.message}` : ''}.`;

/**
 * A new idempotency key. A form makes one when it opens, so that sending it twice makes one entity.
 */
export const newKey = () => crypto.randomUUID();
