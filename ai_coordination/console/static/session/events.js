import { duration } from '../formatting.js';

/**
 * What has happened in a session, newest first: its log, and what each run has come to.
 *
 * @typedef {{ key: string, at: string, level: string, text: string, agent: string | null }} Event
 */

/** @type {Record<string, [string, string]>} */
const OUTCOMES = {
  COMPLETED: ['info', 'completed'],
  FAILED: ['error', 'failed'],
  TIMED_OUT: ['error', 'timed out'],
  CANCELLED: ['warning', 'was cancelled'],
  INPUT_REQUIRED: ['info', 'asked a person'],
  DELEGATED: ['info', 'delegated work'],
};
const MOST_CHARACTERS = 400;

/** @param {import('./store.js').Watched} watched @returns {Event[]} */
export function eventsOf({ head, runs, session }) {
  const logged = head.logs.map(({ at, level, message, sessionAgentUuid }, number) => ({
    key: `log ${number}`,
    at,
    level: level.toLowerCase(),
    text: message,
    agent: sessionAgentUuid,
  }));
  const ended = runs.flatMap((run) => {
    if (!run.outcome || !run.finishedAt) return [];
    const [level, word] = OUTCOMES[run.outcome] ?? ['info', run.outcome.toLowerCase().replaceAll('_', ' ')];
    const took = duration(Date.parse(run.finishedAt) - Date.parse(run.createdAt));
    const notes = run.notes ? `: ${run.notes.slice(0, MOST_CHARACTERS)}` : '';
    const text = `attempt ${run.attempt} ${word} after ${took}${notes}`;
    return [{ key: run.runUuid, at: run.finishedAt, level, text, agent: run.sessionAgentUuid }];
  });
  /** @type {[string, string | null, string][]} The last one first, for those of the same time. */
  const moments = [
    ['ended', session.finishedAt, `The session ended ${session.status.toLowerCase().replaceAll('_', ' ')}`],
    ['started', session.startedAt, 'The session has started'],
    ['created', head.createdAt, 'The session was created'],
  ];
  const own = moments.flatMap(([key, at, text]) => (at ? { key, at, level: 'info', text, agent: null } : []));
  return [...logged, ...ended, ...own].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}
