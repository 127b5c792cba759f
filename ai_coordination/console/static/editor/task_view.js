import { useState } from 'preact/hooks';
import { drawFace } from '../graph/node.js';
import { Graph } from '../graph/view.js';
import { html } from '../html.js';
import { useKeys } from '../keys.js';
import { agentOf } from './problems.js';
import { isEveryone, takingPart, withAction } from './task_graph.js';
import { nodesOf } from './task_nodes.js';

/**
 * The graph of a task. Agents are connected by drag; or by the key C on one and Enter on another.
 *
 * @param {{ editor: import('./task_editor.js').Editor, selected: string | null,
 *   select: (agentUuid: string | null) => void, circle: string[] | null,
 *   closeCircle: () => void }} properties
 */
export function TaskGraph({ editor, selected, select, circle, closeCircle }) {
  const { draft, members, nameOf, tasks, connect, error } = editor;
  const [from, setFrom] = useState(/** @type {string | null} */ (null));
  const taskName = (/** @type {string} */ uuid) => tasks.find((task) => task.taskUuid === uuid)?.taskName ?? 'another task';
  const nodes = nodesOf({ draft, members, nameOf, taskName, wrong: agentOf(error), from, circle: circle ?? [] });
  const shown = new Set(nodes.map(({ id }) => id));
  const absent = members.filter((uuid) => !shown.has(uuid));

  const begin = () => {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement?.closest('.graph [data-id]'));
    setFrom(focused?.dataset.id ?? selected);
  };
  const open = (/** @type {string} */ id) => {
    if (from === null) return select(id);
    setFrom(null);
    if (from !== id) connect(from, id);
  };
  useKeys({
    c: { does: 'Connect this agent with the next one that is opened', run: begin },
    ...(from !== null
      ? { Escape: { does: 'Connect nothing', run: () => setFrom(null) } }
      : selected !== null && { Escape: { does: 'Close the agent', run: () => select(null) } }),
  });

  return html`<div class="task-graph">
    <div class="bar">
      <${AddAgent} absent=${absent} nameOf=${nameOf} add=${(/** @type {string} */ uuid) => (editor.change((now) => withAction(now, members, uuid, {})), select(uuid))} />
      <span class="grow"></span>
      ${from !== null
        ? html`<span role="status">Choose the agent that waits for <strong>${nameOf(from)}</strong>.</span><button class="small" onClick=${() => setFrom(null)}>Cancel</button>`
        : selected !== null && shown.has(selected) && html`<button class="small" title="Connect (c)" onClick=${() => setFrom(selected)}>Connect…</button>`}
    </div>
    ${circle && html`<${Circle} circle=${circle} nameOf=${nameOf} close=${closeCircle} />`}
    ${members.length === 0
      ? html`<p class="quiet">The coordination has no agents yet.</p>`
      : html`<${Graph}
          nodes=${nodes}
          label="Graph of ${nodes.length} agents. Arrow keys move, Enter opens, C connects."
          draw=${drawFace}
          selected=${selected}
          onOpen=${open}
          onConnect=${connect}
        />`}
    <p class="quiet">
      ${isEveryone(draft) && members.length > 0 ? 'Nothing is arranged yet: all agents of the coordination take part, at the same time. ' : ''}
      Drag from one agent to another: the second waits for the first. Drag again to undo it. With the keyboard: C, then Enter on the other.
    </p>
  </div>`;
}

/** @param {{ absent: string[], nameOf: (agentUuid: string) => string, add: (agentUuid: string) => void }} properties */
function AddAgent({ absent, nameOf, add }) {
  if (absent.length === 0) return html`<span class="quiet">All agents of the coordination take part.</span>`;
  const submit = (/** @type {any} */ event) => {
    event.preventDefault();
    add(event.target.elements.agent.value);
  };
  return html`<form class="add" onSubmit=${submit}>
    <select name="agent" aria-label="Agent to add">${absent.map((uuid) => html`<option value=${uuid}>${nameOf(uuid)}</option>`)}</select>
    <button>Add agent</button>
  </form>`;
}

/** Why two agents cannot be connected. @param {{ circle: string[], nameOf: (agentUuid: string) => string, close: () => void }} properties */
function Circle({ circle, nameOf, close }) {
  return html`<div class="problem" role="alert">
    <div><strong>This would be a circle</strong><p>${circle.map(nameOf).join(' → ')}</p></div>
    <button class="small" onClick=${close}>Close</button>
  </div>`;
}
