import { useRef, useState } from 'preact/hooks';
import { ask, UNREACHABLE } from '../api.js';
import { ANSWER } from '../documents/answer.js';
import { useDraft } from '../drafts.js';
import { readable } from '../formatting.js';
import { html } from '../html.js';
import { inboxChanged } from '../inbox.js';
import { useAction } from '../live.js';
import { useViewer } from '../viewer.js';
import { Buttons, Comment, emptyDraft, Fields, inputOf, refusalOf } from './answer_fields.js';
import { Answered } from './answered.js';
import { Ago, TextBlock } from './basics.js';
import { Claim, whyNot } from './claim.js';
import { Problem } from './loaded.js';

/** An agent with the fields of the fragment `QUESTION`. @typedef {NonNullable<Console.Result<typeof ANSWER>['answerSessionAgent']>['sessionAgent']} Asking */

/** An agent whose output was not approved is in one of these only if it was sent back. */
const RUNS_AGAIN = new Set(['INITIAL', 'IN_PROGRESS']);

/** A draft is about one run: the agent may run again, and ask another thing. @param {Asking} agent */
export const draftOf = ({ sessionAgentUuid, currentRun }) => `${sessionAgentUuid}/${currentRun?.runUuid ?? ''}`;

/**
 * The question of an agent: what it asks, and a form to answer it; or who has answered what.
 *
 * What a person sees stays while they type, whatever happens to the agent. `changed` is called with
 * the agent as an answer leaves it, and without one if the caller has to load it again. Title and output
 * are left out where the caller shows them.
 *
 * @param {{ agent: Asking, changed: (agent?: Asking) => void, showsTitle?: boolean, showsOutput?: boolean }} properties
 */
export function Answer({ agent: loaded, changed, showsTitle = true, showsOutput = true }) {
  // What an answer has made of the agent counts until the caller has loaded it, or something newer.
  const [left, setLeft] = useState(loaded);
  const agent = left.updatedAt > loaded.updatedAt ? left : loaded;
  const isOpen = agent.state === 'WAITING_FOR_INPUT';
  const seen = useRef(isOpen ? agent : null);
  const [, , forget] = useDraft(seen.current ? draftOf(seen.current) : '', () => null);
  const [isDirty, setDirty] = useState(false);
  // A send whose answer was lost may have arrived.
  const [isUnsure, setUnsure] = useState(false);
  const viewer = useViewer();
  const took = (/** @type {Asking | undefined} */ now) => {
    if (now) setLeft(now);
    changed(now);
    inboxChanged();
  };
  // Whoever has typed nothing sees the latest question.
  if (!isDirty) seen.current = isOpen ? agent : null;
  const shown = seen.current;
  if (!shown) return html`<${Closed} agent=${agent} showsTitle=${showsTitle} />`;
  const isOver = !isOpen || agent.currentRun?.runUuid !== shown.currentRun?.runUuid;
  const leave = () => {
    forget();
    setDirty(false);
    setUnsure(false);
  };
  return html`
    ${isOver ? html`<${Overtaken} agent=${agent} isUnsure=${isUnsure} leave=${leave} />` : html`<${Claim} agent=${agent} viewer=${viewer} changed=${took} />`}
    <${Form} key=${draftOf(shown)} agent=${shown} isOver=${isOver} obstacle=${isOver ? '' : whyNot(agent.ask, viewer)} showsTitle=${showsTitle}
      showsOutput=${showsOutput} typed=${() => setDirty(true)} lost=${() => setUnsure(true)} done=${(/** @type {Asking | undefined} */ now) => (now && leave(), took(now))} />
  `;
}

/** A question that is not open: what it was, and who has answered what. @param {{ agent: Asking, showsTitle: boolean }} properties */
function Closed({ agent, showsTitle }) {
  const question = agent.ask;
  if (!question?.answeredAt) return null;
  return html`
    ${showsTitle && html`<h3>${question.title || 'Question'}</h3>`}
    <${TextBlock} label="What it asked" text=${question.question} open=${false} />
    <${Answered} ask=${question} isSentBack=${RUNS_AGAIN.has(agent.state)} />
  `;
}

/**
 * Says that the question is no longer open: somebody was faster, time was up, or the session ended.
 *
 * @param {{ agent: Asking, isUnsure: boolean, leave: () => void }} properties
 */
function Overtaken({ agent, isUnsure, leave }) {
  const asksAgain = agent.state === 'WAITING_FOR_INPUT';
  const wasAnswered = !asksAgain && agent.ask?.answeredAt;
  return html`<div class="overtaken" role="alert">
    <div>
      <strong>${wasAnswered ? 'This question has been answered' : asksAgain ? 'The agent has asked again' : 'This question is no longer open'}</strong>
      ${wasAnswered && html`<${Answered} ask=${agent.ask} />`}
      <p>${isUnsure ? 'This may be your own answer: it was sent before the connection was lost.' : 'Your answer was not sent. Copy what you need.'}</p>
    </div>
    <button type="button"
      onClick=${leave}>${asksAgain ? 'Show the new question' : isUnsure ? 'Close the form' : 'Discard my answer'}</button>
  </div>`;
}

/**
 * @param {{ agent: Asking, isOver: boolean, obstacle: string, showsTitle: boolean,
 *   showsOutput: boolean, typed: () => void, lost: () => void, done: (agent?: Asking) => void }} properties
 */
function Form({ agent, isOver, obstacle, showsTitle, showsOutput, typed, lost, done }) {
  const question = /** @type {NonNullable<Asking['ask']>} */ (agent.ask);
  const [draft, setDraft] = useDraft(draftOf(agent), () => emptyDraft(question));
  const action = useAction();
  const change = (/** @type {object} */ members) => {
    typed();
    setDraft({ ...draft, ...members });
  };
  const send = (/** @type {ReturnType<typeof inputOf>} */ answer) => {
    // The answer is to what the person sees, so it names the run that asked it.
    const { sessionUuid, sessionAgentUuid, currentRun } = agent;
    const input = {
      sessionUuid,
      sessionAgentUuid,
      runUuid: currentRun?.runUuid ?? '',
      ...answer,
      comment: draft.comment || null,
    };
    typed();
    action
      .run(() =>
        ask(ANSWER, { input }).catch((error) => {
          if (error.code === UNREACHABLE) lost();
          throw error;
        }),
      )
      .then((result) => done(result?.answerSessionAgent?.sessionAgent));
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    send(inputOf(question, draft));
  };
  return html`<form class="answer" onSubmit=${submit}>
    ${showsTitle && question.title && html`<h3>${question.title}</h3>`}
    ${question.question && html`<${TextBlock} label="Question" text=${readable(question.question)} />`}
    ${showsOutput && !question.question && html`<${TextBlock} label="Output" text=${readable(agent.agentOutput ?? '')} />`}
    <fieldset class="plain" disabled=${isOver || obstacle !== '' || action.busy}>
      <${Fields} question=${question} draft=${draft} change=${change} error=${action.error} />
      <${Comment} draft=${draft} change=${change} />
      <${Due} question=${question} />
      ${obstacle && html`<p class="obstacle">${obstacle}</p>`}
      ${!isOver && html`<${Problem} error=${action.error} title=${titleOf(action.error)} />`}
      <${Buttons} question=${question} draft=${draft} isLastTurn=${agent.turn >= agent.agentAction.maxTurns} busy=${action.busy}
        refuse=${() => send(refusalOf(question, draft, false))} revise=${() => send(refusalOf(question, draft, true))} />
    </fieldset>
  </form>`;
}

/** @param {import('../api.js').Refused | undefined} error */
const titleOf = (error) => (error?.code === 'INVALID_STATE' ? 'Somebody was faster, or time is up' : undefined);

/** Until when, and what happens then. @param {{ question: NonNullable<Asking['ask']> }} properties */
function Due({ question }) {
  if (!question.dueAt) return null;
  const then =
    question.onTimeout === 'DEFAULT' ? 'Without an answer, the default counts.' : 'Without an answer, the agent fails.';
  return html`<p class="quiet">Time for the answer ends <${Ago} at=${question.dueAt} />. ${then}</p>`;
}
