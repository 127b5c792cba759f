import { ask } from '../api.js';
import { Answer } from '../components/answer.js';
import { Ago } from '../components/basics.js';
import { Loaded } from '../components/loaded.js';
import { ONE_QUESTION } from '../documents/inbox.js';
import { html } from '../html.js';
import { useLive } from '../live.js';
import { href } from '../router.js';

/**
 * One question, with the form that answers it, and the way to the next one.
 *
 * @param {{ sessionUuid: string, sessionAgentUuid: string, back: string, next: string | null,
 *   changed: () => void }} properties
 */
export function InboxQuestion({ sessionUuid, sessionAgentUuid, back, next, changed }) {
  const live = useLive((signal) => ask(ONE_QUESTION, { sessionUuid, sessionAgentUuid }, signal).then((answer) => answer.sessionAgent), [
    sessionUuid,
    sessionAgentUuid,
  ]);
  const after = () => {
    live.reload();
    changed();
  };
  return html`<section class="question" aria-label="Question">
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
        ${agent.state !== 'WAITING_FOR_INPUT' &&
        html`<div class="buttons">${next ? html`<a class="button main" href=${next}>Next question</a>` : html`<a class="button" href=${back}>Back to the inbox</a>`}</div>`}
      `}
    </>
  </section>`;
}
