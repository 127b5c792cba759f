import { ask } from '../api.js';
import { html } from '../html.js';
import { useAction } from '../live.js';
import { Confirm } from './dialog.js';
import { Problem } from './loaded.js';

/**
 * Ask before something is deleted, and say what is in the way if the API refuses.
 *
 * @param {{ title: string, document: any, input: object, places?: Record<string, string>,
 *   close: () => void, deleted: () => void, children?: any }} properties `places` are the addresses
 *   of what may be in the way
 */
export function GuardedDelete({ title, document, input, places = {}, close, deleted, children }) {
  const action = useAction();
  const confirm = async () => {
    if (await action.run(() => ask(document, { input }))) deleted();
  };
  const inTheWay =
    action.error?.code === 'HAS_CHILDREN'
      ? /** @type {Record<string, number>} */ (action.error.extensions.children ?? {})
      : null;
  return html`<${Confirm} title=${title} action="Delete" busy=${action.busy} confirm=${confirm} close=${close}>
    ${children}
    ${
      inTheWay
        ? html`<div class="problem" role="alert"><div>
          <strong>Not deleted</strong>
          <p>It still has ${listed(inTheWay)}. Delete these first.</p>
          ${Object.entries(places).map(([name, to]) => inTheWay[name] > 0 && html`<a href=${to} onClick=${close}>Show its ${name}</a>`)}
        </div></div>`
        : html`<${Problem} error=${action.error} />`
    }
  </>`;
}

/** @param {Record<string, number>} children such as `{ tasks: 2 }` */
function listed(children) {
  const parts = Object.entries(children)
    .filter(([, number]) => number > 0)
    .map(([name, number]) => `${number.toLocaleString()} ${number === 1 ? name.replace(/s$/, '') : name}`);
  return parts.join(' and ') || 'something else';
}
