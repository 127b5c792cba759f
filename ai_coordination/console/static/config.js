/**
 * How this deployment is reached.
 *
 * @typedef {object} Config
 * @property {string} api URL of the GraphQL API.
 * @property {string | null} explorer URL of GraphiQL, where there is one.
 * @property {string} version Version of the engine.
 * @property {{ issuer: string, clientId: string, scope: string, token: 'access' | 'id' } | null} auth
 *   How people sign in. Null: they need not.
 */

/** @type {Promise<Config> | undefined} */
let loaded;

/** @returns {Promise<Config>} */
export function config() {
  loaded ??= fetch('config.json').then((response) => response.json());
  loaded.catch(() => (loaded = undefined));
  return loaded;
}
