import { useMemo, useState } from 'preact/hooks';
import { ask } from '../api.js';
import { SESSION_TEXTS } from '../documents/session.js';
import { dateTime } from '../formatting.js';
import { html } from '../html.js';
import { eventsOf } from './events.js';
import { LongText } from './long_text.js';
import { fullNameOf } from './tree.js';

const SHOWN_AT_ONCE = 200;

/**
 * What has happened, newest first, and what the session was asked and has said.
 *
 * @param {{ watched: import('./store.js').Watched, place: import('./actions.js').Place,
 *   agentHref: (uuid: string) => string }} properties
 */
export function Log({ watched, place, agentHref }) {
  const { head, byUuid } = watched;
  const events = useMemo(() => eventsOf(watched), [watched]);
  const [most, setMost] = useState(SHOWN_AT_ONCE);
  const whole = (/** @type {'taskQuery' | 'output'} */ name) => async () =>
    (await ask(SESSION_TEXTS, place)).session?.[name];
  const who = (/** @type {string | null} */ uuid) => {
    const agent = uuid ? byUuid.get(uuid) : undefined;
    const parent = agent?.parentUuid ? byUuid.get(agent.parentUuid) : undefined;
    return agent && html`<a href=${agentHref(agent.sessionAgentUuid)}>${fullNameOf(agent, parent)}</a>`;
  };
  return html`<div class="columns">
    <section aria-label="Events">
      <h2>Events</h2>
      <ol class="log">
        ${events.slice(0, most).map(
          ({ key, at, level, text, agent }) => html`<li key=${key} class="level-${level}">
            <time datetime=${at} title=${dateTime(at)}>${new Date(at).toLocaleTimeString()}</time>
            <span class="level">${level === 'info' ? '' : level}</span>
            <span class="message">${who(agent)} ${text}</span>
          </li>`,
        )}
      </ol>
      ${events.length > most && html`<button onClick=${() => setMost(most + 1000)}>Show more</button>`}
    </section>
    <section aria-label="Texts">
      <h2>Texts</h2>
      <${LongText} label="Task query" text=${head.taskQuery} more=${whole('taskQuery')} />
      <${LongText} label="Output" text=${head.output} more=${whole('output')} />
      ${!head.output && html`<p class="quiet">The session has no output yet.</p>`}
      ${head.inputFiles.length > 0 &&
      html`<h3>Input files</h3>
        <ul class="files">
          ${head.inputFiles.map(
            ({ name, uri, mediaType }) => html`<li key=${uri}>
              <strong>${name}</strong> <code>${uri}</code> <span class="quiet">${mediaType}</span>
            </li>`,
          )}
        </ul>`}
    </section>
  </div>`;
}
