import { useEffect, useState } from 'preact/hooks';
import { dateTime, duration, relative } from '../formatting.js';
import { html } from '../html.js';
import { look } from '../states.js';

/**
 * The time, again and again, for what shows how long ago something was.
 *
 * @param {number | null} milliseconds null: it stands still
 */
export function useNow(milliseconds) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (milliseconds === null) return undefined;
    const timer = setInterval(() => setNow(Date.now()), milliseconds);
    return () => clearInterval(timer);
  }, [milliseconds]);
  return milliseconds === null ? Date.now() : now;
}

/** @param {{ of: string }} properties */
export function State({ of }) {
  const { icon, word } = look(of);
  return html`<span class="state s-${of}"><span class="icon" aria-hidden="true">${icon}</span> ${word}</span>`;
}

/** How long ago. @param {{ at: string | null | undefined }} properties */
export function Ago({ at }) {
  const now = useNow(20_000);
  return at ? html`<time datetime=${at} title=${dateTime(at)}>${relative(at, now)}</time>` : html`<span class="quiet">–</span>`;
}

/**
 * How long something took, or has taken so far.
 *
 * @param {{ from: string | null | undefined, to: string | null | undefined }} properties
 */
export function Took({ from, to }) {
  const now = useNow(from && !to ? 1000 : null);
  if (!from) return html`<span class="quiet">–</span>`;
  return html`<span class="number">${duration((to ? Date.parse(to) : now) - Date.parse(from))}</span>`;
}

const PARTS = /** @type {const} */ ([
  ['completed', 'COMPLETED'],
  ['failed', 'FAILED'],
  ['waitingForInput', 'WAITING_FOR_INPUT'],
  ['inProgress', 'IN_PROGRESS'],
  ['skipped', 'SKIPPED'],
  ['cancelled', 'CANCELLED'],
]);

/**
 * How far a session is.
 *
 * @param {{ of: Record<string, number> | null | undefined }} properties
 */
export function Progress({ of }) {
  if (!of || !of.total) return html`<span class="quiet">–</span>`;
  const parts = PARTS.filter(([name]) => of[name]);
  const others = parts.filter(([name]) => name !== 'completed').map(([name, state]) => `, ${of[name]} ${look(state).word}`);
  let x = 0;
  return html`<span class="progress">
    <svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="${of.completed} of ${of.total} agents completed${others.join('')}">
      ${parts.map(([name, state]) => {
        const width = (100 * of[name]) / of.total;
        x += width;
        return html`<rect class="s-${state}" x=${x - width} width=${width} height="8" />`;
      })}
    </svg>
    <span class="number" aria-hidden="true">${of.completed}/${of.total}</span>
  </span>`;
}

/**
 * Texts of agents and people, as they are, with a button to copy them.
 *
 * @param {{ label: string, text: string | null | undefined, open?: boolean }} properties
 */
export function TextBlock({ label, text, open = true }) {
  const [copied, setCopied] = useState(false);
  if (text == null || text === '') return null;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return html`<details class="text" open=${open}>
    <summary>${label}</summary>
    <button class="quiet small copy" onClick=${copy}>${copied ? 'Copied' : 'Copy'}<span class="hidden"> ${label}</span></button>
    <pre tabindex="0" aria-label=${label}>${text}</pre>
  </details>`;
}

/**
 * A field of a form: its label, its help, and what the API has said against it.
 *
 * @param {{ label: string, help?: any, error?: string, children: any }} properties
 */
export function Field({ label, help, error, children }) {
  return html`<label class="field ${error ? 'wrong' : ''}">
    <span class="label">${label}</span>
    ${children}
    ${help && html`<small class="quiet">${help}</small>`}
    ${error && html`<small class="error" role="alert">${error}</small>`}
  </label>`;
}
