import { ask } from '../api.js';
import { CLAIM, RELEASE } from '../documents/answer.js';
import { html } from '../html.js';
import { useAction } from '../live.js';
import { Ago } from './basics.js';
import { Problem } from './loaded.js';

/**
 * @typedef {import('./answer.js').Asking} Asking
 * @typedef {import('../viewer.js').Viewer} Viewer
 */

/**
 * Why a person cannot answer a question; empty if they can, or if only the API can tell.
 *
 * A service, which is no person, may answer whatever nobody has claimed.
 *
 * @param {Pick<NonNullable<Asking['ask']>, 'assignee' | 'group' | 'claimedBy'> | null} question
 * @param {Viewer | undefined} viewer
 */
export function whyNot(question, viewer) {
  if (!question || !viewer) return '';
  const { assignee, group, claimedBy } = question;
  if (claimedBy != null) return claimedBy === viewer.userId ? '' : `${claimedBy} has claimed this question.`;
  if (viewer.userId == null) return '';
  if (assignee != null && assignee !== viewer.userId) return `Only ${assignee} can answer.`;
  if (group != null && !viewer.groups.includes(group)) return `Only members of ${group} can answer.`;
  return '';
}

/**
 * Whom an agent asks, who has claimed the question, and buttons to claim and to release it.
 *
 * @param {{ agent: Asking, viewer: Viewer | undefined, changed: (agent?: Asking) => void }} properties
 */
export function Claim({ agent, viewer, changed }) {
  const action = useAction();
  const question = agent.ask;
  const run = agent.currentRun?.runUuid;
  if (!question || !run) return null;
  const { assignee, group, claimedBy } = question;
  const input = { sessionUuid: agent.sessionUuid, sessionAgentUuid: agent.sessionAgentUuid, runUuid: run };
  const claim = async () => changed((await action.run(() => ask(CLAIM, { input })))?.claimSessionAgent?.sessionAgent);
  const release = async () =>
    changed((await action.run(() => ask(RELEASE, { input })))?.releaseSessionAgent?.sessionAgent);
  const isMine = claimedBy != null && claimedBy === viewer?.userId;
  const canRelease = claimedBy != null && viewer && (isMine || viewer.userId == null);
  const canClaim = claimedBy == null && viewer?.userId != null && !whyNot(question, viewer);
  const to =
    assignee != null ? html`For <b>${assignee}</b>.` : group != null ? html`For members of <b>${group}</b>.` : '';
  if (!to && !claimedBy && !canClaim && !action.error) return null;
  return html`<div class="claim">
      <span>
        ${to} ${claimedBy != null && html`Claimed by ${isMine ? 'you' : html`<b>${claimedBy}</b>`} <${Ago} at=${question.claimedAt} />.`}
      </span>
      ${canClaim && html`<button type="button" class="small" disabled=${action.busy} title="Nobody else can answer until you release it"
        onClick=${claim}>Claim</button>`}
      ${canRelease && html`<button type="button" class="small" disabled=${action.busy} onClick=${release}>Release</button>`}
    </div>
    <${Problem} error=${action.error} title=${action.error?.code === 'INVALID_STATE' ? 'Somebody was faster' : undefined} />`;
}
