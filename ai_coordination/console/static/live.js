import { useEffect, useReducer, useRef, useState } from 'preact/hooks';

/**
 * Call `load` again and again: soon after a change, more and more rarely while nothing changes, and
 * not while the tab is hidden. A failure doubles the wait.
 *
 * `load` says whether anything has changed, or for how many seconds to wait (null: never again).
 *
 * @param {(signal: AbortSignal) => Promise<boolean | number | null>} load
 * @param {{ fast?: number, slow?: number }} [milliseconds]
 */
export function poll(load, { fast = 1000, slow = 15000 } = {}) {
  /** @type {number | null} */
  let wait = fast;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {AbortController | undefined} */
  let request;
  let stopped = false;
  let isAskedAgain = false;

  function schedule() {
    clearTimeout(timer);
    if (stopped || document.hidden || wait === null) return;
    // Jitter, so that the tabs of a team do not ask in step.
    timer = setTimeout(tick, wait * (1 + Math.random() / 10));
  }

  async function tick() {
    if (stopped) return;
    if (request) {
      isAskedAgain = true;
      return;
    }
    clearTimeout(timer);
    const control = (request = new AbortController());
    try {
      const result = await load(control.signal);
      if (typeof result === 'number') wait = result * 1000;
      else if (result === null) wait = null;
      else wait = result ? fast : Math.min(slow, (wait ?? fast) * 1.5);
    } catch (error) {
      const { retryAfterSeconds = 0 } = /** @type {{ retryAfterSeconds?: number }} */ (error);
      wait = Math.max(retryAfterSeconds * 1000, Math.min(2 * slow, (wait ?? fast) * 2));
    }
    request = undefined;
    if (isAskedAgain) {
      isAskedAgain = false;
      tick();
    } else {
      schedule();
    }
  }

  function wake() {
    if (document.hidden) return clearTimeout(timer);
    if (wait !== null) tick();
  }

  document.addEventListener('visibilitychange', wake);
  addEventListener('online', wake);
  tick();
  return {
    /** Ask at once, for example after the person has changed something. */
    now() {
      wait = fast;
      tick();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      request?.abort();
      document.removeEventListener('visibilitychange', wake);
      removeEventListener('online', wake);
    },
  };
}

/**
 * What a screen shows, kept up to date. `data` is undefined until the first answer, and stays while
 * later ones fail; `error` is the last failure. `seenAt` is the time of the last answer.
 *
 * @template T
 * @typedef {{ data?: T, error?: import('./api.js').Refused, seenAt?: number, reload: () => void }} Live
 */

/**
 * Load something for a screen, and keep it up to date. Other `keys` mean another thing: its data
 * are dropped at once.
 *
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {unknown[]} keys
 * @param {{ fast?: number, slow?: number }} [milliseconds]
 * @returns {Live<T>}
 */
export function useLive(load, keys, milliseconds) {
  const key = JSON.stringify(keys);
  const [got, setGot] = useState(/** @type {Partial<Live<T>> & { key?: string }} */ ({}));
  const handle = useRef(/** @type {ReturnType<typeof poll> | undefined} */ (undefined));
  useEffect(() => {
    let last = '';
    handle.current = poll(async (signal) => {
      try {
        const data = await load(signal);
        const text = JSON.stringify(data);
        const changed = text !== last;
        last = text;
        const seenAt = Date.now();
        setGot((before) => {
          const same = before.key === key && !changed && !before.error;
          return same ? Object.assign(before, { seenAt }) : { key, data: changed ? data : before.data, seenAt };
        });
        return changed;
      } catch (error) {
        if (!signal.aborted) {
          setGot((before) => ({ ...(before.key === key ? before : { key }), error: /** @type {any} */ (error) }));
        }
        throw error;
      }
    }, milliseconds);
    return () => handle.current?.stop();
  }, [key]);
  return { ...(got.key === key ? got : {}), reload: () => handle.current?.now() };
}

/**
 * Load something once, and again when `keys` change or `reload` is called: for forms.
 *
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {unknown[]} keys
 * @returns {Live<T>}
 */
export function useLoaded(load, keys) {
  const key = JSON.stringify(keys);
  const [round, reload] = useReducer((/** @type {number} */ n) => n + 1, 0);
  const [got, setGot] = useState(/** @type {Partial<Live<T>> & { key?: string }} */ ({}));
  useEffect(() => {
    const control = new AbortController();
    load(control.signal).then(
      (data) => control.signal.aborted || setGot({ key, data, seenAt: Date.now() }),
      (error) => control.signal.aborted || setGot((before) => ({ ...(before.key === key ? before : {}), key, error })),
    );
    return () => control.abort();
  }, [key, round]);
  return { ...(got.key === key ? got : {}), reload: () => reload(undefined) };
}

/**
 * Something that a person does: whether it is on its way, and why it was refused.
 *
 * @returns {{ busy: boolean, error?: import('./api.js').Refused,
 *   run: <T>(work: () => Promise<T>) => Promise<T | undefined>, clear: () => void }}
 */
export function useAction() {
  const [state, setState] = useState(/** @type {{ busy: boolean, error?: any }} */ ({ busy: false }));
  const isGone = useRef(false);
  useEffect(() => () => void (isGone.current = true), []);
  return {
    ...state,
    clear: () => setState({ busy: false }),
    async run(work) {
      setState({ busy: true });
      try {
        const result = await work();
        if (!isGone.current) setState({ busy: false });
        return result;
      } catch (error) {
        if (!isGone.current) setState({ busy: false, error });
        return undefined;
      }
    },
  };
}
