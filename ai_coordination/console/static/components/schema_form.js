import { useState } from 'preact/hooks';
import { LongInteger } from '../exact_json.js';
import { html } from '../html.js';
import { helpOf, initial, isObject, kindOf, labelOf, resolved } from '../schema.js';
import {
  BooleanField,
  ChoiceField,
  ChoicesField,
  JsonField,
  LineField,
  LinesField,
  marked,
  NumberField,
} from './schema_fields.js';

export { initial } from '../schema.js';

/**
 * A part of the form: its schema, where it is, and what it holds.
 *
 * @typedef {object} Part
 * @property {any} schema
 * @property {import('../schema.js').Schema} definitions `$defs` of the outermost schema
 * @property {string} name
 * @property {boolean} required
 * @property {any} value
 * @property {(value: any) => void} onChange undefined: the part is left out
 * @property {(string | number)[]} path its place in the input of the mutation
 * @property {import('../api.js').Refused | undefined} error
 */

const DEEPEST = 5;

/** @type {Record<string, (properties: any) => any>} */
const FIELDS = {
  choice: ChoiceField,
  boolean: BooleanField,
  number: NumberField,
  line: LineField,
  lines: LinesField,
  json: JsonField,
};

/**
 * A form for a value that a JSON Schema describes. Put it in a `<form>`: the browser does not send
 * that while a field is missing or wrong. `error` of a mutation appears at its field, if `path` is
 * the place of the value in the input, such as `['answer']`. Begin with `value=${initial(schema)}`.
 * Without `hasJson` there is no button that shows the whole value as JSON.
 *
 * @param {{ schema: any, value: any, onChange: (value: any) => void, path?: (string | number)[],
 *   error?: import('../api.js').Refused, hasJson?: boolean }} properties
 */
export function SchemaForm({ schema, value, onChange, path = [], error, hasJson = true }) {
  const [isText, setIsText] = useState(false);
  const definitions = isObject(schema?.$defs) ? schema.$defs : {};
  const own = resolved(schema, definitions);
  const canBeFields = kindOf(own, definitions) === 'object' && (value === undefined || isObject(value));
  const toggle =
    hasJson &&
    html`<button type="button" class="quiet small"
      onClick=${() => setIsText(!isText)}>${isText ? 'Edit as a form' : 'Edit as JSON'}</button>`;
  if (isText || !canBeFields) {
    return html`<div class="schema-form">
      <${JsonField} label=${own.title ?? 'Value'} help=${helpOf(own)} required=${false} value=${value}
        onChange=${onChange} error=${below(error, path)} />
      ${canBeFields && toggle}
    </div>`;
  }
  const part = { definitions, value, onChange, path, error };
  return html`<div class="schema-form"><${Members} ...${part} schema=${own} depth=${0} />${toggle}</div>`;
}

/** The members of an object, one below the other. @param {Omit<Part, 'name' | 'required'> & { depth: number }} part */
function Members({ schema, definitions, value, onChange, path, error, depth }) {
  const needed = new Set(Array.isArray(schema.required) ? schema.required : []);
  const now = isObject(value) ? value : {};
  const change = (/** @type {string} */ name, /** @type {any} */ member) => {
    const others = Object.entries(now).filter(([other]) => other !== name);
    // The order of the schema, so that the JSON reads as the form does.
    const names = Object.keys(schema.properties);
    const all = member === undefined ? others : [...others, [name, member]];
    all.sort(([a], [b]) => (names.indexOf(a) + 1 || Infinity) - (names.indexOf(b) + 1 || Infinity));
    onChange(Object.fromEntries(all));
  };
  return Object.entries(schema.properties).map(
    ([name, member]) => html`<${Part}
      key=${name}
      schema=${member}
      definitions=${definitions}
      name=${name}
      required=${needed.has(name)}
      value=${Object.hasOwn(now, name) ? now[name] : undefined}
      onChange=${(/** @type {any} */ value) => change(name, value)}
      path=${[...path, name]}
      error=${error}
      depth=${depth}
    />`,
  );
}

/** One part, shown by the field for its kind. @param {Part & { depth: number }} part */
function Part({ schema, definitions, name, required, value, onChange, path, error, depth }) {
  const own = resolved(schema, definitions);
  let kind = kindOf(own, definitions);
  // A value that does not fit its field would be lost in it.
  const fits =
    value == null ||
    (kind === 'object' ? isObject(value) : kind === 'list' || kind === 'choices' ? Array.isArray(value) : true);
  if (value instanceof LongInteger) kind = 'json';
  else if (!fits || depth >= DEEPEST) kind = kind === 'object' || kind === 'list' || kind === 'choices' ? 'json' : kind;
  const label = labelOf(name, own);
  const help = helpOf(own);
  // Nothing of a part that may be null means null where the part must be there.
  const report = (/** @type {any} */ now) => onChange(now === undefined && required && own.nullable ? null : now);
  const must = required && !own.nullable;
  const inner = { definitions, path, error, depth: depth + 1 };
  if (kind === 'object') {
    const change = (/** @type {any} */ now) => report(Object.keys(now).length === 0 && !must ? undefined : now);
    return html`<fieldset>
      <legend>${marked(label, must)}</legend>
      ${help && html`<small class="quiet">${help}</small>`}
      <${Members} ...${inner} schema=${own} value=${value} onChange=${change} />
      <${Said} error=${at(error, path)} />
    </fieldset>`;
  }
  if (kind === 'list') {
    return html`<${List} ...${inner} schema=${own} label=${label} help=${help} required=${must} value=${value} onChange=${report} />`;
  }
  const field = { schema: own, label, help, required: must, value, onChange: report };
  if (kind === 'choices') {
    return html`<${ChoicesField} ...${field} items=${resolved(own.items, definitions)} error=${below(error, path)} />`;
  }
  return html`<${FIELDS[kind]} ...${field} error=${kind === 'json' ? below(error, path) : at(error, path)} />`;
}

/**
 * A list: its items, each with a button to remove it, and a button for one more.
 *
 * @param {Omit<Part, 'name'> & { label: string, help: string, depth: number }} properties
 */
function List({ schema, definitions, label, help, required, value, onChange, path, error, depth }) {
  const items = Array.isArray(value) ? value : [];
  const change = (/** @type {any[]} */ now) => onChange(now.length === 0 && !required ? undefined : now);
  const item = resolved(schema.items, definitions);
  const add = () => change([...items, initial(schema.items, definitions) ?? (item.type === 'string' ? '' : null)]);
  return html`<fieldset>
    <legend>${marked(label, required)}</legend>
    ${help && html`<small class="quiet">${help}</small>`}
    ${items.map(
      (one, index) => html`<div class="item" key=${index}>
        <div class="grow">
          <${Part}
            schema=${schema.items}
            definitions=${definitions}
            name=${`${label} ${index + 1}`}
            required=${true}
            value=${one ?? undefined}
           
              onChange=${(/** @type {any} */ now) => change(items.map((other, at) => (at === index ? (now ?? (item.type === 'string' ? '' : null)) : other)))}
            path=${[...path, index]}
            error=${error}
            depth=${depth}
          />
        </div>
        <button type="button" class="small" aria-label="Remove ${label} ${index + 1}"
          onClick=${() => change(items.filter((_, at) => at !== index))}>Remove</button>
      </div>`,
    )}
    ${items.length < (schema.maxItems ?? Infinity) && html`<button type="button" class="small"
      onClick=${add}>Add<span class="hidden"> to ${label}</span></button>`}
    <${Said} error=${at(error, path)} />
  </fieldset>`;
}

/** @param {{ error?: string }} properties */
const Said = ({ error }) => error && html`<small class="error" role="alert">${error}</small>`;

/**
 * What the API has said against exactly this place.
 *
 * @param {import('../api.js').Refused | undefined} error
 * @param {(string | number)[]} path
 */
export function at(error, path) {
  return error && path.length > 0 && error.inputPath.length === path.length ? below(error, path) : undefined;
}

/**
 * What the API has said against this place or one below it.
 *
 * @param {import('../api.js').Refused | undefined} error
 * @param {(string | number)[]} path
 */
export function below(error, path) {
  if (!error || path.length === 0 || error.inputPath.length < path.length) return undefined;
  return path.every((step, index) => String(step) === String(error.inputPath[index])) ? error.message : undefined;
}
