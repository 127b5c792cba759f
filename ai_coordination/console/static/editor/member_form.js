import { Field } from '../components/basics.js';
import { JsonField, LineField, LinesField } from '../components/schema_fields.js';
import { SchemaForm } from '../components/schema_form.js';
import { html } from '../html.js';
import { said } from './problems.js';
import { kindName, targetOf } from './words.js';

/**
 * A kind of runtime as the API describes it.
 *
 * @typedef {{ kind: string, enabled: boolean, reason: string | null, parametersSchema: any }} Kind
 */

/**
 * The form of a member: what it is called, and how it is reached.
 *
 * @param {object} properties
 * @param {import('./coordination_model.js').Agent} properties.agent
 * @param {Kind[]} properties.kinds
 * @param {(part: Partial<import('./coordination_model.js').Agent>, what: string) => void} properties.change
 * @param {import('../api.js').Refused | undefined} properties.error
 */
export function MemberForm({ agent, kinds, change, error }) {
  const place = ['agents', agent.agentUuid];
  const { runtime } = agent;
  const reach = (/** @type {Partial<typeof runtime>} */ part, /** @type {string} */ what) =>
    change({ runtime: { ...runtime, ...part } }, what);
  return html`
    <${LineField}
      label="Name"
      required=${true}
      schema=${{ type: 'string', maxLength: 256 }}
      value=${agent.agentName}
      onChange=${(/** @type {string} */ agentName) => change({ agentName: agentName ?? '' }, 'agentName')}
      error=${said(error, [...place, 'agentName'])}
    />
    <${LinesField}
      label="Description"
      help="What the agent can do, for people and for agents that delegate to it."
      schema=${{ type: 'string' }}
      value=${agent.agentDescription}
      onChange=${(/** @type {string} */ text) => change({ agentDescription: text ?? null }, 'agentDescription')}
      error=${said(error, [...place, 'agentDescription'])}
    />
    <${KindField} kinds=${kinds} kind=${runtime.kind} change=${(/** @type {string} */ kind) => reach({ kind }, '')} error=${said(error, [...place, 'runtime', 'kind'])} />
    <${Target} runtime=${runtime} reach=${reach} error=${said(error, [...place, 'runtime', 'target'])} />
    <${Parameters}
      key=${runtime.kind}
      schema=${kinds.find(({ kind }) => kind === runtime.kind)?.parametersSchema}
      value=${runtime.parameters}
      change=${(/** @type {any} */ parameters) => reach({ parameters: parameters ?? null }, 'parameters')}
      place=${[...place, 'runtime', 'parameters']}
      error=${error}
    />
  `;
}

/**
 * The kinds of runtime. One that the deployment has not turned on cannot be chosen, and says why.
 *
 * @param {{ kinds: Kind[], kind: string, change: (kind: string) => void, error?: string }} properties
 */
export function KindField({ kinds, kind, change, error }) {
  const chosen = kinds.find((one) => one.kind === kind);
  const isKnown = chosen !== undefined;
  const off = kinds.filter(({ enabled }) => !enabled);
  const help = html`
    ${chosen?.reason && html`<span class="error">${chosen.reason}. </span>`}
    ${off.length > 0 && html`Turned off here: ${off.map((one) => one.kind).join(', ')}.`}
  `;
  return html`<${Field} label="Runtime" help=${help} error=${error}>
    <select value=${kind} onChange=${(/** @type {Event} */ event) => change(/** @type {HTMLSelectElement} */ (event.target).value)}>
      ${!isKnown && html`<option value=${kind}>${kind}</option>`}
      ${kinds.map(
        (one) => html`<option value=${one.kind} disabled=${!one.enabled && one.kind !== kind} title=${one.reason}>${kindName(one.kind)}${one.enabled ? '' : ' (off)'}</option>`,
      )}
    </select>
  </>`;
}

/** @param {{ runtime: any, reach: (part: any, what: string) => void, error?: string }} properties */
function Target({ runtime, reach, error }) {
  const words = targetOf(runtime.kind);
  // A target that is stored is shown, also if the kind has none.
  if (!words && runtime.target === null && !error) return null;
  return html`<${LineField}
    label=${words?.label ?? 'Target'}
    help=${words ? words.help : 'Agents of this kind call nothing.'}
    required=${words !== null && words.label !== 'Target'}
    schema=${{ type: 'string' }}
    value=${runtime.target}
    onChange=${(/** @type {string} */ target) => reach({ target: target ?? null }, 'target')}
    error=${error}
  />`;
}

/** @param {{ schema: any, value: any, change: (value: any) => void, place: (string | number)[], error: any }} properties */
function Parameters({ schema, value, change, place, error }) {
  // `null` is the same as nothing, and the form has no other word for it.
  const now = value ?? undefined;
  const properties = schema?.properties ?? {};
  const hasFields = Object.keys(properties).length > 0;
  const wrong = said(error, place);
  // What is wrong with a member that has no field is said below all fields.
  const isElsewhere = wrong && !Object.hasOwn(properties, error.inputPath[place.length] ?? '');
  const unknown = Object.keys(now ?? {}).filter((name) => !Object.hasOwn(properties, name));
  return html`<fieldset class="parameters">
    <legend>Parameters</legend>
    ${hasFields
      ? html`<${SchemaForm} schema=${{ ...schema, properties: neededFirst(schema), type: 'object', title: 'Parameters' }} value=${now} onChange=${change} path=${place} error=${error} />`
      : html`<${JsonField} label="Parameters" help="A JSON object." schema=${{}} required=${false} value=${now} onChange=${change} error=${wrong} />`}
    ${hasFields && isElsewhere && html`<p class="error" role="alert">${wrong}</p>`}
    ${hasFields && unknown.length > 0 && html`<p class="quiet">Without a field, and kept as it is: ${unknown.join(', ')}.</p>`}
  </fieldset>`;
}

/** The properties of a schema, those that must be there before the others. @param {any} schema */
function neededFirst({ properties, required = [] }) {
  const entries = Object.entries(properties);
  const isNeeded = (/** @type {[string, any]} */ [name]) => required.includes(name);
  return Object.fromEntries([...entries.filter(isNeeded), ...entries.filter((entry) => !isNeeded(entry))]);
}
