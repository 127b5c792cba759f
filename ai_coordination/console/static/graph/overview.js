import { useLayoutEffect, useRef } from 'preact/hooks';
import { html } from '../html.js';

const WIDTH = 220;
const HEIGHT = 120;

/**
 * A small map of a graph that does not fit, with the part that is seen. One can drag in it.
 *
 * @param {{ drawing: import('./layout.js').Layout<any>, current: Map<string, any>,
 *   viewport: import('./viewport.js').Viewport }} properties
 */
export function Overview({ drawing, current, viewport }) {
  const map = useRef(/** @type {SVGSVGElement | null} */ (null));
  const seen = useRef(/** @type {SVGRectElement | null} */ (null));
  const scale = Math.min(WIDTH / drawing.width, HEIGHT / drawing.height);
  useLayoutEffect(() => {
    const show = () => {
      map.current?.toggleAttribute('hidden', !viewport.isCropped);
      const { room, x, y, scale: zoom } = viewport;
      const part = { x: -x, y: -y, width: room.width, height: room.height };
      for (const [name, value] of Object.entries(part)) {
        seen.current?.setAttribute(name, String((value / zoom) * scale));
      }
    };
    show();
    return viewport.watch(show);
  }, [scale]);
  const go = (/** @type {PointerEvent} */ event) => {
    if (event.buttons !== 1) return;
    const { left, top } = /** @type {SVGElement} */ (event.currentTarget).getBoundingClientRect();
    viewport.centre((event.clientX - left) / scale, (event.clientY - top) / scale);
  };
  return html`<svg
    class="overview"
    aria-hidden="true"
    hidden
    ref=${map}
    width=${drawing.width * scale}
    height=${drawing.height * scale}
    onPointerDown=${go}
    onPointerMove=${go}
  >
    ${looks(drawing, current, scale).map(([look, d]) => html`<path key=${look} class=${look} d=${d} />`)}
    <rect class="seen" ref=${seen} />
  </svg>`;
}

/**
 * One path for all nodes that look alike.
 *
 * @param {import('./layout.js').Layout<any>} drawing
 * @param {Map<string, any>} current
 * @param {number} scale
 */
function looks(drawing, current, scale) {
  /** @type {Map<string, string>} */
  const paths = new Map();
  for (const [id, { x, y, width, height }] of drawing.boxes) {
    const node = current.get(id);
    const look = node?.inner?.length ? 'frame' : (node?.className ?? '');
    const [w, h] = [Math.max(2, width * scale), Math.max(1.5, height * scale)].map((value) => value.toFixed(1));
    paths.set(look, `${paths.get(look) ?? ''}M${(x * scale).toFixed(1)} ${(y * scale).toFixed(1)}h${w}v${h}h-${w}z`);
  }
  return [...paths];
}
