import { Field } from '../../components/basics.js';
import { html } from '../../html.js';
import { Agents } from '../fields.js';
import { said } from '../problems.js';
import { queriesOf, takingPart, withQueries } from '../task_graph.js';

/** What the agent works on, and whom it waits for. @param {import('../agent_panel.js').Panel} panel */
export function Work({ agentUuid, action, editor, wrong }) {
  const { draft, members, nameOf } = editor;
  const queries = queriesOf(draft, agentUuid);
  const write = (/** @type {string[]} */ texts, /** @type {string} */ what = '') =>
    editor.change((now) => withQueries(now, members, agentUuid, texts), what);
  const { placed } = takingPart(draft, members);
  return html`
    ${queries.length === 0 && html`<p class="quiet">Works on the task query.</p>`}
    ${queries.map(
      (text, index) => html`<div class="item" key=${index}>
        <div class="grow">
          <${Field}
            label=${queries.length === 1 ? 'Work' : `Work ${index + 1}`}
            help=${index === 0 ? html`May name variables of the task query, such as <code>{customer}</code>.` : null}
            error=${said(editor.error, ['subtaskQueries', agentUuid, index])}
          >
            <textarea class="grows" rows="2" required value=${text}
              onInput=${(/** @type {any} */ { target }) => write(queries.with(index, target.value), `${agentUuid} work ${index}`)} />
          </>
        </div>
        <button type="button" class="small" aria-label="Remove work ${index + 1}" onClick=${() => write(queries.toSpliced(index, 1))}>Remove</button>
      </div>`,
    )}
    <div class="buttons tight">
      <button type="button" class="small" onClick=${() => write([...queries, ''])}>${queries.length ? 'Add work' : 'Give it work of its own'}</button>
    </div>
    ${queries.length > 1 && html`<p class="quiet">The agent takes part ${queries.length} times, once for each work.</p>`}
    <${Agents}
      label="Waits for"
      uuids=${placed.filter((uuid) => uuid !== agentUuid)}
      chosen=${action.predecessors}
      nameOf=${nameOf}
      toggle=${(/** @type {string} */ from) => editor.connect(from, agentUuid)}
      error=${wrong('predecessors')}
    />
  `;
}
