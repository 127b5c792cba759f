import { Field } from '../components/basics.js';
import { below } from '../components/schema_form.js';
import { html } from '../html.js';

/**
 * What a start may have beside its query.
 *
 * @typedef {{ key: string, value: string }} Label
 * @typedef {{ name: string, uri: string, mediaType: string }} File
 * @typedef {{ userId: string | null, labels: Label[], files: File[], tokens: string, dollars: string,
 *   seconds: string, threadUuid: string, input: () => Pick<Input, 'labels' | 'inputFiles' | 'budget' | 'threadUuid'> }} More
 * @typedef {Console.Variables<typeof import('../documents/start.js').START_SESSION>['input']} Input
 */

const MOST_LABELS = 10;

/** @returns {More} */
export function noMore() {
  return { userId: null, labels: [], files: [], tokens: '', dollars: '', seconds: '', threadUuid: '', input };
}

/** What is sent to the API. @this {More} */
function input() {
  const number = (/** @type {string} */ text) => (text === '' ? null : Number(text));
  const budget = { tokens: number(this.tokens), dollars: number(this.dollars), seconds: number(this.seconds) };
  const given = Object.entries(budget).filter(([, value]) => value !== null);
  return {
    labels: this.labels,
    inputFiles: this.files.map(({ mediaType, ...file }) => ({ ...file, mediaType: mediaType || null })),
    // Without any, the task's own budget counts.
    budget: given.length ? Object.fromEntries(given) : null,
    threadUuid: this.threadUuid.trim() || null,
  };
}

/** @param {Event} event */
const typed = (event) => /** @type {HTMLInputElement} */ (event.target).value;

/**
 * @param {{ task: import('./start.js').StartedTask, more: More, change: (more: More) => void,
 *   error?: import('../api.js').Refused }} properties
 */
export function More({ task, more, change, error }) {
  const text = (/** @type {'userId' | 'threadUuid'} */ name, /** @type {string} */ label, /** @type {string} */ help) =>
    html`<${Field} label=${label} help=${help} error=${below(error, [name])}>
      <input value=${more[name] ?? ''} onInput=${(/** @type {Event} */ event) => change({ ...more, [name]: typed(event) })} />
    </>`;
  const limit = (
    /** @type {'tokens' | 'dollars' | 'seconds'} */ name,
    /** @type {string} */ label,
    /** @type {string} */ step,
  ) =>
    html`<${Field} label=${label} error=${below(error, ['budget', name])}>
      <input type="number" min="0" step=${step} placeholder=${task.budget?.[name] ?? ''} value=${more[name]}
        onInput=${(/** @type {Event} */ event) => change({ ...more, [name]: typed(event) })} />
    </>`;
  const own = task.budget
    ? 'Those of the task count, unless you set one here: then only yours do.'
    : 'The session fails when one is reached.';
  return html`
    ${text('userId', 'User', 'For whom the session runs.')}
    <${Rows} what="label" rows=${more.labels} most=${MOST_LABELS} empty=${{ key: '', value: '' }} error=${error} place="labels"
      fields=${[
        ['key', 'Key'],
        ['value', 'Value'],
      ]} help="By which the session is found." change=${(/** @type {Label[]} */ labels) => change({ ...more, labels })} />
    <${Rows} what="file" rows=${more.files} most=${100} empty=${{ name: '', uri: '', mediaType: '' }} error=${error} place="inputFiles"
      fields=${[
        ['name', 'Name'],
        ['uri', 'URI'],
        ['mediaType', 'Media type'],
      ]} help="Files that the agents may read." change=${(/** @type {File[]} */ files) => change({ ...more, files })} />
    <details class="more" open=${Boolean(more.tokens || more.dollars || more.seconds || more.threadUuid || below(error, ['budget']) || below(error, ['threadUuid'])) || undefined}>
      <summary>Limits and conversation</summary>
      <fieldset>
        <legend>Limits</legend>
        <div class="pair">${limit('tokens', 'Tokens', '1')}${limit('dollars', 'Dollars', 'any')}${limit('seconds', 'Seconds', '1')}</div>
        <small class="quiet">${own}</small>
      </fieldset>
      ${text('threadUuid', 'Thread UUID', 'The conversation that the session continues.')}
    </details>
  `;
}

/**
 * Rows of fields, with buttons to add and to remove one.
 *
 * @param {{ what: string, rows: any[], most: number, empty: any, fields: [string, string][], help: string,
 *   place: string, error?: import('../api.js').Refused, change: (rows: any[]) => void }} properties
 */
function Rows({ what, rows, most, empty, fields, help, place, error, change }) {
  const said = below(error, [place]);
  return html`<fieldset class="rows ${said ? 'wrong' : ''}">
    <legend>${what[0].toUpperCase() + what.slice(1)}s</legend>
    ${rows.map(
      (row, index) => html`<div class="pair" key=${index}>
        ${fields.map(
          ([
            name,
            label,
          ]) => html`<input aria-label="${label} of ${what} ${index + 1}" placeholder=${label} required=${name !== 'mediaType'} value=${row[name]}
           
              onInput=${(/** @type {Event} */ event) => change(rows.map((one, at) => (at === index ? { ...one, [name]: typed(event) } : one)))} />`,
        )}
        <button type="button" class="small" aria-label="Remove ${what} ${index + 1}"
          onClick=${() => change(rows.filter((_, at) => at !== index))}>Remove</button>
      </div>`,
    )}
    ${rows.length < most && html`<button type="button" class="small" onClick=${() => change([...rows, empty])}>Add a ${what}</button>`}
    ${rows.length === 0 && html`<small class="quiet"> ${help}</small>`}
    ${said && html`<small class="error" role="alert">${error?.inputPath.slice(1).join('.')} ${said}</small>`}
  </fieldset>`;
}
