/**
 * The headers that identify the person.
 *
 * @returns {Promise<Record<string, string>>}
 */
export async function authorization() {
  return {};
}

/**
 * Get a new token after one was refused. Returns whether there is one.
 *
 * @returns {Promise<boolean>}
 */
export async function signInAgain() {
  return false;
}
