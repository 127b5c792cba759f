import { useMemo, useRef } from 'preact/hooks';
import { State, useNow } from '../components/basics.js';
import { Empty } from '../components/loaded.js';
import { count, dateTime, duration, relative } from '../formatting.js';
import { html } from '../html.js';
import { useKeys } from '../keys.js';
import { ALL_STATES, look } from '../states.js';
import { fullNameOf, plural } from './tree.js';

/** @typedef {import('./store.js').Agent} Agent */

/**
 * All agents as a table, those that an agent has added below it. It shows what the graph shows.
 *
 * @param {{ watched: import('./store.js').Watched, tree: import('./tree.js').Tree, selected: string | undefined,
 *   agentHref: (uuid: string) => string, query: URLSearchParams,
 *   filter: (filters: Record<string, string | null>) => void }} properties
 */
export function Agents({ watched, tree, selected, agentHref, query, filter }) {
  const state = query.get('state') ?? '';
  const text = query.get('text') ?? '';
  const table = useRef(/** @type {HTMLElement | null} */ (null));
  const search = useRef(/** @type {HTMLInputElement | null} */ (null));
  const now = useNow(20_000);
  const rows = useMemo(() => rowsOf(watched, tree), [watched, tree]);
  const shown = rows.filter(
    ({ agent, name }) => (!state || agent.state === state) && (!text || name.toLowerCase().includes(text.toLowerCase())),
  );
  const step = (/** @type {number} */ by) => () => {
    const links = [...(table.current?.querySelectorAll('tbody a') ?? [])];
    const at = links.indexOf(/** @type {Element} */ (document.activeElement));
    /** @type {HTMLElement | undefined} */ (links[Math.max(0, Math.min(links.length - 1, at + by))])?.focus();
  };
  useKeys({
    j: { does: 'Go to the next agent', run: step(1) },
    k: { does: 'Go to the agent before', run: step(-1) },
    '/': { does: 'Search for an agent', run: () => search.current?.focus() },
  });
  const states = [...new Set([...ALL_STATES, ...rows.map(({ agent }) => agent.state)])];
  return html`
    <div class="bar" role="search">
      <input
        ref=${search}
        type="search"
        aria-label="Search by name"
        placeholder="Search by name (/)"
        value=${text}
        onInput=${(/** @type {any} */ event) => filter({ text: event.target.value })}
      />
      <select
        aria-label="State"
        value=${state}
        onChange=${(/** @type {any} */ event) => filter({ state: event.target.value })}
      >
        <option value="">Every state</option>
        ${states.map(
          (one) => html`<option key=${one} value=${one} selected=${one === state}>
            ${look(one).word}
          </option>`,
        )}
      </select>
      <span class="quiet" role="status">
        ${shown.length < rows.length && `${count(shown.length)} of `}${plural(rows.length, 'agent')}
      </span>
    </div>
    ${shown.length === 0
      ? html`<${Empty}>
          <p>${rows.length ? 'No agent is like that.' : 'This session has no agents yet.'}</p>
          ${rows.length > 0 &&
          html`<button onClick=${() => filter({ text: null, state: null })}>Show all agents</button>`}
        </>`
      : html`<div class="scrolls" ref=${table}>
          <table class="agent-rows">
            <thead>
              <tr>
                <th>Agent</th><th>State</th><th class="number attempt">Attempt</th>
                <th class="number took">Took</th><th class="number tokens">Tokens</th>
                <th class="waits-for">Waits for</th><th class="changed">Changed</th>
              </tr>
            </thead>
            <tbody>
              ${shown.map(
                (row) => html`<${Row}
                  key=${row.agent.sessionAgentUuid}
                  row=${row}
                  now=${now}
                  href=${agentHref(row.agent.sessionAgentUuid)}
                  isSelected=${row.agent.sessionAgentUuid === selected}
                />`,
              )}
            </tbody>
          </table>
        </div>`}
  `;
}

/**
 * @param {{ row: ReturnType<typeof rowsOf>[number], now: number, href: string,
 *   isSelected: boolean }} properties
 */
function Row({ row: { agent, depth, name, waitsFor, took }, now, href, isSelected }) {
  const { usage } = agent;
  return html`<tr class=${isSelected ? 'selected' : ''}>
    <td class="name depth-${Math.min(depth, 5)}">
      <a href=${href} aria-current=${isSelected ? 'true' : null}>${name}</a>
      ${agent.superseded && html` <span class="quiet">superseded</span>`}
      ${agent.notes && html`<div class="note quiet">${agent.notes.slice(0, 200)}</div>`}
    </td>
    <td><${State} of=${agent.state} /></td>
    <td class="number attempt">${agent.attempt || ''}</td>
    <td class="number took">${took == null ? '' : duration(took)}</td>
    <td class="number tokens">${usage && count(usage.inputTokens + usage.outputTokens)}</td>
    <td class="quiet waits-for">${waitsFor}</td>
    <td class="changed"><time datetime=${agent.updatedAt} title=${dateTime(agent.updatedAt)}>${relative(agent.updatedAt, now)}</time></td>
  </tr>`;
}

const MOST_NAMES = 3;

/**
 * Rows in the order of the graph, children below their parents, superseded agents last.
 *
 * @param {import('./store.js').Watched} watched
 * @param {import('./tree.js').Tree} tree
 */
function rowsOf({ agents, byUuid, runs }, tree) {
  /** @type {Map<string, number>} */
  const spent = new Map();
  for (const { sessionAgentUuid, createdAt, finishedAt } of runs) {
    if (!sessionAgentUuid || !finishedAt) continue;
    const before = spent.get(sessionAgentUuid) ?? 0;
    spent.set(sessionAgentUuid, before + Date.parse(finishedAt) - Date.parse(createdAt));
  }
  const rowOf = (/** @type {Agent} */ agent, /** @type {number} */ depth) => {
    const names = agent.predecessorUuids.map((uuid) => byUuid.get(uuid)).flatMap((one) => (one ? fullNameOf(one) : []));
    const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
    const parent = agent.parentUuid ? byUuid.get(agent.parentUuid) : undefined;
    return {
      agent,
      depth,
      name: fullNameOf(agent, parent),
      waitsFor: names.slice(0, MOST_NAMES).join(', ') + more,
      took: spent.get(agent.sessionAgentUuid),
    };
  };
  /** @type {ReturnType<typeof rowOf>[]} */
  const rows = [];
  const add = (/** @type {Agent} */ agent, /** @type {number} */ depth) => {
    rows.push(rowOf(agent, depth));
    for (const child of tree.childrenOf.get(agent.sessionAgentUuid) ?? []) add(child, depth + 1);
  };
  for (const root of tree.roots) add(root, 0);
  return [...rows, ...agents.filter(({ superseded }) => superseded).map((agent) => rowOf(agent, 0))];
}
