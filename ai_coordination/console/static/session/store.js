import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ask } from '../api.js';
import { CHANGES, SESSION } from '../documents/session.js';
import { poll } from '../live.js';

/** @typedef {NonNullable<Console.Result<typeof CHANGES>['session']>} Moved */
/** @typedef {Moved['changes']['agents'][number]} Agent An agent of a session. */
/** @typedef {Moved['changes']['runs'][number]} Run */
/** @typedef {NonNullable<Console.Result<typeof SESSION>['session']>} Head */
/**
 * A session as the screen shows it. Agents are in the order in which they were added.
 *
 * @typedef {{ session: Moved, head: Head, agents: Agent[], byUuid: Map<string, Agent>, runs: Run[] }} Watched
 */

/** Somebody else may retry a session that has ended. */
const SECONDS_AFTER_END = 60;

/** What is known of a session, kept by the changes that the API tells. */
export class Store {
  /** @type {Map<string, Agent>} */
  #agents = new Map();
  /** @type {Map<string, Run>} */
  #runs = new Map();
  /** @type {string | null} */
  cursor = null;

  /**
   * Take an answer. Returns what is known now.
   *
   * @param {Moved} session
   * @returns {Omit<Watched, 'head'>}
   */
  take(session) {
    const { cursor, whole, agents, runs } = session.changes;
    if (whole) {
      this.#agents.clear();
      this.#runs.clear();
    }
    for (const agent of agents) this.#agents.set(agent.sessionAgentUuid, agent);
    for (const run of runs) this.#runs.set(run.runUuid, run);
    this.cursor = cursor;
    return { session, agents: [...this.#agents.values()], byUuid: this.#agents, runs: [...this.#runs.values()] };
  }
}

/**
 * Watch a session. `data` is null if there is none.
 *
 * @param {string} coordinationUuid
 * @param {string} sessionUuid
 * @returns {import('../live.js').Live<Watched | null>}
 */
export function useSession(coordinationUuid, sessionUuid) {
  const [got, setGot] = useState(/** @type {Partial<import('../live.js').Live<Watched | null>>} */ ({}));
  const handle = useRef(/** @type {ReturnType<typeof poll> | undefined} */ (undefined));
  useEffect(() => {
    const store = new Store();
    /** @type {Head | null} */
    let head = null;
    let headOf = '';
    let seen = '';
    handle.current = poll(async (signal) => {
      try {
        const variables = { coordinationUuid, sessionUuid };
        const { session } = await ask(CHANGES, { ...variables, after: store.cursor }, signal);
        if (!session) {
          setGot({ data: null, seenAt: Date.now() });
          return null;
        }
        const version = `${session.status} ${session.updatedAt}`;
        if (!head || headOf !== version) {
          head = (await ask(SESSION, variables, signal)).session;
          headOf = version;
        }
        const { agents, runs, whole } = session.changes;
        const now = JSON.stringify([version, session.usage, session.dollars]);
        const isQuiet = seen === now && !agents.length && !runs.length && !whole;
        seen = now;
        const known = isQuiet ? null : store.take(session);
        if (isQuiet) store.cursor = session.changes.cursor;
        setGot((before) =>
          known && head
            ? { data: { ...known, head }, seenAt: Date.now() }
            : before.error
              ? { data: before.data, seenAt: Date.now() }
              : Object.assign(before, { seenAt: Date.now() }),
        );
        return session.changes.pollAfterSeconds ?? SECONDS_AFTER_END;
      } catch (error) {
        if (!signal.aborted) setGot((before) => ({ ...before, error: /** @type {any} */ (error) }));
        throw error;
      }
    });
    return () => handle.current?.stop();
  }, [coordinationUuid, sessionUuid]);
  const reload = useMemo(() => () => handle.current?.now(), []);
  return { ...got, reload };
}
