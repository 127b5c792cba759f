/** The agents of a task as nodes of a graph. */
import { actionOf, queriesOf, takingPart } from './task_graph.js';

/**
 * @typedef {import('./task_model.js').Draft} Draft
 * @typedef {import('./task_model.js').Action} Action
 */

/**
 * What is special about an agent, in a few words.
 *
 * @param {Draft} draft
 * @param {string} agentUuid
 * @param {(taskUuid: string) => string} taskName
 * @returns {string[]}
 */
export function notes(draft, agentUuid, taskName) {
  const action = actionOf(draft, agentUuid);
  const works = queriesOf(draft, agentUuid).length;
  const found = works > 1 ? [`${works} works`] : [];
  if (!action) return found;
  if (action.when) found.push('conditional');
  if (action.forEach) found.push('for each');
  if (action.repeat) found.push(`up to ${action.repeat.maxRounds} rounds`);
  if (action.taskUuid) found.push(`runs ${taskName(action.taskUuid)}`);
  if (action.ask) found.push(ASKS[action.ask.kind] ?? action.ask.kind.toLowerCase());
  if (action.delegatesTo.length) found.push('delegates');
  if (action.delaySeconds) found.push('delayed');
  return found;
}

/** @type {Record<string, string>} */
const ASKS = { APPROVAL: 'approval', INPUT: 'asks for input', CHOICE: 'asks for a choice' };

/**
 * @param {object} editor
 * @param {Draft} editor.draft
 * @param {string[]} editor.members
 * @param {(agentUuid: string) => string} editor.nameOf
 * @param {(taskUuid: string) => string} editor.taskName
 * @param {string | null} editor.wrong the agent that an error is about
 * @param {string | null} editor.from the agent that is being connected
 * @returns {any[]} of type `ShownNode`
 */
export function nodesOf({ draft, members, nameOf, taskName, wrong, from }) {
  const { placed, delegates } = takingPart(draft, members);
  const parents = delegators(draft, placed);
  const node = (/** @type {string} */ id, /** @type {boolean} */ isDelegate) => {
    const action = actionOf(draft, id);
    const predecessors = isDelegate ? parents.get(id) ?? [] : (action?.predecessors ?? []);
    const said = [...notes(draft, id, taskName), ...(isDelegate ? ['does delegated work'] : [])];
    const isMember = members.includes(id);
    if (!isMember) said.unshift('no agent of this coordination');
    const face = {
      name: nameOf(id),
      note: fittingNotes(said),
      human: Boolean(action?.ask),
      stacked: Boolean(action?.forEach) || queriesOf(draft, id).length > 1,
      icon: id === wrong || !isMember ? '!' : action?.forEach ? '⧉' : action?.repeat ? '↻' : action?.taskUuid ? '▤' : action?.ask ? '?' : '•',
    };
    const before = predecessors.map(nameOf).join(', ');
    return {
      id,
      predecessors,
      ...face,
      className: id === wrong || !isMember ? 's-FAILED' : isDelegate ? 's-SKIPPED' : id === from ? 's-IN_PROGRESS' : '',
      isOptional: isDelegate || Boolean(action?.when),
      // It begins with what is seen.
      label: [face.name, ...said, before && `${isDelegate ? 'gets work from' : 'waits for'} ${before}`].filter(Boolean).join(', '),
      stamp: JSON.stringify([face, id === wrong, isDelegate, id === from, before]),
    };
  };
  return [...placed.map((id) => node(id, false)), ...delegates.map((id) => node(id, true))];
}

const NOTE_CHARACTERS = 26;

/** The first notes, as many as there is room for. @param {string[]} said */
function fittingNotes(said) {
  let shown = '';
  for (const note of said) {
    const longer = shown ? `${shown} · ${note}` : note;
    if (shown && longer.length > NOTE_CHARACTERS) break;
    shown = longer;
  }
  return shown;
}

/**
 * From whom agents without a place get work: the first on the way from an agent with a place. Work
 * can be delegated in circles, and a graph has none.
 *
 * @param {Draft} draft
 * @param {string[]} placed
 */
function delegators(draft, placed) {
  /** @type {Map<string, string[]>} */
  const parents = new Map();
  const reached = new Set(placed);
  const pending = [...placed];
  for (let from = pending.shift(); from !== undefined; from = pending.shift()) {
    for (const to of actionOf(draft, from)?.delegatesTo ?? []) {
      if (reached.has(to)) continue;
      reached.add(to);
      parents.set(to, [from]);
      pending.push(to);
    }
  }
  return parents;
}
