import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { parseExactly } from '../exact_json.js';
import { html } from '../html.js';
import { inputType, problemOfLength } from '../schema.js';
import { Field } from './basics.js';

/**
 * A field of a form by a JSON Schema. `onChange` gets undefined when the field is emptied.
 *
 * @typedef {object} Properties
 * @property {import('../schema.js').Schema} schema
 * @property {string} label
 * @property {string} help
 * @property {boolean} required
 * @property {any} value
 * @property {(value: any) => void} onChange
 * @property {string} [error] what the API has said against the value
 */

/** @param {Event} event */
const typed = (event) => /** @type {HTMLInputElement} */ (event.target).value;

/** The label of a field that must be filled. @param {string} label @param {boolean} required */
export const marked = (label, required) =>
  required ? html`${label}<span class="required" aria-hidden="true"> *</span>` : label;

/**
 * Let the browser refuse to send the form while a field has a problem, and say why.
 *
 * @param {string} problem empty: there is none
 */
function useValidity(problem) {
  const element = useRef(/** @type {any} */ (null));
  // Before the browser paints: a person may send or leave the form as soon as they have typed.
  useLayoutEffect(() => element.current?.setCustomValidity(problem), [problem]);
  return element;
}

/**
 * The text in a field whose value is no text. It stays as it is typed while it means the value, so
 * that `1.0` can become `1.05`, and while it means nothing yet.
 *
 * @template T
 * @param {T} value
 * @param {(value: T) => string} write
 * @param {(text: string) => { value?: T, problem?: string }} read
 * @param {(value: T | undefined) => void} onChange
 */
function useText(value, write, read, onChange) {
  const [text, setText] = useState(() => write(value));
  const meant = read(text);
  const isAsTyped = meant.problem !== undefined || JSON.stringify(meant.value) === JSON.stringify(value);
  return {
    text: isAsTyped ? text : write(value),
    problem: isAsTyped ? (meant.problem ?? '') : '',
    type(/** @type {Event} */ event) {
      const now = typed(event);
      setText(now);
      const means = read(now);
      if (means.problem === undefined) onChange(means.value);
    },
  };
}

/** One of a few values. @param {Properties} properties */
export function ChoiceField({ schema, label, help, required, value, onChange, error }) {
  const index = schema.enum.findIndex((/** @type {any} */ one) => one === value);
  const isUnknown = value !== undefined && value !== null && index < 0;
  const chosen = (/** @type {Event} */ event) =>
    onChange(typed(event) === '' ? undefined : schema.enum[Number(typed(event))]);
  return html`<${Field} label=${marked(label, required)} help=${help} error=${error}>
    <select required=${required} value=${isUnknown ? '-1' : index < 0 ? '' : String(index)} onChange=${chosen}>
      <option value="">${required ? 'Choose…' : 'Not set'}</option>
      ${isUnknown && html`<option value="-1">${JSON.stringify(value)}</option>`}
      ${schema.enum.map((/** @type {any} */ one, /** @type {number} */ at) => html`<option value=${String(at)}>${shown(one)}</option>`)}
    </select>
  </>`;
}

/** @param {any} value */
const shown = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

/** Yes or no; or neither, where nothing says which. @param {Properties} properties */
export function BooleanField({ schema, label, help, required, value, onChange, error }) {
  if (!required && schema.default === undefined) {
    const chosen = (/** @type {Event} */ event) => onChange(typed(event) === '' ? undefined : typed(event) === 'yes');
    return html`<${Field} label=${label} help=${help} error=${error}>
      <select value=${value === true ? 'yes' : value === false ? 'no' : ''} onChange=${chosen}>
        <option value="">Not set</option>
        <option value="yes">Yes</option>
        <option value="no">No</option>
      </select>
    </>`;
  }
  const ticked = (/** @type {Event} */ event) => onChange(/** @type {HTMLInputElement} */ (event.target).checked);
  return html`<div class="field ${error ? 'wrong' : ''}">
    <label class="check"><input type="checkbox" checked=${value === true} onChange=${ticked} /><span>${label}</span></label>
    ${help && html`<small class="quiet">${help}</small>`}
    ${error && html`<small class="error" role="alert">${error}</small>`}
  </div>`;
}

/** @param {Properties} properties */
export function NumberField({ schema, label, help, required, value, onChange, error }) {
  const { text, type } = useText(
    value,
    (number) => (number == null ? '' : String(number)),
    (text) => ({ value: text.trim() === '' ? undefined : Number(text) }),
    onChange,
  );
  return html`<${Field} label=${marked(label, required)} help=${help} error=${error}>
    <input
      type="number"
      step=${schema.type === 'integer' ? '1' : 'any'}
      min=${schema.minimum}
      max=${schema.maximum}
      required=${required}
      value=${text}
      onInput=${type}
    />
  </>`;
}

/** One line of text, or what browsers have a field for. @param {Properties} properties */
export function LineField({ schema, label, help, required, value, onChange, error }) {
  const type = inputType(schema);
  const text = useText(
    value,
    type === 'datetime-local' ? localTime : asText,
    type === 'datetime-local' ? instant : present,
    onChange,
  );
  const element = useValidity(problemOfLength(schema, text.text));
  return html`<${Field} label=${marked(label, required)} help=${help} error=${error}>
    <input ref=${element} type=${type} required=${required} value=${text.text} onInput=${text.type} />
  </>`;
}

/** Text of any length: the field grows with it. @param {Properties} properties */
export function LinesField({ schema, label, help, required, value, onChange, error }) {
  const text = asText(value);
  const element = useValidity(problemOfLength(schema, text));
  const rows = schema.maxLength === undefined ? 1 : 4;
  return html`<${Field} label=${marked(label, required)} help=${help} error=${error}>
    <textarea ref=${element} class="grows" rows=${rows} required=${required} value=${text}
      onInput=${(/** @type {Event} */ event) => onChange(typed(event) || undefined)} />
  </>`;
}

/** @param {any} value */
const asText = (value) => (value == null ? '' : typeof value === 'string' ? value : JSON.stringify(value));

/** @param {string} text */
const present = (text) => ({ value: text || undefined });

/** An instant, as a field for local date and time holds it. @param {any} value */
function localTime(value) {
  const at = new Date(value);
  if (typeof value !== 'string' || Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** @param {string} text */
function instant(text) {
  return { value: text ? new Date(text).toISOString() : undefined };
}

/** Whatever no other field can hold. @param {Properties} properties */
export function JsonField({ label, help, required, value, onChange, error }) {
  const { text, type, problem } = useText(
    value,
    (json) => (json === undefined ? '' : JSON.stringify(json, null, 2)),
    readJson,
    onChange,
  );
  const element = useValidity(problem);
  const note = html`${help} ${help ? '' : 'JSON.'}`;
  return html`<${Field} label=${marked(label, required)} help=${note} error=${problem || error}>
    <textarea ref=${element} class="grows code" rows="3" spellcheck=${false} required=${required} value=${text} onInput=${type} />
  </>`;
}

/** @param {string} text @returns {{ value?: any, problem?: string }} */
export function readJson(text) {
  if (!text.trim()) return { value: undefined };
  try {
    return { value: parseExactly(text) };
  } catch (error) {
    return { problem: `This is not JSON. ${/** @type {Error} */ (error).message}` };
  }
}

/** Some of a few values. @param {Properties & { items: import('../schema.js').Schema }} properties */
export function ChoicesField({ items, label, help, required, value, onChange, error }) {
  const chosen = Array.isArray(value) ? value : [];
  const toggle = (/** @type {any} */ one) => {
    const others = items.enum.filter((/** @type {any} */ other) =>
      other === one ? !chosen.includes(one) : chosen.includes(other),
    );
    onChange(others.length || required ? others : undefined);
  };
  return html`<fieldset class="choices ${error ? 'wrong' : ''}">
    <legend>${marked(label, required)}</legend>
    ${help && html`<small class="quiet">${help}</small>`}
    ${items.enum.map(
      (/** @type {any} */ one) =>
        html`<label class="check"><input type="checkbox" checked=${chosen.includes(one)}
          onChange=${() => toggle(one)} /><span>${shown(one)}</span></label>`,
    )}
    ${error && html`<small class="error" role="alert">${error}</small>`}
  </fieldset>`;
}
