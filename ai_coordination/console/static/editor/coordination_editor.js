import { useRef, useState } from 'preact/hooks';
import { ask, newKey } from '../api.js';
import { Problem } from '../components/loaded.js';
import { LineField, LinesField } from '../components/schema_fields.js';
import { useTitle } from '../components/title.js';
import { DELETE_COORDINATION } from '../documents/editor.js';
import { html } from '../html.js';
import { useKeys } from '../keys.js';
import { useAction } from '../live.js';
import { go, href } from '../router.js';
import { Conflict } from './conflict.js';
import { moved, withAgent } from './coordination_model.js';
import { asRead, readCoordination, write } from './coordination_requests.js';
import { Deletion } from './deletion.js';
import { MemberForm } from './member_form.js';
import { NewAgent, RemoveAgent } from './member_dialogs.js';
import { agentOf, placed, said } from './problems.js';
import { TasksOfCoordination } from './tasks_list.js';
import { openWrong, Toolbar } from './toolbar.js';
import { useDraft } from './use_draft.js';
import { useUnsaved } from './use_unsaved.js';

/**
 * The coordination's members beside a form: of the chosen member, or of the coordination itself.
 *
 * @param {{ uuid: string | null, selected: string | null, read: any,
 *   kinds: import('./member_form.js').Kind[] }} properties
 */
export function CoordinationEditor({ uuid, selected, read, kinds }) {
  const edited = useDraft(/** @type {{ draft: import('./coordination_model.js').Draft, version: number | null }} */ (read));
  const { draft, base, version, isChanged, change } = edited;
  useTitle(draft.coordinationName || 'New coordination');
  const home = href(['coordination', uuid ?? 'new']);
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const { question, leave } = useUnsaved({ isChanged, home, form });
  const action = useAction();
  const [dialog, setDialog] = useState(/** @type {string | null} */ (null));
  const key = useRef(newKey());
  const error = action.error;
  const agent = draft.agents.find(({ agentUuid }) => agentUuid === selected);
  const select = (/** @type {string | null} */ agentUuid) => go(href(['coordination', uuid ?? 'new', agentUuid]));
  const nameOf = (/** @type {string} */ agentUuid) =>
    draft.agents.find((one) => one.agentUuid === agentUuid)?.agentName || agentUuid;

  async function save() {
    // The field that must not be empty is shown first.
    if (!draft.coordinationName && agent) return select(null);
    if (!form.current?.reportValidity()) return;
    const sent = draft;
    await action.run(async () => {
      try {
        const saved = await write(uuid, sent, base, version, key.current);
        edited.restart(asRead(saved));
        if (uuid === null) leave(href(['coordination', saved.coordinationUuid]));
      } catch (refused) {
        const error = placed(/** @type {any} */ (refused), sent);
        if (error.code === 'CONFLICT' && uuid !== null) setDialog('conflict');
        if (error.inputPath.length) select(agentOf(error));
        throw error;
      }
    });
  }

  useKeys(agent ? { Escape: { does: 'Close the agent', run: () => select(null) } } : {});

  const fields = agent
    ? html`<${MemberForm} key=${agent.agentUuid} agent=${agent} kinds=${kinds} error=${error}
        change=${(/** @type {any} */ part, /** @type {string} */ what) => change((now) => withAgent(now, agent.agentUuid, part), what && `${agent.agentUuid} ${what}`)} />`
    : html`<${About} draft=${draft} change=${change} error=${error} />`;
  return html`<section class="editor" aria-label="Coordination">
    <${Toolbar}
      crumbs=${[['Blueprints', href(['blueprints'])]]}
      title=${draft.coordinationName || 'New coordination'}
      edited=${edited}
      busy=${action.busy}
      save=${save}
    >
      ${uuid !== null && html`<button class="danger" onClick=${() => setDialog('delete')}>Delete…</button>`}
    </>
    ${error && dialog !== 'conflict' && html`<${Problem} error=${explained(error, uuid)} />`}
    <div class="beside">
      <${Members} draft=${draft} selected=${agent?.agentUuid ?? null} select=${select} change=${change} error=${error} add=${() => setDialog('add')} />
      <form class="panel" ref=${form} onSubmit=${(/** @type {Event} */ event) => (event.preventDefault(), save())} onInvalidCapture=${openWrong}>
        <div class="bar"><h2>${agent ? agent.agentName || agent.agentUuid : 'Coordination'}</h2>
          ${agent && html`<code class="quiet">${agent.agentUuid}</code><span class="grow"></span>
            <button type="button" class="danger small" onClick=${() => setDialog('remove')}>Remove…</button>`}
        </div>
        ${fields}
        <button class="hidden" tabindex="-1" aria-hidden="true">Save</button>
      </form>
    </div>
    ${uuid !== null && html`<${TasksOfCoordination} coordinationUuid=${uuid} />`}
    ${dialog === 'add' && html`<${NewAgent} kinds=${kinds} draft=${draft} close=${() => setDialog(null)}
      add=${(/** @type {any} */ added) => (change((now) => ({ ...now, agents: [...now.agents, added] })), setDialog(null), select(added.agentUuid))} />`}
    ${dialog === 'remove' && agent && html`<${RemoveAgent} coordinationUuid=${uuid} agent=${agent} close=${() => setDialog(null)} edited=${edited} removed=${() => (setDialog(null), select(null))} />`}
    ${dialog === 'delete' && html`<${Deletion} noun="coordination" name=${draft.coordinationName} close=${() => setDialog(null)}
      remove=${() => ask(DELETE_COORDINATION, { input: { coordinationUuid: uuid ?? '' } })}
      ways=${{ tasks: href(['coordination', uuid]), sessions: href(['sessions'], { coordination: uuid }) }}
      done=${() => leave(href(['blueprints']))} />`}
    ${dialog === 'conflict' && html`<${Conflict} noun="coordination" edited=${edited} nameOf=${nameOf} close=${() => (setDialog(null), action.clear())}
      read=${(/** @type {AbortSignal} */ signal) => readCoordination(uuid, signal)} />`}
    ${question}
  </section>`;
}

/** A key that was used before means that an earlier attempt has landed. @param {any} error @param {string | null} uuid */
function explained(error, uuid) {
  if (error.code !== 'CONFLICT' || uuid !== null) return error;
  const message = 'An earlier attempt to save this has succeeded, with what was here then. Look among the blueprints.';
  return Object.assign(Object.create(error), { message, code: error.code, inputPath: [] });
}

/** The fields of the coordination itself. @param {any} properties */
function About({ draft, change, error }) {
  return html`
    <${LineField} label="Name" required=${true} schema=${{ type: 'string', maxLength: 256 }} value=${draft.coordinationName}
      onChange=${(/** @type {string} */ text) => change((/** @type {any} */ now) => ({ ...now, coordinationName: text ?? '' }), 'coordinationName')}
      error=${said(error, ['coordinationName'])} />
    <${LinesField} label="Description" help="For people." schema=${{ type: 'string', maxLength: 100_000 }} value=${draft.coordinationDescription}
      onChange=${(/** @type {string} */ text) => change((/** @type {any} */ now) => ({ ...now, coordinationDescription: text ?? null }), 'coordinationDescription')}
      error=${said(error, ['coordinationDescription'])} />
  `;
}

/** The list of members, in their order. @param {any} properties */
function Members({ draft, selected, select, change, error, add }) {
  const wrong = agentOf(error);
  return html`<div class="members">
    <button class="pick whole ${selected === null ? 'selected' : ''}" aria-pressed=${selected === null} onClick=${() => select(null)}>Name and description</button>
    <div class="bar">
      <h2>Agents</h2><span class="quiet number">${draft.agents.length}</span><span class="grow"></span>
      <button class="small" onClick=${add}>Add agent…</button>
    </div>
    ${draft.agents.length === 0 && html`<p class="quiet">No agents yet. A task arranges the agents of its coordination.</p>`}
    <ol aria-label="Agents">
      ${draft.agents.map(
        (/** @type {any} */ agent, /** @type {number} */ index) => html`<li key=${agent.agentUuid} class=${agent.agentUuid === selected ? 'selected' : ''}>
          <button class="pick" aria-pressed=${agent.agentUuid === selected} onClick=${() => select(agent.agentUuid)}>
            <strong>${agent.agentName || agent.agentUuid}</strong>
            <span class="quiet">${agent.runtime.kind}${agent.runtime.target ? ` · ${agent.runtime.target}` : ''}</span>
            ${agent.agentUuid === wrong && html`<span class="error">Not right yet</span>`}
          </button>
          <button class="quiet small" aria-label="Move ${agent.agentName} up" disabled=${index === 0} onClick=${() => change((/** @type {any} */ now) => moved(now, agent.agentUuid, -1))}>↑</button>
          <button class="quiet small" aria-label="Move ${agent.agentName} down" disabled=${index === draft.agents.length - 1} onClick=${() => change((/** @type {any} */ now) => moved(now, agent.agentUuid, 1))}>↓</button>
        </li>`,
      )}
    </ol>
  </div>`;
}
