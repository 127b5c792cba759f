import { State, Took } from '../components/basics.js';
import { count } from '../formatting.js';
import { html } from '../html.js';
import { href } from '../router.js';
import { ALL_STATES, look } from '../states.js';
import { Actions } from './actions.js';
import { sharesOf } from './tree.js';

/**
 * What a session is, how far it is, and what one can do with it.
 *
 * @param {{ watched: import('./store.js').Watched, tree: import('./tree.js').Tree,
 *   place: { coordinationUuid: string, sessionUuid: string }, reload: () => void,
 *   stateHref: (state: string) => string }} properties
 */
export function Header({ watched, tree, place, reload, stateHref }) {
  const { session, head } = watched;
  return html`<header class="session-head">
    <div class="bar">
      <div class="title">
        <a href=${href(['sessions'])}>Sessions</a><span class="quiet" aria-hidden="true"> / </span>
        <h1>${titleOf(head)}</h1>
      </div>
      <${State} of=${session.status} />
      <${Counts} tree=${tree} stateHref=${stateHref} />
      <span class="grow"></span>
      <${Actions} session=${session} tree=${tree} place=${place} reload=${reload} />
    </div>
    <${Facts} watched=${watched} />
  </header>`;
}

/** @param {import('./store.js').Head} head */
export const titleOf = (head) => head.taskName || head.coordinationName || 'Session';

/**
 * How many agents are in which state.
 *
 * @param {{ tree: import('./tree.js').Tree, stateHref: (state: string) => string }} properties
 */
function Counts({ tree, stateHref }) {
  const counts = new Map(sharesOf(tree.agents));
  const known = ALL_STATES.filter((state) => counts.has(state));
  const states = [...known, ...[...counts.keys()].filter((state) => !known.includes(state))];
  return html`<span class="counts" role="group" aria-label="Agents" aria-live="polite">
    ${states.map((state) => {
      const { icon, word } = look(state);
      const number = count(counts.get(state) ?? 0);
      const title = `${number} ${word}`;
      return html`<a key=${state} class="state-count s-${state}" href=${stateHref(state)} title=${title}>
        <span class="icon" aria-hidden="true">${icon}</span> ${number}<span class="hidden"> ${word}</span>
      </a>`;
    })}
  </span>`;
}

/** @param {{ watched: import('./store.js').Watched }} properties */
function Facts({ watched }) {
  const { session, head } = watched;
  const tokens = session.usage && session.usage.inputTokens + session.usage.outputTokens;
  const { budget } = head;
  const retries = session.iterationCount - 1;
  const limit = (/** @type {string | number | null | undefined} */ text) =>
    text ? html` <span class="quiet">of ${text}</span>` : null;
  return html`<ul class="facts">
    ${session.startedAt &&
    html`<li>
      ${session.finishedAt ? 'took ' : 'running for '}
      <${Took} from=${session.startedAt} to=${session.finishedAt} />${limit(budget?.seconds && `${count(budget.seconds)} s`)}
    </li>`}
    ${tokens != null &&
    html`<li title=${usageTitle(session.usage)}>
      ${count(tokens)} tokens${limit(budget?.tokens && count(budget.tokens))}
    </li>`}
    ${session.dollars != null &&
    html`<li>${dollars(session.dollars)}${limit(budget?.dollars && dollars(budget.dollars))}</li>`}
    ${session.iterationCount > 1 &&
    html`<li>${retries === 1 ? '1 retry' : `${count(retries)} retries`}</li>`}
    ${head.userId && html`<li>for ${head.userId}</li>`}
    ${head.scheduleUuid && html`<li>by a schedule</li>`}
    ${head.labels.map(
      ({ key, value }) => html`<li key=${key} class="label">
        ${key}<span class="hidden">: </span><b>${value}</b>
      </li>`,
    )}
  </ul>`;
}

/** @param {{ inputTokens: number, outputTokens: number } | null} usage */
const usageTitle = (usage) => usage && `${count(usage.inputTokens)} in, ${count(usage.outputTokens)} out`;

/** @param {number} amount */
const dollars = (amount) => {
  const most = amount < 0.1 ? 4 : 2;
  return `$${amount.toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: most })}`;
};
