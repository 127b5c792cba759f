import { useEffect } from 'preact/hooks';
import { count } from '../formatting.js';
import { html } from '../html.js';
import { listsOf, openQuestions, usualView, watchInbox } from '../inbox.js';
import { useLive } from '../live.js';
import { useViewer } from '../viewer.js';

/** Rarely: every open tab of everybody asks, whatever it shows. */
const MILLISECONDS = { fast: 10_000, slow: 60_000 };

/** How many questions the person can answer, beside the name of the inbox. */
export function InboxCount() {
  const viewer = useViewer();
  return viewer ? html`<${Count} viewer=${viewer} />` : null;
}

/** @param {{ viewer: import('../viewer.js').Viewer }} properties */
function Count({ viewer }) {
  const live = useLive(
    async (signal) => {
      const { moved, hasMore } = await openQuestions(listsOf(usualView(viewer), viewer), signal);
      return { number: moved.size, hasMore };
    },
    [viewer],
    MILLISECONDS,
  );
  useEffect(() => watchInbox(live.reload), [live.reload]);
  const { number = 0, hasMore } = live.data ?? {};
  if (!number) return null;
  return html` <span class="count">${count(number)}${hasMore && '+'}<span class="hidden"> open ${number === 1 ? 'question' : 'questions'}</span></span>`;
}
