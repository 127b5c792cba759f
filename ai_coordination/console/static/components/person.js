import { useEffect, useState } from 'preact/hooks';
import { signOut } from '../auth.js';
import { config } from '../config.js';
import { html } from '../html.js';
import { choosePerson, personNow } from '../local_person.js';
import { useViewer } from '../viewer.js';
import { Field } from './basics.js';
import { Dialog } from './dialog.js';
import { useIdentity } from './sign_in.js';

/** The person who uses the console. Nothing where it has none. */
export function Person() {
  const { state, name } = useIdentity();
  const [chooses, setChooses] = useState(false);
  useEffect(() => void config().then(({ choosesPerson }) => setChooses(choosesPerson), () => {}), []);
  if (chooses) return html`<${Chosen} />`;
  return state === 'in' && html`<span class="person">${name}</span><button class="quiet" onClick=${signOut}>Sign out</button>`;
}

/** Who it is, on the development server, and how to be another one. */
function Chosen() {
  const [opens, setOpens] = useState(false);
  // The server may have been started for somebody.
  const viewer = useViewer();
  const user = personNow()?.user ?? viewer?.userId;
  return html`
    <button class="quiet" title="Be a person in this tab" onClick=${() => setOpens(true)}>${user == null ? 'Choose a person' : user || 'Nobody'}</button>
    ${opens && html`<${Choice} close=${() => setOpens(false)} />`}
  `;
}

/** @param {import('../local_person.js').Person} person */
function be(person) {
  choosePerson(person);
  // Everything on the page is another person's.
  location.reload();
}

/** @param {{ close: () => void }} properties */
function Choice({ close }) {
  const now = personNow();
  const [user, setUser] = useState(now?.user ?? '');
  const [groups, setGroups] = useState(now?.groups ?? '');
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    be({ user: user.trim(), groups });
  };
  return html`<${Dialog} title="Choose a person" close=${close}>
    <p>This server believes you. Other tabs can be other people.</p>
    <form onSubmit=${submit}>
      <${Field} label="User">
        <input required pattern=".*\\S.*" maxlength="512" autofocus value=${user} onInput=${(/** @type {any} */ event) => setUser(event.target.value)} />
      </>
      <${Field} label="Groups" help="With commas between">
        <input value=${groups} onInput=${(/** @type {any} */ event) => setGroups(event.target.value)} />
      </>
      <div class="buttons">
        <button class="main" type="submit">Be this person</button>
        <button type="button" onClick=${() => be({ user: '', groups: '' })}>Be nobody</button>
        <button type="button" onClick=${close}>Cancel</button>
      </div>
    </form>
  </>`;
}
