import { useRef } from 'preact/hooks';
import { ask, Refused } from '../api.js';
import { FIND_SESSION } from '../documents/sessions.js';
import { html } from '../html.js';
import { useKeys } from '../keys.js';
import { useAction } from '../live.js';
import { go, href } from '../router.js';

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i;

/** A field that opens the session whose UUID is typed, or is somewhere in the text that is pasted. */
export function Search() {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const action = useAction();
  useKeys({ '/': { does: 'Find a session by its UUID', run: () => field.current?.focus() } });
  const find = (/** @type {Event} */ event) => {
    event.preventDefault();
    action.run(async () => {
      const text = field.current?.value ?? '';
      const sessionUuid = UUID.exec(text)?.[0].toLowerCase();
      if (!sessionUuid) throw new Refused({ message: 'Type the UUID of a session.' });
      const { session } = await ask(FIND_SESSION, { sessionUuid });
      if (!session) throw new Refused({ message: 'There is no session with this UUID.' });
      go(href(['session', session.coordinationUuid, session.sessionUuid]));
    });
  };
  return html`<form class="search" role="search" onSubmit=${find}>
    <input ref=${field} type="search" aria-label="UUID of a session" placeholder="Session UUID (press /)" autocomplete="off" spellcheck=${false}
      onInput=${action.clear} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && field.current?.blur()} />
    ${action.error && html`<small class="error" role="alert">${action.error.message}</small>`}
  </form>`;
}
