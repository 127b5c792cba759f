import { ask } from '../api.js';
import { COORDINATION_TO_EDIT, CREATE_COORDINATION, UPDATE_COORDINATION } from '../documents/editor.js';
import { newDraft, toDraft } from './coordination_model.js';
import { changes } from './task_model.js';

/**
 * @param {string | null} coordinationUuid null: a new one
 * @param {AbortSignal} [signal]
 */
export async function readCoordination(coordinationUuid, signal) {
  if (coordinationUuid === null) return { draft: newDraft(), version: null, updatedBy: null, updatedAt: null };
  const { coordination } = /** @type {any} */ (await ask(COORDINATION_TO_EDIT, { coordinationUuid }, signal));
  return coordination && asRead(coordination);
}

/** @param {any} coordination */
export function asRead(coordination) {
  const { version, updatedBy, updatedAt } = coordination;
  return { draft: toDraft(coordination), version, updatedBy, updatedAt };
}

/**
 * Save what has changed, or create the coordination. Returns it as it is stored.
 *
 * @param {string | null} coordinationUuid
 * @param {any} draft
 * @param {any} base
 * @param {number | null} expectedVersion
 * @param {string} idempotencyKey
 */
export async function write(coordinationUuid, draft, base, expectedVersion, idempotencyKey) {
  if (coordinationUuid === null) {
    const { createCoordination } = /** @type {any} */ (await ask(CREATE_COORDINATION, { input: { ...draft, idempotencyKey } }));
    return createCoordination.coordination;
  }
  const input = /** @type {any} */ ({ coordinationUuid, expectedVersion, ...changes(draft, base) });
  const { updateCoordination } = /** @type {any} */ (await ask(UPDATE_COORDINATION, { input }));
  return updateCoordination.coordination;
}
