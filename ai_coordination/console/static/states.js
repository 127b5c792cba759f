/**
 * How a state looks and is called. States are told apart by icon and word, not only by colour.
 *
 * @type {Record<string, { icon: string, word: string }>}
 */
const STATES = {
  INITIAL: { icon: '○', word: 'not started' },
  IN_PROGRESS: { icon: '▶', word: 'in progress' },
  WAITING_FOR_INPUT: { icon: '?', word: 'asks a person' },
  COMPLETED: { icon: '✓', word: 'completed' },
  FAILED: { icon: '✕', word: 'failed' },
  SKIPPED: { icon: '⤼', word: 'skipped' },
  CANCELLED: { icon: '■', word: 'cancelled' },
};

/** Every state, in the order in which counts are shown. */
export const ALL_STATES = Object.keys(STATES);

/** Statuses in which a session moves no more. */
export const ENDED = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/**
 * A state that a later version of the engine may know is shown by its own name.
 *
 * @param {string} state
 */
export function look(state) {
  return STATES[state] ?? { icon: '·', word: state.toLowerCase().replaceAll('_', ' ') };
}
