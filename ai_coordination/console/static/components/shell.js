import { useEffect, useRef, useState } from 'preact/hooks';
import { config } from '../config.js';
import { html } from '../html.js';
import { keysNow, useKeys } from '../keys.js';
import { go, href, useRoute } from '../router.js';
import { Blueprints } from '../screens/blueprints.js';
import { Coordination } from '../screens/coordination.js';
import { Inbox } from '../screens/inbox.js';
import { Schedules } from '../screens/schedules.js';
import { Session } from '../screens/session.js';
import { Sessions } from '../screens/sessions.js';
import { Start } from '../screens/start.js';
import { Task } from '../screens/task.js';
import { Dialog } from './dialog.js';
import { InboxCount } from './inbox_count.js';
import { Empty } from './loaded.js';
import { Person } from './person.js';
import { SignInBar, useIdentity } from './sign_in.js';

/**
 * A screen by the first part of the address. It gets the other parts and the filters.
 *
 * @type {Record<string, (properties: { path: string[], query: URLSearchParams }) => any>}
 */
const SCREENS = {
  sessions: Sessions,
  session: Session,
  inbox: Inbox,
  blueprints: Blueprints,
  coordination: Coordination,
  task: Task,
  start: Start,
  schedules: Schedules,
};

/** What is in the navigation, and which screens count as it. @type {[string, string, string[]][]} */
const PLACES = [
  ['Sessions', 'sessions', ['sessions', 'session', 'start']],
  ['Inbox', 'inbox', ['inbox']],
  ['Blueprints', 'blueprints', ['blueprints', 'coordination', 'task']],
  ['Schedules', 'schedules', ['schedules']],
];

/** The page around every screen: navigation, keys, and where the focus goes. */
export function Shell() {
  const { path, query } = useRoute();
  const name = path[0] ?? 'sessions';
  const Screen = SCREENS[name];
  const { state, wasIn } = useIdentity();
  // Who has been signed in keeps what they see, and what they have typed.
  const isOpen = state !== 'out' || wasIn;
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const isFirst = useRef(true);
  const [helps, setHelps] = useState(false);
  useEffect(() => {
    // A new screen is read from its beginning, unless it has chosen a field itself. The first one
    // leaves the focus to the browser.
    if (!isFirst.current && !main.current?.contains(document.activeElement)) main.current?.focus();
    isFirst.current = false;
  }, [name]);
  useKeys({
    'g s': { does: 'Go to the sessions', run: () => go(href(['sessions'])) },
    'g i': { does: 'Go to the inbox', run: () => go(href(['inbox'])) },
    'g b': { does: 'Go to the blueprints', run: () => go(href(['blueprints'])) },
    'g c': { does: 'Go to the schedules', run: () => go(href(['schedules'])) },
    n: { does: 'Start a session', run: () => go(href(['start'])) },
    '?': { does: 'Show the keys', run: () => setHelps(true) },
  });
  return html`
    <a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => (event.preventDefault(), main.current?.focus())}>Skip to the content</a>
    <header class="top">
      <a class="brand" href=${href(['sessions'])}>AI Coordination Engine</a>
      <nav aria-label="Main">
        ${PLACES.map(
          ([label, to, names]) =>
            html`<a href=${href([to])} aria-current=${names.includes(name) ? 'page' : null}>${label}${to === 'inbox' && html`<${InboxCount} />`}</a>`,
        )}
      </nav>
      <span class="grow"></span>
      <${Explorer} />
      <${Person} />
      <button class="quiet" aria-label="Keys" title="Keys (?)" onClick=${() => setHelps(true)}>?</button>
    </header>
    <${SignInBar} />
    <main id="main" tabindex="-1" ref=${main}>
      ${!isOpen ? null : Screen ? html`<${Screen} key=${name} path=${path.slice(1)} query=${query} />` : html`<${Empty}><p>There is no such page.</p><a href=${href(['sessions'])}>Show the sessions</a></>`}
    </main>
    ${helps && html`<${Keys} close=${() => setHelps(false)} />`}
  `;
}

/** A link to GraphiQL, where there is one. */
function Explorer() {
  const [url, setUrl] = useState(/** @type {string | null} */ (null));
  useEffect(() => void config().then(({ explorer }) => setUrl(explorer), () => {}), []);
  return url && html`<a href=${url}>API</a>`;
}

/** @param {{ close: () => void }} properties */
function Keys({ close }) {
  return html`<${Dialog} title="Keys" close=${close}>
    <dl class="keys">
      ${keysNow().map(([key, does]) => html`<dt><kbd>${key}</kbd></dt><dd>${does}</dd>`)}
    </dl>
    <div class="buttons"><button onClick=${close}>Close</button></div>
  </>`;
}
