import { useRef, useState } from 'preact/hooks';
import { same } from './task_model.js';

const ONE_EDIT_MILLISECONDS = 1500;
const MOST_STEPS = 100;

/**
 * Something that is being edited. `base` is what was read, at `version`; null for something new.
 *
 * @template D
 * @typedef {object} Edited
 * @property {D} base
 * @property {D} draft
 * @property {number | null} version
 * @property {boolean} isChanged
 * @property {(update: (draft: D) => D, what?: string) => void} change `what` names the field that
 *   is typed in: what follows fast in the same field is one step to undo.
 * @property {(() => void) | null} undo null: there is nothing to undo
 * @property {(read: { draft: D, version: number | null }, draft?: D) => void} restart
 *   Begin again with what was read or saved; with `draft`, go on with this.
 */

/**
 * @template D
 * @param {{ draft: D, version: number | null }} read
 * @returns {Edited<D>}
 */
export function useDraft(read) {
  const [state, setState] = useState({
    base: read.draft,
    draft: read.draft,
    version: read.version,
    past: /** @type {D[]} */ ([]),
  });
  const last = useRef({ what: '', at: 0 });
  return {
    ...state,
    isChanged: !same(state.draft, state.base),
    change(update, what = '') {
      const at = Date.now();
      const isSameEdit = what !== '' && what === last.current.what && at - last.current.at < ONE_EDIT_MILLISECONDS;
      last.current = { what, at };
      setState((now) => {
        const draft = update(now.draft);
        if (draft === now.draft) return now;
        const past = isSameEdit ? now.past : [...now.past.slice(1 - MOST_STEPS), now.draft];
        return { ...now, draft, past };
      });
    },
    undo: state.past.length
      ? () =>
          setState((now) => ({ ...now, draft: now.past.at(-1) ?? now.draft, past: now.past.slice(0, -1) }))
      : null,
    restart({ draft, version }, own = draft) {
      setState({ base: draft, draft: own, version, past: [] });
    },
  };
}
