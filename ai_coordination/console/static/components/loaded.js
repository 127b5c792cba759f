import { UNREACHABLE } from '../api.js';
import { html } from '../html.js';
import { Ago, useNow } from './basics.js';

const OLD_AFTER_MILLISECONDS = 10_000;

/**
 * An error, in full: its code is what one searches for, its place is what one corrects.
 *
 * @param {{ error: import('../api.js').Refused | undefined, title?: string, retry?: () => void }} properties
 */
export function Problem({ error, title, retry }) {
  if (!error) return null;
  const place = error.inputPath?.length ? html` <code>${error.inputPath.join('.')}</code>` : null;
  return html`<div class="problem" role="alert">
    <div>
      <strong>${title ?? (error.code === UNREACHABLE ? 'No connection' : error.code)}</strong>${place}
      <p>${error.message}</p>
    </div>
    ${retry && html`<button onClick=${retry}>Try again</button>`}
  </div>`;
}

/**
 * The five states of a screen: loading, empty or gone, an error, data that are old, and data.
 *
 * `children` renders the data. `gone` says what does not exist, if the data are null.
 *
 * @template T
 * @param {{ live: import('../live.js').Live<T>, gone?: any, children: (data: NonNullable<T>) => any }} properties
 */
export function Loaded({ live, gone = 'There is nothing here.', children }) {
  const { data, error, seenAt, reload } = live;
  const now = useNow(error && data !== undefined ? 1000 : null);
  if (data === undefined) {
    if (error) return html`<${Problem} error=${error} retry=${reload} />`;
    return html`<div class="skeleton" role="status" aria-busy="true"><span class="hidden">Loading</span></div>`;
  }
  if (data === null) return html`<${Empty}>${gone}</>`;
  const isOld = error && now - (seenAt ?? 0) > OLD_AFTER_MILLISECONDS;
  return html`
    ${isOld &&
    html`<div class="old" role="status">
      Last seen <${Ago} at=${new Date(seenAt ?? 0).toISOString()} />: ${error?.message} Trying again.
      <button class="small" onClick=${reload}>Try now</button>
    </div>`}
    ${children(/** @type {any} */ (data))}
  `;
}

/** Nothing to show, and what to do next. @param {{ children: any }} properties */
export function Empty({ children }) {
  return html`<div class="empty">${children}</div>`;
}
