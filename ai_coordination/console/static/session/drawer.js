import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../api.js';
import { Answer } from '../components/answer.js';
import { Ago, State, TextBlock } from '../components/basics.js';
import { Loaded } from '../components/loaded.js';
import { AGENT, AGENT_TEXTS } from '../documents/session.js';
import { dateTime } from '../formatting.js';
import { html } from '../html.js';
import { useKeys } from '../keys.js';
import { useLoaded } from '../live.js';
import { ENDED } from '../states.js';
import { Retry } from './actions.js';
import { Attempts } from './attempts.js';
import { LongText } from './long_text.js';
import { Rules } from './rules.js';
import { fullNameOf, growthOf, shownStateOf } from './tree.js';

/** @typedef {NonNullable<Console.Result<typeof AGENT>['sessionAgent']>} WholeAgent */

/**
 * One agent, beside the tabs: what went wrong first, then its question, then what it has said and
 * was told. Escape closes it, and returns the focus.
 *
 * @param {object} properties
 * @param {import('./store.js').Watched} properties.watched
 * @param {import('./tree.js').Tree} properties.tree
 * @param {string} properties.uuid
 * @param {import('./actions.js').Place} properties.place
 * @param {(uuid: string) => string} properties.agentHref
 * @param {() => void} properties.close
 * @param {() => void} properties.reload
 */
export function Drawer({ watched, tree, uuid, place, agentHref, close, reload }) {
  const { sessionUuid } = place;
  const row = watched.byUuid.get(uuid);
  const live = useLoaded(
    async (signal) => (await ask(AGENT, { sessionUuid, sessionAgentUuid: uuid }, signal)).sessionAgent,
    [sessionUuid, uuid],
  );
  const seen = useRef(row?.updatedAt);
  useEffect(() => {
    if (seen.current !== row?.updatedAt) live.reload();
    seen.current = row?.updatedAt;
  }, [row?.updatedAt]);
  const heading = useFocus(close);
  const changed = () => {
    live.reload();
    reload();
  };
  const whole = (/** @type {'userInput' | 'agentInput'} */ name) => async () =>
    (await ask(AGENT_TEXTS, { sessionUuid, sessionAgentUuid: uuid })).sessionAgent?.[name];
  const parent = row?.parentUuid ? watched.byUuid.get(row.parentUuid) : undefined;
  const name = row ? fullNameOf(row, parent) : (live.data?.agent?.agentName ?? 'Agent');
  return html`<aside class="drawer" aria-label="Agent">
    <div class="bar">
      <h2 tabindex="-1" ref=${heading}>${name}</h2>
      <span class="grow"></span>
      <button class="quiet" aria-label="Close" title="Close (Esc)" onClick=${close}>✕</button>
    </div>
    <${Loaded} live=${live} gone="There is no such agent in this session.">
      ${(/** @type {WholeAgent} */ agent) => html`
        <${Status} agent=${agent} row=${row} tree=${tree} />
        ${parent &&
        html`<p class="quiet">
          Added by${' '}<a href=${agentHref(parent.sessionAgentUuid)}>${fullNameOf(parent)}</a>
        </p>`}
        <${Growth} row=${row} tree=${tree} agentHref=${agentHref} />
        <${Trouble} agent=${agent} />
        <${Question} agent=${agent} changed=${changed} />
        ${agent.state !== 'WAITING_FOR_INPUT' &&
        html`<${LongText} label="Output" text=${agent.agentOutput} />`}
        <${LongText}
          label="What people have added"
          text=${agent.userInput}
          more=${whole('userInput')}
        />
        <${Attempts} runs=${agent.sessionRuns.nodes} hasMore=${agent.sessionRuns.pageInfo.hasNextPage} />
        <${LongText} label="Input" text=${agent.agentInput} more=${whole('agentInput')} />
        <${LongText} label="Query" text=${agent.subtaskQuery} open=${!agent.agentInput} />
        <${Rules} agent=${agent} />
        ${row &&
        ENDED.has(watched.session.status) &&
        html`<${Again} row=${row} name=${name} place=${place} reload=${changed} />`}
      `}
    </>
  </aside>`;
}

/** Give the drawer the focus, and return it when it closes. @param {() => void} close */
function useFocus(close) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useKeys({ Escape: { does: 'Close the agent', run: close } });
  useEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    // Whoever walks through the graph or a list by keys stays there.
    if (!before || before === document.body || before.closest('.bar, .tabs')) heading.current?.focus();
    return () => before?.isConnected && before.focus({ preventScroll: true });
  }, []);
  return heading;
}

/**
 * @param {{ agent: WholeAgent, row: import('./store.js').Agent | undefined,
 *   tree: import('./tree.js').Tree }} properties
 */
function Status({ agent, row, tree }) {
  const { attempt, turn, agentAction, deadlineAt, heartbeat } = agent;
  const below = row ? tree.allBelow(row.sessionAgentUuid) : [];
  const state = row ? shownStateOf(row, below) : agent.state;
  return html`
    <p>
      <${State} of=${state} />
      ${attempt > 0 && html`<span class="quiet"> · attempt ${attempt} of ${agentAction.retry.maxAttempts}</span>`}
      ${turn > 1 && html`<span class="quiet"> · turn ${turn} of ${agentAction.maxTurns}</span>`}
      ${agent.superseded && html`<span class="quiet"> · superseded by a retry</span>`}
      ${deadlineAt && state === 'IN_PROGRESS' && html`<span class="quiet"> · until ${dateTime(deadlineAt)}</span>`}
    </p>
    ${heartbeat &&
    state === 'IN_PROGRESS' &&
    html`<div class="heartbeat">
      ${heartbeat.percent != null &&
      html`<progress max="100" value=${heartbeat.percent} aria-label="Progress">
        ${heartbeat.percent} %
      </progress>`}
      <p>${heartbeat.note} <span class="quiet">heartbeat <${Ago} at=${heartbeat.at} /></span></p>
    </div>`}
  `;
}

/**
 * What the agent has added.
 *
 * @param {{ row: any, tree: import('./tree.js').Tree, agentHref: (uuid: string) => string }} properties
 */
function Growth({ row, tree, agentHref }) {
  const [all, showAll] = useState(false);
  const children = (row && tree.childrenOf.get(row.sessionAgentUuid)) ?? [];
  if (!children.length) return null;
  const shown = all ? children : children.slice(0, 8);
  return html`<div class="growth">
    <h3>Has added ${growthOf(row, children)}</h3>
    <ul>
      ${shown.map(
        (/** @type {import('./store.js').Agent} */ child) => html`<li key=${child.sessionAgentUuid}>
          <a href=${agentHref(child.sessionAgentUuid)}>${fullNameOf(child, row)}</a>
          <${State} of=${child.state} />
        </li>`,
      )}
    </ul>
    ${shown.length < children.length &&
    html`<button class="small" onClick=${() => showAll(true)}>Show all ${children.length}</button>`}
  </div>`;
}

/** Why it failed, was skipped, or is tried again. @param {{ agent: WholeAgent }} properties */
function Trouble({ agent: { notes, state } }) {
  if (!notes) return null;
  if (state !== 'FAILED') return html`<${TextBlock} label="Notes" text=${notes} />`;
  return html`<div class="problem" role="group" aria-label="Failure">
    <pre tabindex="0" aria-label="Why it has failed">${notes}</pre>
  </div>`;
}

/** @param {{ agent: WholeAgent, changed: () => void }} properties */
function Question({ agent, changed }) {
  if (!agent.ask) return null;
  // Also when the question is closed: what a person is writing stays.
  return html`<section class="question" aria-label="Question">
    <${Answer} agent=${agent} changed=${changed} />
  </section>`;
}

/**
 * @param {{ row: import('./store.js').Agent, name: string, place: import('./actions.js').Place,
 *   reload: () => void }} properties
 */
function Again({ row, name, place, reload }) {
  const [isShown, show] = useState(false);
  return html`
    <div class="buttons"><button onClick=${() => show(true)}>Run again from here…</button></div>
    ${isShown &&
    html`<${Retry}
      title="Run ${name} again?"
      agents=${[row.sessionAgentUuid]}
      place=${place}
      reload=${reload}
      close=${() => show(false)}
    >
      <p>The session goes on. This agent and all that follow it run again, even if completed.</p>
    </>`}
  `;
}
