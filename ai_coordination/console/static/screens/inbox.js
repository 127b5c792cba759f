import { useEffect, useRef } from 'preact/hooks';
import { ask } from '../api.js';
import { Ago } from '../components/basics.js';
import { Empty, Loaded } from '../components/loaded.js';
import { useTitle } from '../components/title.js';
import { INBOX } from '../documents/inbox.js';
import { useHasDraft } from '../drafts.js';
import { count } from '../formatting.js';
import { html } from '../html.js';
import { listsOf, MOST, openQuestions, usualView } from '../inbox.js';
import { useKeys } from '../keys.js';
import { useLive } from '../live.js';
import { go, href } from '../router.js';
import { useViewer } from '../viewer.js';
import { InboxQuestion } from './inbox_question.js';

/** @typedef {Console.Result<typeof INBOX>['openSessionAgents']['nodes'][number]} Row */

/** Rows whose answers are being written: they stay when somebody else has answered. @type {Map<string, Row>} */
const kept = new Map();

/**
 * What agents ask people, the most urgent first: a list, and beside it the selected question.
 *
 * @param {{ path: string[], query: URLSearchParams }} properties
 */
export function Inbox({ path, query }) {
  const viewer = useViewer();
  useTitle('Inbox');
  if (!viewer) return html`<div class="bar"><h1>Inbox</h1></div><${Loaded} live=${{ reload() {} }}>${() => null}</>`;
  return html`<${Questions} path=${path} query=${query} viewer=${viewer} view=${query.get('of') ?? usualView(viewer)} />`;
}

/** @param {{ path: string[], query: URLSearchParams, viewer: import('../viewer.js').Viewer, view: string }} properties */
function Questions({ path, query, viewer, view }) {
  const [sessionUuid, selected] = path;
  const live = useQuestions(view, viewer);
  const hasDraft = useHasDraft();
  const rows = withKept(live.data?.rows ?? [], (uuid) => uuid === selected || hasDraft(uuid));
  useTitle(rows.length ? `Inbox (${rows.length})` : 'Inbox');
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const at = rows.findIndex((row) => row.sessionAgentUuid === selected);
  const to = (/** @type {Row} */ row) => href(['inbox', row.sessionUuid, row.sessionAgentUuid], query);
  const step = (/** @type {number} */ by) => {
    const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
    if (next) go(to(next), { replace: at >= 0 });
  };
  useKeys({
    j: { does: 'Next question', run: () => step(1) },
    k: { does: 'Previous question', run: () => step(-1) },
    ArrowDown: { does: 'Next question', run: () => step(1) },
    ArrowUp: { does: 'Previous question', run: () => step(-1) },
    Escape: { does: 'Leave the question', run: () => selected && go(href(['inbox'], query)) },
  });
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  const next = rows[at + 1] ?? rows[at - 1];
  return html`
    <div class="bar ${selected ? 'wide-only' : ''}">
      <h1>Inbox</h1>
      <span class="quiet" aria-live="polite">${live.data && `${count(live.data.rows.length)}${live.data.hasMore ? '+' : ''} open`}</span>
      <span class="grow"></span>
      <${Views} view=${view} viewer=${viewer} />
    </div>
    <${Loaded} live=${live}>
      ${() =>
        rows.length === 0 && !selected
          ? html`<${None} view=${view} />`
          : html`<div class="inbox ${selected ? 'has-selection' : ''}">
              <ol class="questions" ref=${list} aria-label="Open questions">
                ${rows.map(
                  (
                    row,
                  ) => html`<${Item} key=${row.sessionAgentUuid} row=${row} to=${to(row)} isSelected=${row.sessionAgentUuid === selected}
                  viewer=${viewer} hasDraft=${hasDraft(row.sessionAgentUuid)} />`,
                )}
                ${live.data?.hasMore && html`<li class="note quiet">The first ${MOST} are shown.</li>`}
              </ol>
              ${
                selected
                  ? html`<${InboxQuestion}
                    key=${selected}
                    sessionUuid=${sessionUuid}
                    sessionAgentUuid=${selected}
                    back=${href(['inbox'], query)}
                    next=${next ? to(next) : null}
                    changed=${live.reload}
                  />`
                  : html`<p class="empty wide-only">Choose a question: <kbd>j</kbd> and <kbd>k</kbd> do it, too.</p>`
              }
            </div>`}
    </>
  `;
}

/**
 * The open questions of a view. Their names and titles are read again only when one of them has moved.
 *
 * @param {string} view
 * @param {import('../viewer.js').Viewer} viewer
 */
function useQuestions(view, viewer) {
  const last = useRef({ seen: '', answer: /** @type {{ rows: Row[], hasMore: boolean } | null} */ (null) });
  return useLive(
    async (signal) => {
      const lists = listsOf(view, viewer);
      const { moved, hasMore } = await openQuestions(lists, signal);
      const seen = JSON.stringify([view, ...moved]);
      if (last.current.seen !== seen || !last.current.answer) {
        const answers = await Promise.all(lists.map((of) => ask(INBOX, { of, first: MOST }, signal)));
        const rows = new Map(
          answers.flatMap(({ openSessionAgents }) => openSessionAgents.nodes.map((row) => [row.sessionAgentUuid, row])),
        );
        last.current = { seen, answer: { rows: mostUrgentFirst([...rows.values()]), hasMore } };
      }
      return /** @type {{ rows: Row[], hasMore: boolean }} */ (last.current.answer);
    },
    [view, viewer],
  );
}

/** @param {Row[]} rows */
function mostUrgentFirst(rows) {
  const order = (/** @type {Row} */ { ask }) => `${ask?.dueAt ?? '9'}#${ask?.askedAt ?? ''}`;
  return [...rows].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/**
 * The rows, and those that are no longer open but still looked at or written to.
 *
 * @param {Row[]} rows
 * @param {(uuid: string) => boolean} isKept
 */
function withKept(rows, isKept) {
  for (const row of rows) kept.set(row.sessionAgentUuid, row);
  const open = new Set(rows.map((row) => row.sessionAgentUuid));
  for (const [uuid] of kept) if (!open.has(uuid) && !isKept(uuid)) kept.delete(uuid);
  return mostUrgentFirst([...kept.values()]);
}

/** Which questions: those one can answer, those to oneself, to a group, or all. @param {{ view: string, viewer: import('../viewer.js').Viewer }} properties */
function Views({ view, viewer }) {
  if (!viewer.userId) return null;
  const views = [
    ['me', 'For me'],
    ...(viewer.groups.length ? [['mine', 'Mine'], ...viewer.groups.map((group) => [`group:${group}`, group])] : []),
    ['all', 'All'],
  ];
  return html`<nav class="views" aria-label="Whose questions">
    ${views.map(([of, label]) => html`<a class="button small"
      href=${href(['inbox'], { of })} aria-current=${of === view ? 'true' : null}>${label}</a>`)}
  </nav>`;
}

/** @param {{ view: string }} properties */
function None({ view }) {
  if (view === 'all') return html`<${Empty}><p>No agent asks anything.</p></>`;
  return html`<${Empty}><p>Nothing is asked of ${view.startsWith('group:') ? view.slice('group:'.length) : 'you'}.</p><a class="button"
    href=${href(['inbox'], { of: 'all' })}>Show all questions</a></>`;
}

/** Whom it is for, unless that is obvious. @param {{ question: Row['ask'], viewer: import('../viewer.js').Viewer }} properties */
function Whose({ question, viewer }) {
  if (!question) return null;
  const { assignee, group, claimedBy } = question;
  if (claimedBy != null)
    return html`<span class="tag">claimed by ${claimedBy === viewer.userId ? 'you' : claimedBy}</span>`;
  if (assignee != null) return html`<span class="tag">for ${assignee === viewer.userId ? 'you' : assignee}</span>`;
  return group != null && html`<span class="tag">${group}</span>`;
}

/** @param {{ row: Row, to: string, isSelected: boolean, viewer: import('../viewer.js').Viewer, hasDraft: boolean }} properties */
function Item({ row, to, isSelected, viewer, hasDraft }) {
  const agent = row.agent?.agentName ?? row.agentUuid;
  return html`<li>
    <a href=${to} aria-current=${isSelected ? 'true' : null}>
      <span class="line"><b>${row.ask?.title ?? `${agent} asks`}</b></span>
      <span class="line quiet"><span>${agent} · ${row.session.taskName ?? row.session.coordinationName}</span></span>
      <span class="line quiet">
        <${Ago} at=${row.ask?.askedAt} />
        ${row.ask?.dueAt && html`<span class="due">due <${Ago} at=${row.ask.dueAt} /></span>`}
        <${Whose} question=${row.ask} viewer=${viewer} />
        ${hasDraft && html`<span class="tag">draft</span>`}
      </span>
    </a>
  </li>`;
}
