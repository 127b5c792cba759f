/**
 * The authorization code flow of OpenID Connect with PKCE, for a client without a secret.
 *
 * @typedef {import('./config.js').Issuer} Issuer
 *
 * @typedef {object} Pending What must be remembered while the person is at the issuer.
 * @property {string} state Shows that the answer is for a question of this tab.
 * @property {string} nonce Shows that the ID token is for it too.
 * @property {string} verifier Shows the issuer that the code is used by who asked for it.
 * @property {string} hash Where the person was.
 *
 * @typedef {object} Tokens
 * @property {string} access_token
 * @property {string} [id_token]
 * @property {string} [refresh_token]
 */

/** How wrong the clock of this computer may be. */
const SECONDS_OF_SKEW = 300;

/** The issuer refused, or its answer is not for us. */
export class SignInFailed extends Error {
  name = 'SignInFailed';
}

/** Where people come back to. It must be registered with the issuer. */
export const returnAddress = () => `${location.origin}/console/`;

/** @param {Uint8Array} bytes */
const encoded = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const random = () => encoded(crypto.getRandomValues(new Uint8Array(32)));

/** @returns {Pending} */
export const newPending = () => ({ state: random(), nonce: random(), verifier: random(), hash: location.hash });

/**
 * The address at which the issuer asks who the person is.
 *
 * @param {Issuer} issuer
 * @param {Pending} pending
 */
export async function authorizationUrl(issuer, { state, nonce, verifier }) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  return withParameters(issuer.endpoints.authorization, {
    ...issuer.parameters,
    response_type: 'code',
    client_id: issuer.clientId,
    redirect_uri: returnAddress(),
    scope: issuer.scope,
    state,
    nonce,
    code_challenge: encoded(new Uint8Array(digest)),
    code_challenge_method: 'S256',
  });
}

/**
 * The tokens for an answer of the issuer: the parameters with which it sent the person back.
 * Throws SignInFailed.
 *
 * @param {Issuer} issuer
 * @param {URLSearchParams} answer
 * @param {Pending | null} pending
 */
export async function tokensFor(issuer, answer, pending) {
  if (!pending || answer.get('state') !== pending.state) throw new SignInFailed('This sign-in did not begin in this tab.');
  const from = answer.get('iss');
  if (from && from !== issuer.issuer) throw new SignInFailed(`${from} answered instead of ${issuer.issuer}.`);
  const code = answer.get('code');
  if (!code) throw new SignInFailed(answer.get('error_description') ?? answer.get('error') ?? 'The issuer sent no code.');
  const parameters = { grant_type: 'authorization_code', code, redirect_uri: returnAddress(), code_verifier: pending.verifier };
  const tokens = await request(issuer, parameters);
  check(issuer, tokens, pending.nonce);
  return tokens;
}

/**
 * New tokens for a refresh token. Throws SignInFailed where the issuer refuses it.
 *
 * @param {Issuer} issuer
 * @param {string} refreshToken
 */
export const refreshed = (issuer, refreshToken) =>
  request(issuer, { grant_type: 'refresh_token', refresh_token: refreshToken });

/**
 * @param {Issuer} issuer
 * @param {Record<string, string>} parameters
 * @returns {Promise<Tokens>}
 */
async function request(issuer, parameters) {
  const body = new URLSearchParams({ ...issuer.parameters, client_id: issuer.clientId, ...parameters });
  const response = await fetch(issuer.endpoints.token, { method: 'POST', body, credentials: 'omit', cache: 'no-store' });
  const answer = await response.json().catch(() => ({}));
  if (response.ok && answer.access_token) return answer;
  // A busy issuer has refused nothing.
  if (response.status >= 500 || response.status === 429) throw new Error(`The issuer answered with status ${response.status}.`);
  throw new SignInFailed(answer.error_description ?? answer.error ?? `The issuer answered with status ${response.status}.`);
}

/**
 * What an ID token says. It came from the issuer itself by TLS, so its signature needs no check.
 *
 * @param {string | undefined} idToken
 * @returns {Record<string, any>}
 */
export function claimsOf(idToken) {
  try {
    const payload = (idToken ?? '').split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

/**
 * Throw SignInFailed unless the ID token is of this issuer, for this client and this question.
 *
 * @param {Issuer} issuer
 * @param {Tokens} tokens
 * @param {string} nonce
 */
function check(issuer, tokens, nonce) {
  const { iss, aud, exp, nonce: given } = claimsOf(tokens.id_token);
  const isOurs =
    iss === issuer.issuer &&
    [aud].flat().includes(issuer.clientId) &&
    given === nonce &&
    exp > Date.now() / 1000 - SECONDS_OF_SKEW;
  if (!isOurs) throw new SignInFailed('The ID token is not for this sign-in.');
}

/**
 * Tell the issuer that a refresh token is no longer needed. It may not listen.
 *
 * @param {Issuer} issuer
 * @param {string} refreshToken
 */
export async function revoke(issuer, refreshToken) {
  if (!issuer.endpoints.revocation) return;
  const body = new URLSearchParams({ client_id: issuer.clientId, token: refreshToken, token_type_hint: 'refresh_token' });
  await fetch(issuer.endpoints.revocation, { method: 'POST', body, credentials: 'omit' }).catch(() => null);
}

/**
 * The address at which people sign out of the issuer, where it has one.
 *
 * @param {Issuer} issuer
 * @param {string | undefined} idToken
 */
export const signOutUrl = (issuer, idToken) =>
  issuer.endpoints.end_session &&
  withParameters(issuer.endpoints.end_session, {
    client_id: issuer.clientId,
    post_logout_redirect_uri: returnAddress(),
    // Amazon Cognito's name for it.
    logout_uri: returnAddress(),
    ...(idToken && { id_token_hint: idToken }),
  });

/**
 * @param {string} address
 * @param {Record<string, string>} parameters
 */
function withParameters(address, parameters) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
