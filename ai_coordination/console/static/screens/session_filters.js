import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Select, useCoordinations, useTasks } from '../components/task_picker.js';
import { html } from '../html.js';
import { go, href, parse } from '../router.js';
import { look } from '../states.js';

const STATUSES = ['IN_PROGRESS', 'WAITING_FOR_INPUT', 'COMPLETED', 'FAILED', 'CANCELLED', 'INITIAL'];
const NAMES = ['status', 'user', 'coordination', 'task', 'label', 'from', 'to', 'schedule'];

/** @param {URLSearchParams} query */
export const isFiltered = (query) => NAMES.some((name) => query.get(name));

/**
 * The filter of the API for that of the address.
 *
 * @param {URLSearchParams} query
 * @returns {Console.Variables<typeof import('../documents/sessions.js').SESSIONS>['filter']}
 */
export function filterOf(query) {
  const label = query.get('label');
  const at = label?.indexOf('=') ?? -1;
  const statuses = query.get('status')?.split(',').filter(Boolean);
  return {
    status: /** @type {any} */ (statuses?.length ? statuses : null),
    userId: query.get('user'),
    taskUuid: query.get('task'),
    scheduleUuid: query.get('schedule'),
    label: label ? { key: label.slice(0, at < 0 ? undefined : at), value: at < 0 ? '' : label.slice(at + 1) } : null,
    createdAfter: midnight(query.get('from'), 0),
    createdBefore: midnight(query.get('to'), 1),
  };
}

/**
 * The beginning of a day where the person is, or of a later one.
 *
 * @param {string | null} day such as 2026-11-30
 * @param {number} days
 */
function midnight(day, days) {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day ?? '') ?? [];
  if (!year) return null;
  const at = new Date(Number(year), Number(month) - 1, Number(date) + days);
  return at.toISOString();
}

/** @param {{ query: URLSearchParams }} properties */
export function Filters({ query }) {
  const set = (/** @type {Record<string, string>} */ members) => {
    // Not `query`: a field that waits for its last key may be overtaken by another filter.
    const next = parse(location.hash).query;
    next.delete('after');
    for (const [name, value] of Object.entries(members)) value ? next.set(name, value) : next.delete(name);
    go(href(['sessions'], next), { replace: true });
  };
  const [wantsMore, setWantsMore] = useState(false);
  // A filter that counts is never hidden.
  const isOpen = wantsMore || NAMES.slice(1).some((name) => query.get(name));
  return html`<section class="filters" aria-label="Filters">
    <div class="line">
      <${Statuses} chosen=${query.get('status')?.split(',') ?? []} set=${(/** @type {string[]} */ chosen) => set({ status: chosen.join() })} />
      <span class="grow"></span>
      <button class="small" aria-expanded=${isOpen} onClick=${() => setWantsMore(!isOpen)}>More filters</button>
      ${isFiltered(query) && html`<a class="button small" href=${href(['sessions'])}>Clear</a>`}
    </div>
    ${
      isOpen &&
      html`<div class="line">
      <${Blueprint} query=${query} set=${set} />
      <${Text} label="User" value=${query.get('user')} set=${(/** @type {string} */ user) => set({ user })} />
      <${Text} label="Label" hint="key=value" value=${query.get('label')} set=${(/** @type {string} */ label) => set({ label })} />
      <label>From <input type="date" value=${query.get('from') ?? ''}
        onChange=${(/** @type {Event} */ event) => set({ from: valueOf(event) })} /></label>
      <label>To <input type="date" value=${query.get('to') ?? ''}
        onChange=${(/** @type {Event} */ event) => set({ to: valueOf(event) })} /></label>
      ${query.get('schedule') && html`<span class="tag">of one schedule <button class="quiet small" aria-label="Of any schedule"
        onClick=${() => set({ schedule: '' })}>✕</button></span>`}
    </div>`
    }
  </section>`;
}

/** @param {Event} event */
const valueOf = (event) => /** @type {HTMLInputElement} */ (event.target).value;

/** @param {{ chosen: string[], set: (chosen: string[]) => void }} properties */
function Statuses({ chosen, set }) {
  const toggle = (/** @type {string} */ status) =>
    set(
      chosen.includes(status)
        ? chosen.filter((one) => one !== status)
        : STATUSES.filter((one) => one === status || chosen.includes(one)),
    );
  return html`<div class="pills" role="group" aria-label="Status">
    ${STATUSES.map((status) => {
      const { icon, word } = look(status);
      const isOn = chosen.includes(status);
      return html`<button class="pill s-${status}" aria-pressed=${isOn}
        onClick=${() => toggle(status)}><span class="icon" aria-hidden="true">${icon}</span> ${word}</button>`;
    })}
  </div>`;
}

/** @param {{ query: URLSearchParams, set: (members: Record<string, string>) => void }} properties */
function Blueprint({ query, set }) {
  const coordination = query.get('coordination') ?? '';
  const coordinations = useCoordinations();
  const tasks = useTasks(coordination);
  return html`
    <label>Coordination <${Select} options=${coordinations.data} value=${coordination} none="Any"
      onChange=${(/** @type {string} */ chosen) => set({ coordination: chosen, task: '' })} /></label>
    ${
      (coordination || query.get('task')) &&
      html`<label>Task <${Select} options=${tasks.data} value=${query.get('task') ?? ''} none="Any"
        onChange=${(/** @type {string} */ task) => set({ task })} /></label>`
    }
  `;
}

/**
 * A text that counts once the person has stopped typing.
 *
 * @param {{ label: string, hint?: string, value: string | null, set: (value: string) => void }} properties
 */
function Text({ label, hint, value, set }) {
  const [text, setText] = useState(value ?? '');
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  useEffect(() => () => clearTimeout(timer.current), []);
  // What is being typed stays, with a space at its end, and also where it is typed at once: this is
  // done before the browser paints.
  useLayoutEffect(() => setText((now) => (now.trim() === (value ?? '') ? now : (value ?? ''))), [value]);
  const typed = (/** @type {Event} */ event) => {
    setText(valueOf(event));
    clearTimeout(timer.current);
    timer.current = setTimeout(() => set(valueOf(event).trim()), 400);
  };
  return html`<label>${label} <input value=${text} placeholder=${hint} size="14" onInput=${typed} /></label>`;
}
