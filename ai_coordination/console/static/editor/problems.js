/** Errors of the API, at the place of the draft that they are about. */

/**
 * An error of the API whose `inputPath` names agents by their `agentUuid` instead of their index,
 * so that it stays right while the draft changes: `['agentActions', 'offer', 'when']`.
 *
 * @param {import('../api.js').Refused} error
 * @param {any} draft what was sent
 * @returns {import('../api.js').Refused}
 */
export function placed(error, draft) {
  const path = error.inputPath[0] === 'input' ? error.inputPath.slice(1) : error.inputPath;
  const row = draft[path[0]]?.[path[1]];
  if (row?.agentUuid === undefined) return withPath(error, path);
  const own = draft[path[0]].filter((/** @type {any} */ other) => other.agentUuid === row.agentUuid);
  // An agent may have several subtask queries.
  const among = path[0] === 'subtaskQueries' ? [own.indexOf(row)] : [];
  return withPath(error, [path[0], row.agentUuid, ...among, ...path.slice(2)]);
}

/** @param {import('../api.js').Refused} error @param {(string | number)[]} inputPath */
function withPath(error, inputPath) {
  return Object.assign(Object.create(error), { inputPath, message: error.message, code: error.code });
}

/**
 * The agent that an error is about. Null: it is about none.
 *
 * @param {import('../api.js').Refused | undefined} error
 */
export function agentOf(error) {
  const [list, uuid] = error?.inputPath ?? [];
  const isOfAgent = ['agentActions', 'subtaskQueries', 'agents'].includes(String(list));
  return isOfAgent && typeof uuid === 'string' ? uuid : null;
}

/**
 * What an error says against a place, or one below it.
 *
 * @param {import('../api.js').Refused | undefined} error
 * @param {(string | number)[]} place
 */
export function said(error, place) {
  if (!error || error.inputPath.length < place.length) return undefined;
  return place.every((step, index) => step === error.inputPath[index]) ? error.message : undefined;
}
