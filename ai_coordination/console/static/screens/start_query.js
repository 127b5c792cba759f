import { Field } from '../components/basics.js';
import { below, SchemaForm } from '../components/schema_form.js';
import { html } from '../html.js';
import { isObject } from '../schema.js';

/**
 * The task query: a text, or a value for each variable of the task.
 *
 * @typedef {{ isText: boolean, text: string, values: Record<string, any> }} Query
 * @typedef {import('./start.js').StartedTask} StartedTask
 */

/** What the form holds at first: the task's own query. @param {StartedTask} task @returns {Query} */
export function beginning(task) {
  const text = task.initialTaskQuery ?? '';
  const values = valuesOf(text);
  const isText = task.variables.length === 0 || (values === null && text !== '');
  return { isText, text, values: values ?? {} };
}

/** @param {string} text */
function valuesOf(text) {
  try {
    const value = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** @param {Query} query */
export const queryText = ({ isText, text, values }) => (isText ? text : JSON.stringify(values));

/**
 * A field for each variable, of the type that the task's own query has for it. Without one it is a
 * text.
 *
 * @param {StartedTask} task
 */
function schemaOf(task) {
  const own = valuesOf(task.initialTaskQuery ?? '') ?? {};
  const names = [...new Set([...task.variables, ...Object.keys(own)])];
  const of = (/** @type {string} */ name) => {
    const type = Object.hasOwn(own, name) ? typeof own[name] : 'string';
    if (type === 'boolean') return { enum: [true, false] };
    return type === 'string' || type === 'number' ? { type } : {};
  };
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { ...of(name), title: name }])),
    required: task.variables,
  };
}

/**
 * @param {{ task: StartedTask, query: Query, change: (query: Query) => void,
 *   error?: import('../api.js').Refused }} properties
 */
export function TaskQuery({ task, query, change, error }) {
  const said = below(error, ['taskQuery']);
  const toText = () =>
    change({
      ...query,
      isText: true,
      text: Object.keys(query.values).length ? JSON.stringify(query.values, null, 2) : query.text,
    });
  const toForm = () => change({ ...query, isText: false, values: valuesOf(query.text) ?? query.values });
  if (query.isText) {
    const own =
      task.variables.length > 0
        ? `A JSON object with ${task.variables.join(', ')}.`
        : 'What is to be done. Each agent without work of its own is told this.';
    return html`<${Field} label="Task query" help=${own} error=${said}>
        <textarea class="grows code" rows="4" value=${query.text}
          onInput=${(/** @type {Event} */ event) => change({ ...query, text: /** @type {HTMLTextAreaElement} */ (event.target).value })} />
      </>
      ${task.variables.length > 0 && html`<button type="button" class="quiet small" onClick=${toForm}>Fill in a form</button>`}`;
  }
  return html`<fieldset class=${said ? 'wrong' : ''}>
    <legend>Task query</legend>
    <${SchemaForm} schema=${schemaOf(task)} value=${query.values}
      onChange=${(/** @type {any} */ values) => change({ ...query, values: values ?? {} })} hasJson=${false} />
    <button type="button" class="quiet small" onClick=${toText}>Write it as text</button>
    ${said && html`<small class="error" role="alert">${said}</small>`}
  </fieldset>`;
}
