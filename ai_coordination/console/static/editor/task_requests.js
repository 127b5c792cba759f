import { ask } from '../api.js';
import { CREATE_TASK, MEMBERS, TASK_TO_EDIT, UPDATE_TASK } from '../documents/editor.js';
import { changes, newDraft, toDraft } from './task_model.js';

/**
 * A task as it is stored, and the coordination that it belongs to.
 *
 * @typedef {{ draft: import('./task_model.js').Draft, version: number | null,
 *   updatedBy: string | null, updatedAt: string | null }} Read
 * @typedef {{ coordinationName: string, agents: import('./task_model.js').Member[] }} Around
 */

/**
 * @param {string} coordinationUuid
 * @param {string | null} taskUuid null: a new one
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ read: Read, around: Around } | null>} null: there is no such task
 */
export async function readTask(coordinationUuid, taskUuid, signal) {
  const [{ coordination }, { task }] = /** @type {any} */ (
    await Promise.all([
      ask(MEMBERS, { coordinationUuid }, signal),
      taskUuid === null ? { task: null } : ask(TASK_TO_EDIT, { coordinationUuid, taskUuid }, signal),
    ])
  );
  if (!coordination || (taskUuid !== null && !task)) return null;
  return { read: task ? asRead(task, coordination.agents) : asNew(), around: coordination };
}

/** @returns {Read} */
const asNew = () => ({ draft: newDraft(), version: null, updatedBy: null, updatedAt: null });

/** @param {any} task @param {import('./task_model.js').Member[]} members @returns {Read} */
export function asRead(task, members) {
  const { version, updatedBy, updatedAt } = task;
  return { draft: toDraft(task, members), version, updatedBy, updatedAt };
}

/**
 * Save what has changed, or create the task. Returns it as it is stored.
 *
 * @param {object} place
 * @param {string} place.coordinationUuid
 * @param {string | null} place.taskUuid null: a new one
 * @param {import('./task_model.js').Draft} draft
 * @param {import('./task_model.js').Draft} base
 * @param {{ expectedVersion: number | null, idempotencyKey: string }} condition
 * @returns {Promise<any>}
 */
export async function write({ coordinationUuid, taskUuid }, draft, base, { expectedVersion, idempotencyKey }) {
  if (taskUuid === null) {
    const input = /** @type {any} */ ({ coordinationUuid, ...draft, idempotencyKey });
    return /** @type {any} */ (await ask(CREATE_TASK, { input })).createTask.task;
  }
  const input = /** @type {any} */ ({ coordinationUuid, taskUuid, expectedVersion, ...changes(draft, base) });
  return /** @type {any} */ (await ask(UPDATE_TASK, { input })).updateTask.task;
}
