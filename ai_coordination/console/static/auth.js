import { config } from './config.js';
import { personHeaders } from './local_person.js';
import { SignInFailed, authorizationUrl, claimsOf, newPending, refreshed, revoke, signOutUrl, tokensFor } from './oidc.js';

/**
 * Who is signed in.
 *
 * The access token is in memory alone. The refresh token outlives a reload in `sessionStorage`, which
 * ends with the tab.
 *
 * @typedef {object} Identity
 * @property {'off' | 'in' | 'out'} state `off`: nobody needs to sign in.
 * @property {string} name Name of the person.
 * @property {string} message Why nobody is signed in.
 * @property {boolean} wasIn Whether a person has been signed in since the page was opened.
 */

const PENDING = 'ai-coordination.pending';
const REFRESH = 'ai-coordination.refresh';
const SIGNED_OUT = 'ai-coordination.signed-out';
const ENDED = 'Your sign-in has ended.';

/** @type {Identity} */
let identity = { state: 'off', name: '', message: '', wasIn: false };
/** @type {import('./oidc.js').Tokens | null} */
let tokens = null;
/** @type {Promise<boolean> | undefined} */
let renewal;
/** @type {Set<() => void>} */
const watchers = new Set();

/** Who is signed in now. */
export const identityNow = () => identity;

/** Call a function after each change of the identity. Returns how to stop. @param {() => void} watcher */
export function watchIdentity(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** @param {Partial<Identity>} changes */
function become(changes) {
  identity = { ...identity, ...changes };
  for (const watcher of watchers) watcher();
}

/**
 * The issuer, or null where nobody signs in.
 *
 * @returns {Promise<import('./oidc.js').Issuer | null>}
 */
const issuerNow = async () => (await config()).auth;

/** Sign the person in as the page opens: here, or by leaving for the issuer. */
export async function arrive() {
  try {
    const issuer = await issuerNow();
    if (!issuer) return;
    const answer = new URLSearchParams(location.search);
    if (answer.has('state')) await comeBack(issuer, answer);
    else if (sessionStorage.getItem(REFRESH) && (await signInAgain())) return;
    else if (sessionStorage.getItem(SIGNED_OUT)) become({ state: 'out', message: 'You are signed out.' });
    else if (!sessionStorage.getItem(REFRESH)) await signIn();
  } catch (error) {
    become({ state: 'out', message: /** @type {Error} */ (error).message });
  }
}

/** Leave for the issuer, which sends the person back to where they are now. */
export async function signIn() {
  const issuer = await issuerNow().catch((error) => become({ state: 'out', message: error.message }));
  if (!issuer) return;
  const pending = newPending();
  sessionStorage.removeItem(SIGNED_OUT);
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  location.assign(await authorizationUrl(issuer, pending));
  // Nothing is shown until the browser has left.
  await new Promise(() => {});
}

/**
 * @param {import('./oidc.js').Issuer} issuer
 * @param {URLSearchParams} answer
 */
async function comeBack(issuer, answer) {
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? 'null');
  sessionStorage.removeItem(PENDING);
  // A code is for one use: not for the history, a bookmark or a reload.
  history.replaceState(null, '', `${location.pathname}${pending?.hash ?? ''}`);
  keep(issuer, await tokensFor(issuer, answer, pending));
}

/**
 * @param {import('./oidc.js').Issuer} issuer
 * @param {import('./oidc.js').Tokens} received
 */
function keep(issuer, received) {
  if (issuer.token === 'id' && !received.id_token) throw new SignInFailed('The issuer sent no ID token.');
  // An issuer may leave out what has not changed.
  tokens = { id_token: tokens?.id_token, ...received };
  if (received.refresh_token) sessionStorage.setItem(REFRESH, received.refresh_token);
  const { name, preferred_username: username, email, sub } = claimsOf(tokens.id_token);
  become({ state: 'in', name: String(name ?? username ?? email ?? sub ?? ''), message: '', wasIn: true });
}

/**
 * The headers that identify the person.
 *
 * @returns {Promise<Record<string, string>>}
 */
export async function authorization() {
  const { auth: issuer, choosesPerson } = await config();
  if (choosesPerson) return personHeaders();
  if (!issuer || !tokens) return {};
  return { authorization: `Bearer ${issuer.token === 'id' ? tokens.id_token : tokens.access_token}` };
}

/**
 * Get a new token after one was refused. Returns whether there is one. Requests that are refused at
 * the same time share it, and so does one that is refused later for the same token.
 *
 * @param {string} [refused] The header of the refused request.
 * @returns {Promise<boolean>}
 */
export async function signInAgain(refused) {
  if (refused && tokens && refused !== (await authorization()).authorization) return true;
  renewal ??= renew().finally(() => (renewal = undefined));
  return renewal;
}

async function renew() {
  const issuer = await issuerNow();
  if (!issuer) return false;
  const refreshToken = sessionStorage.getItem(REFRESH);
  // A request that was refused a little later than the others: why they were is said already.
  if (!refreshToken && identity.state === 'out') return false;
  try {
    if (!refreshToken) throw new SignInFailed(ENDED);
    keep(issuer, await refreshed(issuer, refreshToken));
    return true;
  } catch (error) {
    // Without an answer the refresh token may be good. If it was refused, it never is again.
    if (error instanceof SignInFailed) forget();
    become({ state: 'out', message: error instanceof SignInFailed ? ENDED : `The issuer does not answer: ${issuer.issuer}` });
    return false;
  }
}

/**
 * The API refused a token that the issuer has just given: another one would not be better.
 *
 * @param {Response} response
 */
export async function refuse(response) {
  if (!(await issuerNow()) || !tokens) return;
  const answer = await response.clone().json().catch(() => null);
  const header = response.headers.get('www-authenticate') ?? '';
  const reason = answer?.errors?.[0]?.message ?? /error_description="([^"]*)"/.exec(header)?.[1] ?? 'no reason is given';
  forget();
  become({ state: 'out', message: `The API refuses the token: ${reason}` });
}

function forget() {
  tokens = null;
  sessionStorage.removeItem(REFRESH);
}

/** Sign out here and, where the issuer has an address for that, there. */
export async function signOut() {
  const issuer = await issuerNow();
  if (!issuer) return;
  const refreshToken = sessionStorage.getItem(REFRESH);
  const url = signOutUrl(issuer, tokens?.id_token);
  forget();
  sessionStorage.setItem(SIGNED_OUT, 'yes');
  if (refreshToken) await revoke(issuer, refreshToken);
  if (url) location.assign(url);
  else become({ state: 'out', message: 'You are signed out.', wasIn: false });
}
