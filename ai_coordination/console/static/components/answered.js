import { readable } from '../formatting.js';
import { html } from '../html.js';
import { Ago, TextBlock } from './basics.js';

/** What the API calls itself where nobody answered in time and the default counts. */
const ENGINE = 'engine';

/**
 * What came of a question: who answered, when, and what.
 *
 * @param {{ isSentBack?: boolean, ask: NonNullable<Console.Result<typeof import('../documents/answer.js').ANSWER>['answerSessionAgent']>['sessionAgent']['ask'] }} properties
 */
export function Answered({ ask, isSentBack = false }) {
  if (!ask?.answeredAt) return null;
  const { answer } = ask;
  const text = answer == null ? '' : typeof answer === 'string' ? readable(answer) : JSON.stringify(answer, null, 2);
  return html`<div class="answered">
    <p>${verdictOf(ask, isSentBack)} <${Ago} at=${ask.answeredAt} />.</p>
    ${text && html`<${TextBlock} label=${ask.approved === false ? 'Reason' : 'Answer'} text=${text} />`}
    ${ask.comment && html`<${TextBlock} label="Comment" text=${ask.comment} />`}
  </div>`;
}

/**
 * @param {NonNullable<Parameters<typeof Answered>[0]['ask']>} ask
 * @param {boolean} isSentBack
 */
function verdictOf({ answeredBy, approved, choice, kind }, isSentBack) {
  if (answeredBy === ENGINE) {
    const what =
      approved === true
        ? 'Approved'
        : approved === false
          ? 'Rejected'
          : choice
            ? html`<b>${choice}</b> was chosen`
            : 'Answered';
    return html`${what} by default, because nobody answered in time,`;
  }
  const who = answeredBy ? html` by <b>${answeredBy}</b>` : '';
  if (choice != null) return html`<b>${choice}</b> was chosen${who}`;
  if (approved === true) return html`Approved${who}`;
  if (approved === false) return html`${isSentBack ? 'Sent back' : kind === 'APPROVAL' ? 'Rejected' : 'Refused'}${who}`;
  return html`Answered${who}`;
}
