import { ask } from './api.js';
import { OPEN_QUESTIONS } from './documents/inbox.js';

/**
 * Which lists of questions make an inbox: those to a person and their groups, or all of the tenant.
 *
 * @typedef {NonNullable<Console.Variables<typeof OPEN_QUESTIONS>['of']>} InboxFilter
 * @typedef {import('./viewer.js').Viewer} Viewer
 */

/** How many questions of a list are shown, and counted. */
export const MOST = 100;

/** Each group is a request of its own. */
const MOST_GROUPS = 10;

/** What a person sees first: what they can answer. @param {Viewer} viewer */
export const usualView = (viewer) => (viewer.userId ? 'me' : 'all');

/**
 * @param {string} view `me`, `mine`, `all`, or `group:` and its name
 * @param {Viewer} viewer
 * @returns {(InboxFilter | null)[]} null: all
 */
export function listsOf(view, viewer) {
  if (view.startsWith('group:')) return [{ group: view.slice('group:'.length) }];
  if (view === 'mine') return [{ mine: true }];
  if (view === 'me') return [{ mine: true }, ...viewer.groups.slice(0, MOST_GROUPS).map((group) => ({ group }))];
  return [null];
}

/**
 * The open questions of some lists, told by as little as possible.
 *
 * @param {(InboxFilter | null)[]} lists
 * @param {AbortSignal} signal
 */
export async function openQuestions(lists, signal) {
  const answers = await Promise.all(lists.map((of) => ask(OPEN_QUESTIONS, { of, first: MOST }, signal)));
  const nodes = answers.flatMap(({ openSessionAgents }) => openSessionAgents.nodes);
  return {
    moved: new Map(nodes.map((node) => [node.sessionAgentUuid, node.updatedAt])),
    hasMore: answers.some(({ openSessionAgents }) => openSessionAgents.pageInfo.hasNextPage),
  };
}

const CHANGED = 'inbox-changed';

/** Somebody has answered, claimed or released here, so whoever counts questions counts again. */
export const inboxChanged = () => dispatchEvent(new Event(CHANGED));

/** @param {() => void} listener @returns {() => void} a function that stops it */
export function watchInbox(listener) {
  addEventListener(CHANGED, listener);
  return () => removeEventListener(CHANGED, listener);
}
