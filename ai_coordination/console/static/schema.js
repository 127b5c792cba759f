/**
 * The part of JSON Schema by which agents ask for answers and runtimes describe their parameters:
 * which field shows a schema, and what it holds at first. Pure: it knows no page.
 *
 * @typedef {Record<string, any>} Schema
 * @typedef {'choice' | 'boolean' | 'number' | 'line' | 'lines' | 'object' | 'choices' | 'list' | 'json'} Kind
 */

const LONGEST_LINE = 256;

/** Formats that browsers have a field for. @type {Record<string, string>} */
const INPUT_TYPES = {
  date: 'date',
  'date-time': 'datetime-local',
  email: 'email',
  time: 'time',
  uri: 'url',
  url: 'url',
};

/** @param {unknown} value @returns {value is Record<string, any>} */
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The schema itself: references followed, and null as one of its types left out, because a field
 * that is empty says the same.
 *
 * @param {any} schema
 * @param {Schema} [definitions] `$defs` of the outermost schema
 * @returns {Schema}
 */
export function resolved(schema, definitions = {}) {
  let found = isObject(schema) ? schema : {};
  // A definition may refer to another one, and those of a circle to each other.
  for (let steps = 0; typeof found.$ref === 'string' && steps < 8; steps += 1) {
    const { $ref, ...rest } = found;
    const name = $ref.replace('#/$defs/', '');
    const target = Object.hasOwn(definitions, name) ? definitions[name] : {};
    found = { ...(isObject(target) ? target : {}), ...rest };
  }
  if (Array.isArray(found.anyOf)) {
    const others = found.anyOf.filter((one) => resolvedType(one) !== 'null');
    if (others.length !== 1) return found;
    const { anyOf, ...rest } = found;
    return { ...resolved(others[0], definitions), ...rest, nullable: true };
  }
  if (Array.isArray(found.type) && found.type.includes('null')) {
    const types = found.type.filter((one) => one !== 'null');
    return { ...found, type: types.length === 1 ? types[0] : types, nullable: true };
  }
  return found;
}

/** @param {any} schema */
const resolvedType = (schema) => (isObject(schema) ? schema.type : undefined);

/**
 * The kind of field that shows a schema, which is resolved. What nothing else can show is JSON.
 *
 * @param {Schema} schema
 * @param {Schema} [definitions]
 * @returns {Kind}
 */
export function kindOf(schema, definitions = {}) {
  if (Array.isArray(schema.enum)) return 'choice';
  switch (schema.type) {
    case 'boolean':
      return 'boolean';
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
      return isLine(schema) ? 'line' : 'lines';
    case 'object':
      return isObject(schema.properties) && Object.keys(schema.properties).length > 0 ? 'object' : 'json';
    case 'array': {
      if (!isObject(schema.items)) return 'json';
      const items = resolved(schema.items, definitions);
      return Array.isArray(items.enum) ? 'choices' : kindOf(items, definitions) === 'json' ? 'json' : 'list';
    }
    default:
      return 'json';
  }
}

/** Whether a text is one short line. @param {Schema} schema */
function isLine(schema) {
  return schema.format in INPUT_TYPES || (typeof schema.maxLength === 'number' && schema.maxLength <= LONGEST_LINE);
}

/** The type of the browser's field for a text. @param {Schema} schema */
export const inputType = (schema) => INPUT_TYPES[schema.format] ?? 'text';

/**
 * What a form holds before a person has touched it: defaults, and `false` for a box that must be
 * there. Undefined: nothing.
 *
 * @param {any} schema
 * @param {Schema} [definitions]
 * @param {boolean} [required]
 * @param {number} [depth]
 * @returns {any}
 */
export function initial(schema, definitions = schema?.$defs, required = true, depth = 0) {
  const own = resolved(schema, definitions);
  if (own.default !== undefined) return own.default;
  if (own.type === 'boolean' && required) return false;
  if (own.type !== 'object' || !isObject(own.properties) || depth > 8) return undefined;
  const needed = new Set(own.required ?? []);
  const members = Object.entries(own.properties)
    .map(([name, member]) => [name, initial(member, definitions, needed.has(name), depth + 1)])
    .filter(([, value]) => value !== undefined);
  return members.length || required ? Object.fromEntries(members) : undefined;
}

/**
 * What a person reads above a field: its title, or its name as words.
 *
 * @param {string} name
 * @param {Schema} schema
 */
export function labelOf(name, schema) {
  if (typeof schema.title === 'string' && schema.title) return schema.title;
  const words = name
    .replace(/[_-]+/g, ' ')
    .replace(/([a-z0-9])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`)
    .trim();
  return words ? words[0].toUpperCase() + words.slice(1) : name;
}

/**
 * What a person has to know to fill a field: its description and its bounds.
 *
 * @param {Schema} schema
 */
export function helpOf(schema) {
  const description = typeof schema.description === 'string' ? schema.description : '';
  return [description, bounds(schema)].filter(Boolean).join(' ');
}

/** @param {Schema} schema */
function bounds({ type, minimum, maximum, minLength, maxLength }) {
  if (type === 'integer' || type === 'number') {
    if (minimum != null && maximum != null) return `From ${minimum} to ${maximum}.`;
    if (minimum != null) return `At least ${minimum}.`;
    return maximum != null ? `At most ${maximum}.` : '';
  }
  if (type !== 'string') return '';
  if (minLength > 1 && maxLength != null) return `${minLength} to ${maxLength} characters.`;
  if (minLength > 1) return `At least ${minLength} characters.`;
  return maxLength != null && maxLength > LONGEST_LINE ? `At most ${maxLength.toLocaleString()} characters.` : '';
}

/**
 * Why a text is too short or too long, in characters as the API counts them. Empty: it is neither.
 *
 * @param {Schema} schema
 * @param {string} text
 */
export function problemOfLength({ minLength, maxLength }, text) {
  const length = [...text].length;
  if (maxLength != null && length > maxLength)
    return `This has ${length} characters, at most ${maxLength} are possible.`;
  if (length > 0 && minLength != null && length < minLength)
    return `This has ${length} characters, at least ${minLength} are needed.`;
  return '';
}
