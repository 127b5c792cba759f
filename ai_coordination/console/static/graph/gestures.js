import { useLayoutEffect } from 'preact/hooks';

const LEAST_DRAG_PIXELS = 5;

/** The click that follows a drag selects nothing. */
function swallowClick() {
  const swallow = (/** @type {Event} */ click) => click.stopPropagation();
  addEventListener('click', swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener('click', swallow, { capture: true }));
}

/**
 * Move a viewport by mouse, pen, touch and wheel: drag to pan, wheel or two fingers to zoom.
 *
 * @param {{ current: HTMLElement | null }} box
 * @param {import('./viewport.js').Viewport} viewport
 * @param {{ current: boolean }} dragsNodes whether a drag that begins at a node is not for panning
 */
export function useGestures(box, viewport, dragsNodes) {
  // Before the browser paints: who sees the graph can move it.
  useLayoutEffect(() => {
    const element = /** @type {HTMLElement} */ (box.current);
    const stop = new AbortController();
    const listen = (/** @type {string} */ name, /** @type {(event: any) => void} */ react) =>
      element.addEventListener(name, react, { signal: stop.signal, passive: false });
    /** @type {Map<number, { x: number, y: number }>} */
    const fingers = new Map();
    let isDrag = false;
    const place = (/** @type {PointerEvent | WheelEvent} */ event) => {
      const { left, top } = element.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };

    listen('wheel', (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      const { x, y } = place(event);
      const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
      if (event.shiftKey) viewport.pan(-pixels, 0);
      else viewport.zoom(Math.exp(-pixels * (event.ctrlKey ? 0.008 : 0.0015)), x, y);
    });
    listen('pointerdown', (/** @type {PointerEvent} */ event) => {
      const target = /** @type {Element} */ (event.target);
      if (event.button || target.closest('button, .overview')) return;
      if (dragsNodes.current && target.closest('.node')) return;
      if (!fingers.size) isDrag = false;
      fingers.set(event.pointerId, place(event));
    });
    listen('pointermove', (/** @type {PointerEvent} */ event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const now = place(event);
      if (!isDrag && Math.hypot(now.x - before.x, now.y - before.y) < LEAST_DRAG_PIXELS) return;
      // Only now: a captured pointer would take the click from the node below it.
      if (!isDrag) element.setPointerCapture(event.pointerId);
      isDrag = true;
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const ratio =
          Math.hypot(now.x - other.x, now.y - other.y) / Math.hypot(before.x - other.x, before.y - other.y);
        viewport.zoom(Number.isFinite(ratio) && ratio > 0 ? ratio : 1, (now.x + other.x) / 2, (now.y + other.y) / 2);
      } else {
        viewport.pan(now.x - before.x, now.y - before.y);
      }
      fingers.set(event.pointerId, now);
    });
    for (const name of ['pointerup', 'pointercancel', 'pointerleave']) {
      listen(name, (/** @type {PointerEvent} */ event) => {
        if (fingers.delete(event.pointerId) && isDrag && name === 'pointerup') swallowClick();
      });
    }
    return () => stop.abort();
  }, []);
}

/**
 * Follow a drag that began at a node, until it ends at another.
 *
 * @param {PointerEvent} start
 * @param {{ move: (event: PointerEvent) => void, end: (id: string | undefined) => void }} reactions
 *   `end` gets the id of the node where the drag ended. Neither is called for a mere click.
 */
export function followDrag(start, { move, end }) {
  const stop = new AbortController();
  let isDrag = false;
  const finish = (/** @type {PointerEvent} */ event) => {
    stop.abort();
    if (!isDrag) return;
    swallowClick();
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest('.node');
    const id = /** @type {SVGElement | null | undefined} */ (over)?.dataset.id;
    end(event.type === 'pointerup' ? id : undefined);
  };
  addEventListener(
    'pointermove',
    (event) => {
      isDrag ||= Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) >= LEAST_DRAG_PIXELS;
      if (isDrag) move(event);
    },
    { signal: stop.signal },
  );
  addEventListener('pointerup', finish, { signal: stop.signal });
  addEventListener('pointercancel', finish, { signal: stop.signal });
}
