import { useEffect, useRef } from 'preact/hooks';
import { html } from '../html.js';

/**
 * A modal dialog. Escape and a click beside it close it; the focus returns to where it was.
 *
 * @param {{ title: string, close: () => void, children: any }} properties
 */
export function Dialog({ title, close, children }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    element.current?.showModal();
    return () => before?.focus?.({ preventScroll: true });
  }, []);
  return html`<dialog ref=${element} aria-label=${title} onClose=${close} onClick=${(/** @type {Event} */ event) => event.target === element.current && close()}>
    <div class="dialog">
      <h2>${title}</h2>
      ${children}
    </div>
  </dialog>`;
}

/**
 * Ask before something that cannot be undone.
 *
 * @param {{ title: string, action: string, busy?: boolean, keep?: string, confirm: () => void,
 *   close: () => void, children: any }} properties
 */
export function Confirm({ title, action, busy = false, keep = 'Keep it as it is', confirm, close, children }) {
  return html`<${Dialog} title=${title} close=${close}>
    ${children}
    <div class="buttons">
      <button class="danger" disabled=${busy} onClick=${confirm}>${action}</button>
      <button onClick=${close} autofocus>${keep}</button>
    </div>
  </>`;
}
