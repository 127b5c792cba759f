/**
 * How this deployment is reached.
 *
 * @typedef {object} Config
 * @property {string} api URL of the GraphQL API.
 * @property {string | null} explorer URL of GraphiQL, where there is one.
 * @property {boolean} choosesPerson Whether who uses the page says who they are, as on the development server.
 * @property {string} version Version of the engine.
 * @property {Issuer | null} auth How people sign in. Null: they need not.
 *
 * @typedef {object} Issuer An issuer of OpenID Connect, and the console's client there.
 * @property {string} issuer
 * @property {string} clientId
 * @property {string} scope
 * @property {'access' | 'id'} token The token that the API gets.
 * @property {Record<string, string>} parameters Further parameters of its requests.
 * @property {{ authorization: string, token: string, end_session: string | null, revocation: string | null }} endpoints
 */

/** @type {Promise<Config> | undefined} */
let loaded;

/** @returns {Promise<Config>} */
export function config() {
  loaded ??= load();
  loaded.catch(() => (loaded = undefined));
  return loaded;
}

/** @returns {Promise<Config>} */
async function load() {
  const response = await fetch('/console/config.json');
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.message ?? `The server answered with status ${response.status}.`);
  return answer;
}
