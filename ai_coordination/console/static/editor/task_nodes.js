/** The agents of a task as nodes of a graph. */
import { takingPart } from './task_graph.js';

/**
 * @typedef {import('./task_model.js').Draft} Draft
 * @typedef {import('./task_model.js').Action} Action
 */

/** @type {Record<string, string>} */
const ASKS = { APPROVAL: 'approval', INPUT: 'asks for input', CHOICE: 'asks for a choice' };

/**
 * What is special about an agent, in a few words.
 *
 * @param {Action | undefined} action
 * @param {number} works how many subtask queries it has
 * @param {(taskUuid: string) => string} taskName
 * @returns {string[]}
 */
function notes(action, works, taskName) {
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

/** @param {Action | undefined} action */
function iconOf(action) {
  if (action?.forEach) return '≡';
  if (action?.repeat) return '↻';
  if (action?.taskUuid) return '▤';
  return action?.ask ? '?' : '•';
}

/**
 * @param {object} editor
 * @param {Draft} editor.draft
 * @param {string[]} editor.members
 * @param {(agentUuid: string) => string} editor.nameOf
 * @param {(taskUuid: string) => string} editor.taskName
 * @param {string | null} editor.wrong the agent that an error is about
 * @param {string | null} editor.from the agent that is being connected
 * @param {string[]} editor.circle the agents of a circle that was refused
 * @returns {any[]} of type `ShownNode`
 */
export function nodesOf({ draft, members, nameOf, taskName, wrong, from, circle }) {
  const { placed, delegates } = takingPart(draft, members);
  const actions = new Map(draft.agentActions.map((action) => [action.agentUuid, action]));
  const parents = delegators(actions, placed);
  const known = new Set(members);
  /** @type {Map<string, number>} */
  const works = new Map();
  for (const { agentUuid } of draft.subtaskQueries) works.set(agentUuid, (works.get(agentUuid) ?? 0) + 1);

  const node = (/** @type {string} */ id, /** @type {boolean} */ isDelegate) => {
    const action = actions.get(id);
    const isBad = id === wrong || !known.has(id);
    const predecessors = (isDelegate ? parents.get(id) : action?.predecessors) ?? [];
    const before = predecessors.map(nameOf).join(', ');
    const said = [
      ...(known.has(id) ? [] : ['no agent of this coordination']),
      ...notes(action, works.get(id) ?? 0, taskName),
      ...(isDelegate ? ['does delegated work'] : []),
    ];
    const face = {
      name: nameOf(id),
      note: fittingNotes(said),
      icon: isBad ? '!' : iconOf(action),
      human: Boolean(action?.ask),
      stacked: Boolean(action?.forEach) || (works.get(id) ?? 0) > 1,
      className: isBad || circle.includes(id) ? 's-FAILED' : id === from ? 's-IN_PROGRESS' : isDelegate ? 's-SKIPPED' : '',
      label: [nameOf(id), ...said, before && `${isDelegate ? 'gets work from' : 'waits for'} ${before}`].filter(Boolean).join(', '),
    };
    return { id, predecessors, ...face, isOptional: isDelegate || Boolean(action?.when), stamp: JSON.stringify(face) };
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
 * @param {Map<string, Action>} actions
 * @param {string[]} placed
 */
function delegators(actions, placed) {
  /** @type {Map<string, string[]>} */
  const parents = new Map();
  const reached = new Set(placed);
  const pending = [...placed];
  for (let from = pending.shift(); from !== undefined; from = pending.shift()) {
    for (const to of actions.get(from)?.delegatesTo ?? []) {
      if (reached.has(to)) continue;
      reached.add(to);
      parents.set(to, [from]);
      pending.push(to);
    }
  }
  return parents;
}
