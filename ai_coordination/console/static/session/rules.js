import { html } from '../html.js';

/** @type {Record<string, string>} */
const FAILURES = {
  FAIL_SESSION: 'the session fails',
  SKIP_SUCCESSORS: 'what follows is skipped',
  CONTINUE: 'what follows runs',
};

/**
 * Who the agent is, and by which rules it runs.
 *
 * @param {{ agent: import('./drawer.js').WholeAgent }} properties
 */
export function Rules({ agent: { agent, agentUuid, sessionAgentUuid, agentAction: action } }) {
  const { retry, forEach, repeat } = action;
  const seconds = (/** @type {number | null} */ number) => number && `${number.toLocaleString()} s`;
  /** @type {[string, any][]} */
  const rules = [
    ['Runtime', agent && html`${agent.runtime.kind} <code>${agent.runtime.target}</code>`],
    ['Description', agent?.agentDescription],
    ['Condition', action.when && html`<code>${action.when}</code>`],
    ['Input', action.input && html`<code>${action.input}</code>`],
    ['For each of', forEach && html`<code>${forEach.items}</code>${forEach.maxConcurrency && `, ${forEach.maxConcurrency} at a time`}`],
    ['Tolerated failures', forEach?.toleratedFailures],
    ['Repeats until', repeat && html`<code>${repeat.until}</code>, at most ${repeat.maxRounds} rounds`],
    ['Delay', seconds(action.delaySeconds)],
    ['Timeout', seconds(action.timeoutSeconds)],
    ['Heartbeat', seconds(action.heartbeatSeconds)],
    ['Time to answer', seconds(action.answerTimeoutSeconds)],
    ['Attempts', retry.maxAttempts > 1 ? `${retry.maxAttempts}, first after ${retry.intervalSeconds} s, then ${retry.backoffRate} times longer` : '1'],
    ['If it fails', FAILURES[action.onFailure] ?? action.onFailure],
    ['Member', html`<code>${agentUuid}</code>`],
    ['Session agent', html`<code>${sessionAgentUuid}</code>`],
  ];
  return html`<details class="rules">
    <summary>Member and rules</summary>
    <dl>
      ${rules.filter(([, value]) => value != null && value !== 0 && value !== '').map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}
    </dl>
  </details>`;
}
