import { useState } from 'preact/hooks';
import { Field } from '../components/basics.js';
import { html } from '../html.js';

const MOST_SHOWN = 100;
const FILTER_FROM = 12;

/** @param {Event} event */
const typed = (event) => /** @type {HTMLInputElement} */ (event.target).value;

/**
 * One of a few values, in words. A value that is not among them is kept, under its own name.
 *
 * @param {{ label: string, help?: any, value: string | null, options: [string, string][],
 *   none?: string, onChange: (value: string | null) => void, error?: string }} properties
 *   `none` is what no value is called; without it there must be one
 */
export function Select({ label, help, value, options, none, onChange, error }) {
  const isKnown = options.some(([name]) => name === value);
  return html`<${Field} label=${label} help=${help} error=${error}>
    <select value=${value ?? ''} onChange=${(/** @type {Event} */ event) => onChange(typed(event) || null)}>
      ${none !== undefined && html`<option value="">${none}</option>`}
      ${value !== null && !isKnown && html`<option value=${value}>${value}</option>`}
      ${options.map(([name, words]) => html`<option value=${name}>${words}</option>`)}
    </select>
  </>`;
}

/**
 * A JMESPath expression.
 *
 * @param {{ label: string, help: any, value: string | null, required?: boolean,
 *   onChange: (value: string | null) => void, error?: string }} properties
 */
export function Expression({ label, help, value, required = false, onChange, error }) {
  return html`<${Field} label=${label} help=${help} error=${error}>
    <textarea
      class="grows code"
      rows="1"
      maxlength="1000"
      spellcheck=${false}
      required=${required}
      value=${value ?? ''}
      onInput=${(/** @type {Event} */ event) => onChange(typed(event) || null)}
    />
  </>`;
}

/**
 * Some of many agents: a box for each. Many can be filtered by their names.
 *
 * @param {object} properties
 * @param {string} properties.label
 * @param {any} [properties.help]
 * @param {string[]} properties.uuids all that can be chosen
 * @param {string[]} properties.chosen
 * @param {(agentUuid: string) => string} properties.nameOf
 * @param {(agentUuid: string) => void} properties.toggle
 * @param {string} [properties.error]
 */
export function Agents({ label, help, uuids, chosen, nameOf, toggle, error }) {
  const [filter, setFilter] = useState('');
  // One that is no member any more can be taken away, too.
  const all = [...new Set([...uuids, ...chosen])];
  const found = all.filter((uuid) => chosen.includes(uuid) || `${nameOf(uuid)} ${uuid}`.toLowerCase().includes(filter.toLowerCase()));
  const ticked = (/** @type {Event} */ event, /** @type {string} */ uuid) => {
    // The box shows what the draft says, also where it refuses the change.
    /** @type {HTMLInputElement} */ (event.target).checked = chosen.includes(uuid);
    toggle(uuid);
  };
  return html`<fieldset class=${error ? 'wrong' : ''}>
    <legend>${label}</legend>
    ${help && html`<small class="quiet">${help}</small>`}
    ${all.length > FILTER_FROM &&
    html`<input type="search" aria-label="Filter: ${label}" placeholder="Filter" value=${filter} onInput=${(/** @type {Event} */ event) => setFilter(typed(event))} />`}
    <div class="agents">
      ${found.slice(0, MOST_SHOWN).map(
        (uuid) => html`<label class="check" key=${uuid}>
          <input type="checkbox" checked=${chosen.includes(uuid)} onChange=${(/** @type {Event} */ event) => ticked(event, uuid)} />
          <span>${nameOf(uuid)}${uuids.includes(uuid) ? '' : html` <span class="error">is no agent of this coordination</span>`}</span>
        </label>`,
      )}
    </div>
    ${all.length === 0 && html`<p class="quiet">There are no other agents.</p>`}
    ${found.length > MOST_SHOWN && html`<p class="quiet">${found.length - MOST_SHOWN} more. Filter them by name.</p>`}
    ${error && html`<small class="error" role="alert">${error}</small>`}
  </fieldset>`;
}
