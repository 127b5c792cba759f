import { Took } from '../components/basics.js';
import { count, dateTime, readable } from '../formatting.js';
import { html } from '../html.js';
import { look } from '../states.js';

/** @typedef {import('./drawer.js').WholeAgent['sessionRuns']['nodes'][number]} WholeRun */

/** Outcomes in words, and the state whose look they share. @type {Record<string, [string, string]>} */
const OUTCOMES = {
  COMPLETED: ['COMPLETED', 'completed'],
  FAILED: ['FAILED', 'failed'],
  TIMED_OUT: ['FAILED', 'timed out'],
  CANCELLED: ['CANCELLED', 'cancelled'],
  INPUT_REQUIRED: ['WAITING_FOR_INPUT', 'asked a person'],
  DELEGATED: ['COMPLETED', 'delegated'],
};

/**
 * Each time an agent was called, the latest first.
 *
 * @param {{ runs: WholeRun[], hasMore: boolean }} properties
 */
export function Attempts({ runs, hasMore }) {
  if (!runs.length) return null;
  const hasIterations = runs.some(({ iteration }) => (iteration ?? 1) > 1);
  const hasTurns = runs.some(({ turn }) => turn > 1);
  const hasTokens = runs.some(({ usage }) => usage);
  const latestFirst = [...runs].reverse();
  return html`<section class="attempts" aria-label="Attempts">
    <h3>Attempts</h3>
    <div class="scrolls">
      <table>
        <thead>
          <tr>
            <th class="number">#</th><th>Outcome</th><th>Began</th><th class="number">Took</th>
            ${hasTokens && html`<th class="number">Tokens</th>`}
          </tr>
        </thead>
        <tbody>
          ${latestFirst.map((run) => {
            const [state, word] = lookOf(run);
            const places = [hasIterations && `iteration ${run.iteration ?? 1}`, hasTurns && `turn ${run.turn}`];
            const place = places.filter(Boolean).join(', ');
            return html`<tr key=${run.runUuid}>
              <td class="number">${run.attempt}</td>
              <td>
                <span class="state s-${state}">
                  <span class="icon" aria-hidden="true">${look(state).icon}</span> ${word}
                </span>
                ${place && html`<div class="quiet">${place}</div>`}
                <${Said} what="Notes" run=${run} text=${run.notes} open=${run.outcome !== 'COMPLETED'} />
                ${run.outcome !== 'COMPLETED' &&
                html`<${Said} what="Output" run=${run} text=${readable(run.output ?? '')} open=${false} />`}
              </td>
              <td class="time">
                <time datetime=${run.createdAt} title=${dateTime(run.createdAt)}>
                  ${new Date(run.createdAt).toLocaleTimeString()}
                </time>
              </td>
              <td class="number"><${Took} from=${run.createdAt} to=${run.finishedAt} /></td>
              ${hasTokens &&
              html`<td class="number" title=${run.usage?.model}>
                ${run.usage && count(run.usage.inputTokens + run.usage.outputTokens)}
              </td>`}
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
    ${hasMore && html`<p class="quiet">Later attempts are not shown.</p>`}
  </section>`;
}

/** @param {WholeRun} run @returns {[string, string]} the state whose look it shares, and a word */
function lookOf({ outcome }) {
  if (!outcome) return ['IN_PROGRESS', 'in progress'];
  return OUTCOMES[outcome] ?? ['', outcome.toLowerCase().replaceAll('_', ' ')];
}

/** @param {{ what: string, run: WholeRun, text: string | null, open: boolean }} properties */
function Said({ what, run, text, open }) {
  if (!text) return null;
  return html`<details class="run-notes" open=${open}>
    <summary>${what}</summary>
    <pre tabindex="0" aria-label="${what} of attempt ${run.attempt}">${text}</pre>
  </details>`;
}
