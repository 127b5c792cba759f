import { NumberField } from '../../components/schema_fields.js';
import { html } from '../../html.js';
import { Select } from '../fields.js';
import { defaultTimeout } from '../task_model.js';

const LONGEST_SECONDS = 31_536_000;
const SECONDS = { type: 'integer', minimum: 1, maximum: LONGEST_SECONDS };

/** @type {[string, string][]} */
export const FAILURE_POLICIES = [
  ['FAIL_SESSION', 'the session fails'],
  ['SKIP_SUCCESSORS', 'what follows it is skipped'],
  ['CONTINUE', 'the others go on without its output'],
];

/** How long attempts may take, how many there are, and what comes after. @param {import('../agent_panel.js').Panel} panel */
export function Failure({ agentUuid, action, editor, change, wrong, bind }) {
  const seconds = defaultTimeout(editor.memberOf(agentUuid)).toLocaleString();
  const retry = (/** @type {'maxAttempts' | 'intervalSeconds' | 'backoffRate'} */ name) => ({
    value: action.retry[name],
    onChange: (/** @type {any} */ value) => change({ retry: { ...action.retry, [name]: value ?? null } }, name),
    error: wrong('retry', name),
    required: true,
  });
  return html`
    <${NumberField} label="Timeout in seconds" help="Of one attempt. Empty: ${seconds}, the default of the agent's runtime." required=${false} schema=${SECONDS} ...${bind('timeoutSeconds')} />
    <${NumberField} label="Heartbeat in seconds" help="An accepted attempt that is silent for longer has failed. Empty: it may be silent." required=${false} schema=${SECONDS} ...${bind('heartbeatSeconds')} />
    <div class="three">
      <${NumberField} label="Attempts" help="1: no retry." schema=${{ type: 'integer', minimum: 1, maximum: 100 }} ...${retry('maxAttempts')} />
      <${NumberField} label="First wait, seconds" help="Before the second." schema=${{ type: 'number', minimum: 0, maximum: 86_400 }} ...${retry('intervalSeconds')} />
      <${NumberField} label="Backoff factor" help="Each wait is longer by it." schema=${{ type: 'number', minimum: 1, maximum: 100 }} ...${retry('backoffRate')} />
    </div>
    <${Select} label="When all attempts have failed" options=${FAILURE_POLICIES} ...${bind('onFailure')} />
  `;
}
