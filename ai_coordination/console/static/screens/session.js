import { useMemo } from 'preact/hooks';
import { Loaded } from '../components/loaded.js';
import { useTitle } from '../components/title.js';
import { html } from '../html.js';
import { useKeys } from '../keys.js';
import { go, href } from '../router.js';
import { Agents } from '../session/agents.js';
import { Drawer } from '../session/drawer.js';
import { SessionGraph } from '../session/graph.js';
import { Header, titleOf } from '../session/header.js';
import { Log } from '../session/log.js';
import { useSession } from '../session/store.js';
import { Timeline } from '../session/timeline.js';
import { problemsOf, treeOf } from '../session/tree.js';

/** @type {[string, string, any][]} */
const TABS = [
  ['graph', 'Graph', SessionGraph],
  ['timeline', 'Timeline', Timeline],
  ['agents', 'Agents', Agents],
  ['log', 'Log', Log],
];

/**
 * A session: its address is `session/{coordination}/{session}/{tab}/{agent}`. All tabs share the
 * selected agent, and what is unfolded.
 *
 * @param {{ path: string[], query: URLSearchParams }} properties
 */
export function Session({ path, query }) {
  return html`<${OneSession} key=${path[1]} path=${path} query=${query} />`;
}

/** @param {{ path: string[], query: URLSearchParams }} properties */
function OneSession({ path, query }) {
  const [coordinationUuid = '', sessionUuid = '', tab = 'graph', selected] = path;
  const live = useSession(coordinationUuid, sessionUuid);
  const { data } = live;
  useTitle(data ? titleOf(data.head) : 'Session');
  const tree = useMemo(() => treeOf(data?.agents ?? []), [data]);
  const unfolded = query.get('unfold') ?? '';
  const opened = useMemo(() => new Set(unfolded.split(',').filter(Boolean)), [unfolded]);
  /** @typedef {Record<string, string | null>} Filters */
  const address = (
    /** @type {string} */ toTab,
    /** @type {string | null} */ agent,
    /** @type {Filters} */ filters = {},
  ) => {
    const all = new URLSearchParams(query);
    for (const [name, value] of Object.entries(filters)) value ? all.set(name, value) : all.delete(name);
    return href(['session', coordinationUuid, sessionUuid, toTab, agent], all);
  };
  const select = (/** @type {string | null} */ agent) => go(address(tab, agent), { replace: Boolean(agent && selected) });
  const filter = (/** @type {Filters} */ filters) =>
    go(address(tab, selected ?? null, filters), { replace: true });
  const toggle = (/** @type {string} */ id) => {
    const next = new Set(opened);
    if (!next.delete(id)) next.add(id);
    filter({ unfold: [...next].join(',') });
  };
  const nextProblem = () => {
    const problems = problemsOf(tree).map(({ sessionAgentUuid }) => sessionAgentUuid);
    if (problems.length) select(problems[(problems.indexOf(selected ?? '') + 1) % problems.length]);
  };
  useKeys({ p: { does: 'Select the next agent that has failed or asks a person', run: nextProblem } });
  const [, , View] = TABS.find(([name]) => name === tab) ?? TABS[0];
  const gone = html`<p>There is no such session.</p>
    <a class="button" href=${href(['sessions'])}>Show all sessions</a>`;
  return html`<${Loaded} live=${live} gone=${gone}>
    ${(/** @type {import('../session/store.js').Watched} */ watched) => html`<section class="session" aria-label="Session">
      <${Header}
        watched=${watched}
        tree=${tree}
        place=${{ coordinationUuid, sessionUuid }}
        reload=${live.reload}
        stateHref=${(/** @type {string} */ state) => address('agents', selected ?? null, { state })}
      />
      <nav class="tabs" aria-label="Views">
        ${TABS.map(
          ([name, label]) => html`<a
            href=${address(name, selected ?? null)}
            aria-current=${name === tab ? 'page' : null}
            >${label}</a
          >`,
        )}
      </nav>
      <div class="split">
        <div class="view view-${tab}">
          <${View}
            watched=${watched}
            tree=${tree}
            place=${{ coordinationUuid, sessionUuid }}
            opened=${opened}
            selected=${selected}
            select=${select}
            toggle=${toggle}
            nextProblem=${nextProblem}
            agentHref=${(/** @type {string} */ agent) => address(tab, agent)}
            query=${query}
            filter=${filter}
          />
        </div>
        ${selected &&
        html`<${Drawer}
          key=${selected}
          watched=${watched}
          tree=${tree}
          uuid=${selected}
          place=${{ coordinationUuid, sessionUuid }}
          agentHref=${(/** @type {string} */ agent) => address(tab, agent)}
          close=${() => select(null)}
          reload=${live.reload}
        />`}
      </div>
    </section>`}
  </>`;
}
