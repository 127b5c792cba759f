import { html } from '../html.js';
import { Field } from './basics.js';
import { below, initial, SchemaForm } from './schema_form.js';

/**
 * The fields of an answer, by the kind of the question.
 *
 * @typedef {NonNullable<import('./answer.js').Asking['ask']>} Question
 * @typedef {{ text: string, value: any, choice: string, comment: string }} Draft
 * @typedef {(members: Partial<Draft>) => void} Change
 */

/** What the form holds before a person has typed: the default. @param {Question} question @returns {Draft} */
export function emptyDraft({ kind, form, options, default: suggested }) {
  return {
    text: typeof suggested === 'string' && kind === 'INPUT' && !form ? suggested : '',
    value: form ? (suggested ?? initial(form)) : undefined,
    choice: kind === 'CHOICE' && options.includes(suggested) ? suggested : '',
    comment: '',
  };
}

/**
 * What is sent to the API for a draft.
 *
 * @param {Question} question
 * @param {Draft} draft
 */
export function inputOf({ kind, form }, { text, value, choice }) {
  if (form) return { answer: value ?? {} };
  if (kind === 'APPROVAL') return { approved: true, userInput: text || null };
  if (kind === 'CHOICE') return { choice, userInput: text || null };
  return { userInput: text };
}

/**
 * What is sent to reject an output, to send it back, or to refuse a question.
 *
 * @param {Question} question
 * @param {Draft} draft
 * @param {boolean} revise
 */
export function refusalOf(question, { text }, revise) {
  return { approved: false, userInput: text || null, ...(revise ? { revise: true } : {}) };
}

/** @param {Event} event */
const typed = (event) => /** @type {HTMLInputElement} */ (event.target).value;

/**
 * @param {{ question: Question, draft: Draft, change: Change, error?: import('../api.js').Refused }} properties
 */
export function Fields({ question, draft, change, error }) {
  const said = below(error, ['userInput']);
  const text = (/** @type {string} */ label, /** @type {string} */ help, /** @type {boolean} */ required) =>
    html`<${Field} label=${label} help=${help} error=${said}>
      <textarea class="grows" rows="2" required=${required} value=${draft.text}
        onInput=${(/** @type {Event} */ event) => change({ text: typed(event) })} />
    </>`;
  if (question.form) {
    const changed = (/** @type {any} */ value) => change({ value });
    return html`<${SchemaForm} schema=${question.form} value=${draft.value} onChange=${changed} path=${['answer']} error=${error} />
      ${question.question && text('Reason, if you refuse', '', false)}`;
  }
  if (question.kind === 'APPROVAL') return text('Remark', 'The agents see it.', false);
  if (question.kind === 'CHOICE') {
    return html`<fieldset class="options">
        <legend>Your choice</legend>
        ${question.options.map(
          (option) => html`<label class="check">
            <input type="radio" name="choice" required value=${option} checked=${draft.choice === option}
              onChange=${() => change({ choice: option })} />
            <span>${option}</span>
          </label>`,
        )}
        ${below(error, ['choice']) && html`<small class="error" role="alert">${error?.message}</small>`}
      </fieldset>
      ${text('Remark', 'The agents see it.', false)}`;
  }
  return text('Your answer', '', true);
}

/** What only other people see. @param {{ draft: Draft, change: Change }} properties */
export function Comment({ draft, change }) {
  return html`<details class="comment" open=${draft.comment !== '' || undefined}>
    <summary>Comment for other people</summary>
    <${Field} label="Comment" help="No agent sees it.">
      <textarea class="grows" rows="2" value=${draft.comment}
        onInput=${(/** @type {Event} */ event) => change({ comment: typed(event) })} />
    </>
  </details>`;
}

/**
 * @param {{ question: Question, draft: Draft, isLastTurn: boolean, busy: boolean, refuse: () => void,
 *   revise: () => void }} properties
 */
export function Buttons({ question, draft, isLastTurn, busy, refuse, revise }) {
  const send = (/** @type {string} */ label) => html`<button class="main" aria-busy=${busy}>${label}</button>`;
  if (question.kind === 'APPROVAL' && !question.question) {
    const hint = isLastTurn
      ? 'The agent has had its last turn'
      : draft.text
        ? 'The agent runs again with your remark'
        : 'Write what to change first';
    return html`<div class="buttons">
        ${send('Approve')}
        <button type="button" disabled=${isLastTurn || !draft.text} title=${hint} onClick=${revise}>Send back</button>
        <button type="button" class="danger" onClick=${refuse}>Reject</button>
      </div>
      <p class="quiet">${consequence(question, isLastTurn)}</p>`;
  }
  return html`<div class="buttons">
    ${send('Send')}
    ${question.question && html`<button type="button" class="danger" title="The agent fails" onClick=${refuse}>Refuse to answer</button>`}
  </div>`;
}

/** @param {Question} question @param {boolean} isLastTurn */
function consequence({ onRejection }, isLastTurn) {
  const back = isLastTurn ? '' : 'Send back: the agent runs again with your remark. ';
  return `${back}Reject: ${onRejection === 'CONTINUE' ? 'the session goes on, and knows of the rejection.' : 'the agent fails.'}`;
}
