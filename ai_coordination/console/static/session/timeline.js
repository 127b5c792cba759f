import { useMemo } from 'preact/hooks';
import { useNow } from '../components/basics.js';
import { Empty } from '../components/loaded.js';
import { duration } from '../formatting.js';
import { html } from '../html.js';
import { iterationsOf, lanesOf, scaleOf } from './lanes.js';

/**
 * What ran when: a lane for each agent, a bar for each run, and hatched what waits for a person. Of
 * a session that was retried one iteration is shown, so that days in between take no room.
 *
 * @param {{ watched: import('./store.js').Watched, tree: import('./tree.js').Tree, opened: Set<string>,
 *   selected: string | undefined, select: (uuid: string) => void, toggle: (id: string) => void,
 *   query: URLSearchParams, filter: (filters: Record<string, string | null>) => void }} properties
 */
export function Timeline({ watched, tree, opened, selected, select, toggle, query, filter }) {
  const iterations = iterationsOf(watched.runs);
  const asked = Number(query.get('iteration'));
  const iteration = iterations.includes(asked) ? asked : (iterations.at(-1) ?? 1);
  const lanes = useMemo(() => lanesOf(watched, tree, opened, iteration), [watched, tree, opened, iteration]);
  const isOpen = lanes.some(({ bars }) => bars.some(({ to }) => to === null));
  const now = useNow(isOpen ? 1000 : null);
  if (!lanes.length) return html`<${Empty}><p>No agent has run yet.</p></>`;
  const scale = scaleOf(lanes, now);
  return html`
    ${iterations.length > 1 &&
    html`<div class="bar">
      <label>Iteration
        <select
          value=${iteration}
          onChange=${(/** @type {any} */ event) => filter({ iteration: event.target.value })}
        >
          ${iterations.map(
            (one) => html`<option key=${one} value=${one} selected=${one === iteration}>
              ${one}${one === 1 && ' (start)'}
            </option>`,
          )}
        </select>
      </label>
    </div>`}
    <div class="lanes">
      <div class="scale" aria-hidden="true">
        <span></span>
        <div class="lane">
          ${scale.marks.map(
            (at) => html`<span key=${at} class="mark" style=${{ left: `${(100 * at) / scale.length}%` }}>
              ${at ? duration(at).replace('.0 s', ' s') : '0'}
            </span>`,
          )}
        </div>
      </div>
      <ol aria-label="Agents by the time at which they began">
        ${lanes.map(
          (lane) => html`<${LaneView}
            key=${lane.agent.sessionAgentUuid}
            lane=${lane}
            scale=${scale}
            now=${now}
            isSelected=${lane.agent.sessionAgentUuid === selected}
            select=${select}
            toggle=${toggle}
          />`,
        )}
      </ol>
    </div>
  `;
}

/**
 * @param {{ lane: import('./lanes.js').Lane, scale: ReturnType<typeof scaleOf>, now: number, isSelected: boolean,
 *   select: (uuid: string) => void, toggle: (id: string) => void }} properties
 */
function LaneView({ lane, scale, now, isSelected, select, toggle }) {
  const { agent, name, depth, bars, folds } = lane;
  const uuid = agent.sessionAgentUuid;
  const percent = (/** @type {number} */ milliseconds) => `${((100 * milliseconds) / scale.length).toFixed(3)}%`;
  return html`<li class=${isSelected ? 'selected' : ''}>
    <span class="name depth-${Math.min(depth, 5)}">
      ${folds &&
      html`<button
        class="quiet small fold"
        aria-expanded=${folds === 'open'}
        aria-label="What ${name} has added"
        onClick=${() => toggle(uuid)}
      >
        ${folds === 'open' ? '▾' : '▸'}
      </button>`}
      <button class="link" aria-pressed=${isSelected} title=${name} onClick=${() => select(uuid)}>
        ${name}
      </button>
    </span>
    <div class="lane" role="img" aria-label=${summaryOf(bars, now)}>
      ${bars.map((bar) => {
        const took = (bar.to ?? now) - bar.from;
        const isWide = took / scale.length > 0.07;
        return html`<span
          class="run ${bar.look === 'person' ? 'person' : `s-${bar.look}`} ${bar.to === null ? 'lasts' : ''}"
          style=${{ left: percent(bar.from - scale.from), width: percent(took) }}
          title="${bar.title}, ${duration(took)}"
          >${isWide && bars.length < 20 ? duration(took) : ''}</span
        >`;
      })}
    </div>
  </li>`;
}

/** @param {import('./lanes.js').Bar[]} bars @param {number} now */
function summaryOf(bars, now) {
  const told = bars.slice(0, 5).map(({ title, from, to }) => `${title}, ${duration((to ?? now) - from)}`);
  return told.join('; ') + (bars.length > 5 ? `; and ${bars.length - 5} more` : '');
}
