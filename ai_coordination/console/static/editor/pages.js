import { ask } from '../api.js';

const MOST_PAGES = 10;

/**
 * All tasks of a coordination, from the pages of a document, up to a bound.
 *
 * @param {any} document
 * @param {string} coordinationUuid
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ tasks: any[], isCut: boolean }>}
 */
export async function allTasks(document, coordinationUuid, signal) {
  const tasks = [];
  /** @type {string | null} */
  let after = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { coordination } = /** @type {any} */ (await ask(document, { coordinationUuid, after }, signal));
    tasks.push(...(coordination?.tasks.nodes ?? []));
    if (!coordination?.tasks.pageInfo.hasNextPage) return { tasks, isCut: false };
    after = coordination.tasks.pageInfo.endCursor;
  }
  return { tasks, isCut: true };
}
