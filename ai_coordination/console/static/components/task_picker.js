import { useEffect, useRef } from 'preact/hooks';
import { ask } from '../api.js';
import { COORDINATION_NAMES, TASK_NAMES } from '../documents/blueprints.js';
import { html } from '../html.js';
import { useLoaded } from '../live.js';
import { Field } from './basics.js';
import { Problem } from './loaded.js';

const MOST_PAGES = 10;

/**
 * The pages of a list, joined.
 *
 * @template T
 * @param {(after: string | null) => Promise<{ nodes: T[], pageInfo: { hasNextPage: boolean, endCursor: string | null } }>} page
 * @returns {Promise<T[]>}
 */
async function joined(page) {
  /** @type {T[]} */
  const all = [];
  let after = null;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const { nodes, pageInfo } = await page(after);
    all.push(...nodes);
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  return all;
}

/** @typedef {{ value: string, label: string }} Option */

/** @param {Option[]} options */
const byName = (options) => options.sort((a, b) => a.label.localeCompare(b.label));

/** @returns {import('../live.js').Live<Option[]>} */
export function useCoordinations() {
  return useLoaded(async (signal) => {
    const all = await joined((after) => ask(COORDINATION_NAMES, { after }, signal).then((got) => got.coordinations));
    return byName(all.map((one) => ({ value: one.coordinationUuid, label: one.coordinationName })));
  }, []);
}

/**
 * @param {string} coordinationUuid empty: none
 * @returns {import('../live.js').Live<Option[]>}
 */
export function useTasks(coordinationUuid) {
  return useLoaded(
    async (signal) => {
      if (!coordinationUuid) return [];
      const all = await joined((after) =>
        ask(TASK_NAMES, { coordinationUuid, after }, signal).then((got) => got.tasks),
      );
      return byName(all.map((one) => ({ value: one.taskUuid, label: one.taskName })));
    },
    [coordinationUuid],
  );
}

/**
 * A choice among things that have names. A value that is not among them is shown as it is.
 *
 * @param {{ options: Option[] | undefined, value: string, none: string, onChange: (value: string) => void,
 *   required?: boolean, label?: string, focus?: boolean }} properties
 */
export function Select({ options, value, none, onChange, required = false, label, focus = false }) {
  const element = useRef(/** @type {HTMLSelectElement | null} */ (null));
  useEffect(() => void (focus && element.current?.focus()), []);
  const isUnknown = value && !options?.some((one) => one.value === value);
  const changed = (/** @type {Event} */ event) => onChange(/** @type {HTMLSelectElement} */ (event.target).value);
  return html`<select ref=${element} aria-label=${label} required=${required} value=${value} onChange=${changed}>
    <option value="">${options ? none : 'Loading…'}</option>
    ${isUnknown && html`<option value=${value}>${options ? value : 'Loading…'}</option>`}
    ${options?.map((one) => html`<option key=${one.value} value=${one.value}>${one.label}</option>`)}
  </select>`;
}

/**
 * Choose a task: first its coordination, then the task.
 *
 * @param {{ coordination: string, task: string, onChange: (coordination: string, task: string) => void,
 *   focus?: boolean }} properties
 */
export function TaskPicker({ coordination, task, onChange, focus = false }) {
  const coordinations = useCoordinations();
  const tasks = useTasks(coordination);
  return html`<div class="pair">
      <${Field} label="Coordination">
        <${Select} required focus=${focus} options=${coordinations.data} value=${coordination} none="Choose…"
          onChange=${(/** @type {string} */ chosen) => onChange(chosen, '')} />
      </>
      <${Field} label="Task">
        <${Select} required options=${tasks.data} value=${task} none=${coordination ? 'Choose…' : 'Choose a coordination first'}
          onChange=${(/** @type {string} */ chosen) => onChange(coordination, chosen)} />
      </>
    </div>
    ${tasks.data?.length === 0 && coordination && html`<p class="quiet">This coordination has no task yet.</p>`}
    <${Problem} error=${coordinations.error ?? tasks.error} retry=${coordinations.error ? coordinations.reload : tasks.reload} />`;
}
