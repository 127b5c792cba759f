import { useEffect, useRef } from 'preact/hooks';
import { ask } from '../api.js';
import { Ago } from '../components/basics.js';
import { Empty, Loaded } from '../components/loaded.js';
import { useTitle } from '../components/title.js';
import { INBOX, OPEN_QUESTIONS } from '../documents/inbox.js';
import { useHasDraft } from '../drafts.js';
import { count } from '../formatting.js';
import { html } from '../html.js';
import { useKeys } from '../keys.js';
import { useLive } from '../live.js';
import { go, href } from '../router.js';
import { InboxQuestion } from './inbox_question.js';

const MOST = 100;

/** @typedef {Console.Result<typeof INBOX>['openSessionAgents']['nodes'][number]} Row */

/** Rows whose answers are being written: they stay when somebody else has answered. @type {Map<string, Row>} */
const kept = new Map();

/**
 * What agents ask people, the most urgent first: a list, and beside it the selected question.
 *
 * @param {{ path: string[], query: URLSearchParams }} properties
 */
export function Inbox({ path, query }) {
  const [sessionUuid, selected] = path;
  const live = useQuestions();
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
      <span class="quiet" aria-live="polite">${live.data && `${count(live.data.rows.length)}${live.data.more ? '+' : ''} open`}</span>
    </div>
    <${Loaded} live=${live}>
      ${() =>
        rows.length === 0 && !selected
          ? html`<${Empty}><p>No agent asks anything.</p></>`
          : html`<div class="inbox ${selected ? 'has-selection' : ''}">
              <ol class="questions" ref=${list} aria-label="Open questions">
                ${rows.map((row) => html`<${Item} key=${row.sessionAgentUuid} row=${row} to=${to(row)} isSelected=${row.sessionAgentUuid === selected}
                  hasDraft=${hasDraft(row.sessionAgentUuid)} />`)}
              </ol>
              ${selected
                ? html`<${InboxQuestion}
                    key=${selected}
                    sessionUuid=${sessionUuid}
                    sessionAgentUuid=${selected}
                    back=${href(['inbox'], query)}
                    next=${next ? to(next) : null}
                    changed=${live.reload}
                  />`
                : html`<p class="empty wide-only">Choose a question: <kbd>j</kbd> and <kbd>k</kbd> do it, too.</p>`}
            </div>`}
    </>
  `;
}

/**
 * The open questions. Their names and titles are read again only when one of them has moved.
 */
function useQuestions() {
  const last = useRef({ seen: '', answer: /** @type {{ rows: Row[], more: boolean } | null} */ (null) });
  return useLive(async (signal) => {
    const { openSessionAgents: open } = await ask(OPEN_QUESTIONS, { first: MOST }, signal);
    const seen = JSON.stringify(open.nodes);
    if (last.current.seen !== seen || !last.current.answer) {
      const { openSessionAgents: whole } = await ask(INBOX, { first: MOST }, signal);
      last.current = { seen, answer: { rows: mostUrgentFirst(whole.nodes), more: whole.pageInfo.hasNextPage } };
    }
    return /** @type {{ rows: Row[], more: boolean }} */ (last.current.answer);
  }, []);
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

/** @param {{ row: Row, to: string, isSelected: boolean, hasDraft: boolean }} properties */
function Item({ row, to, isSelected, hasDraft }) {
  const agent = row.agent?.agentName ?? row.agentUuid;
  return html`<li>
    <a href=${to} aria-current=${isSelected ? 'true' : null}>
      <span class="line"><b>${row.ask?.title ?? `${agent} asks`}</b></span>
      <span class="line quiet"><span>${agent} · ${row.session.taskName ?? row.session.coordinationName}</span></span>
      <span class="line quiet">
        <${Ago} at=${row.ask?.askedAt} />
        ${row.ask?.dueAt && html`<span class="due">due <${Ago} at=${row.ask.dueAt} /></span>`}
        ${hasDraft && html`<span class="tag">draft</span>`}
      </span>
    </a>
  </li>`;
}
