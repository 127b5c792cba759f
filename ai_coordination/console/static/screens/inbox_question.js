import { useEffect, useRef } from 'preact/hooks';
import { ask } from '../api.js';
import { Answer } from '../components/answer.js';
import { Ago } from '../components/basics.js';
import { Loaded } from '../components/loaded.js';
import { ONE_QUESTION, QUESTION_MOVED } from '../documents/inbox.js';
import { html } from '../html.js';
import { useKeys } from '../keys.js';
import { useLive } from '../live.js';
import { href } from '../router.js';

/**
 * One question, with the form that answers it, and the way to the next one.
 *
 * @param {{ sessionUuid: string, sessionAgentUuid: string, back: string, next: string | null,
 *   changed: () => void }} properties
 */
export function InboxQuestion({ sessionUuid, sessionAgentUuid, back, next, changed }) {
  const live = useQuestion(sessionUuid, sessionAgentUuid);
  const form = useRef(/** @type {HTMLElement | null} */ (null));
  useKeys({ a: { does: 'Answer the question', run: () => firstField(form.current)?.focus() } });
  const after = () => {
    live.reload();
    changed();
  };
  return html`<section class="question" aria-label="Question" ref=${form}>
    <a class="narrow-only" href=${back}>← Inbox</a>
    <${Loaded} live=${live} gone="This question no longer exists: its session was deleted.">
      ${(/** @type {NonNullable<Console.Result<typeof ONE_QUESTION>['sessionAgent']>} */ agent) => html`
        <header>
          <h2>${agent.ask?.title ?? `${agent.agent?.agentName ?? agent.agentUuid} asks`}</h2>
          <p class="quiet">
            ${agent.agent?.agentName ?? agent.agentUuid} asked <${Ago} at=${agent.ask?.askedAt} /> in${' '}
            <a href=${href(['session', agent.coordinationUuid, agent.sessionUuid, 'graph', agent.sessionAgentUuid])}>
              ${agent.session.taskName ?? agent.session.coordinationName ?? 'its session'}</a
            >${agent.session.userId && `, a session of ${agent.session.userId}`}
          </p>
        </header>
        <${Answer} agent=${agent} changed=${after} showsTitle=${false} />
        ${agent.state !== 'WAITING_FOR_INPUT' && html`<${Onwards} next=${next} back=${back} />`}
      `}
    </>
  </section>`;
}

/**
 * A question with its texts, which are read again only when it has moved: they may be large.
 *
 * @param {string} sessionUuid
 * @param {string} sessionAgentUuid
 */
function useQuestion(sessionUuid, sessionAgentUuid) {
  const last = useRef(/** @type {Console.Result<typeof ONE_QUESTION>['sessionAgent'] | undefined} */ (undefined));
  return useLive(
    async (signal) => {
      const place = { sessionUuid, sessionAgentUuid };
      const { sessionAgent } = last.current ? await ask(QUESTION_MOVED, place, signal) : { sessionAgent: undefined };
      if (!sessionAgent || sessionAgent.updatedAt !== last.current?.updatedAt) {
        last.current = (await ask(ONE_QUESTION, place, signal)).sessionAgent;
      }
      return last.current ?? null;
    },
    [sessionUuid, sessionAgentUuid],
  );
}

/** @param {HTMLElement | null} form @returns {HTMLElement | null | undefined} */
const firstField = (form) =>
  form?.querySelector('form :is(input, select, textarea):enabled') ??
  form?.querySelector('form .buttons button:enabled');

/** The way on from a question that is answered. The focus, which was in the form, goes there. @param {{ next: string | null, back: string }} properties */
function Onwards({ next, back }) {
  const link = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (document.activeElement === document.body) link.current?.focus();
  }, []);
  return html`<div class="buttons">
    ${next ? html`<a class="button main" ref=${link}
      href=${next}>Next question</a>` : html`<a class="button" ref=${link} href=${back}>Back to the inbox</a>`}
  </div>`;
}
