import { useMemo } from 'preact/hooks';
import { Empty } from '../components/loaded.js';
import { drawFace } from '../graph/node.js';
import { Graph } from '../graph/view.js';
import { html } from '../html.js';
import { nodesOf } from './nodes.js';
import { plural, problemsOf } from './tree.js';

const draw = (/** @type {import('./nodes.js').AgentNode} */ { face }) => drawFace(face);

/**
 * @param {object} properties
 * @param {import('./tree.js').Tree} properties.tree
 * @param {Set<string>} properties.opened
 * @param {string | undefined} properties.selected
 * @param {(uuid: string) => void} properties.select
 * @param {(id: string) => void} properties.toggle
 * @param {() => void} properties.nextProblem
 */
export function SessionGraph({ tree, opened, selected, select, toggle, nextProblem }) {
  const { nodes, shownAs } = useMemo(() => nodesOf(tree, opened), [tree, opened]);
  const urgent = problemsOf(tree)[0] ?? tree.agents.find(({ state }) => state === 'IN_PROGRESS');
  const open = (/** @type {string} */ id) => (id.startsWith('alike-') ? toggle(id) : select(id));
  const problems = problemsOf(tree).length;
  if (!nodes.length) return html`<${Empty}><p>This session has no agents yet.</p></>`;
  return html`<${Graph}
    nodes=${nodes}
    label="Graph of ${plural(tree.agents.length, 'agent')}. Arrow keys move, Enter opens, Space unfolds."
    draw=${draw}
    selected=${selected && shownAs.get(selected)}
    lead=${urgent && shownAs.get(urgent.sessionAgentUuid)}
    onOpen=${open}
    onFold=${toggle}
  >
    ${problems > 0 && html`<button title="Next problem (p)" onClick=${nextProblem}>Next problem</button>`}
  </>`;
}
