import { Component } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { html } from '../html.js';
import { useKeys } from '../keys.js';
import { followDrag, useGestures } from './gestures.js';
import { SIZES, layout } from './layout.js';
import { Overview } from './overview.js';
import { nearest } from './steps.js';
import { READABLE, Viewport } from './viewport.js';

/**
 * A node as it is drawn. It is drawn again only when its `stamp` changes.
 *
 * @typedef {import('./layout.js').GraphNode & {
 *   stamp: string, label: string, className?: string, isOptional?: boolean,
 *   fold?: 'open' | 'closed', inner?: ShownNode[] }} ShownNode
 *   `label` is what a screen reader says. `fold`: it can be opened, or closed, by a button of its own.
 *   `isOptional`: edges to it are dotted.
 */

const NARROW_PIXELS = 640;

/**
 * A graph that one can pan, zoom and walk through: one stop for the tab key, arrows to the nearest
 * node in a direction, Enter opens a node, Space unfolds it.
 *
 * @param {object} properties
 * @param {any[]} properties.nodes of type `ShownNode`
 * @param {string} properties.label
 * @param {(node: any) => any} properties.draw the inside of a node of `SIZES`, in SVG
 * @param {string | null} [properties.selected]
 * @param {string} [properties.lead] the node at which a graph begins that is too large to be read
 * @param {(id: string) => void} properties.onOpen
 * @param {(id: string) => void} [properties.onFold]
 * @param {(from: string, to: string) => void} [properties.onConnect] Nodes can be connected by drag.
 * @param {any} [properties.children] more tools
 */
export function Graph({ nodes, label, draw, selected = null, lead, onOpen, onFold, onConnect, children }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const svg = useRef(/** @type {SVGSVGElement | null} */ (null));
  const plane = useRef(/** @type {SVGGElement | null} */ (null));
  const line = useRef(/** @type {SVGPathElement | null} */ (null));
  const connects = useRef(false);
  connects.current = Boolean(onConnect);
  const viewport = useMemo(() => new Viewport(), []);
  const [stop, setStop] = useState(/** @type {string | null} */ (null));
  const isDownwards = innerWidth < NARROW_PIXELS;
  const shape = shapeOf(nodes, isDownwards);
  const drawing = useMemo(() => layout(/** @type {ShownNode[]} */ (nodes), { isDownwards }), [shape]);
  const current = useMemo(() => currentNodes(nodes), [nodes]);
  const tabStop = stop && drawing.boxes.has(stop) ? stop : (selected ?? drawing.boxes.keys().next().value);
  const head = (/** @type {string | null | undefined} */ id) => {
    const found = id ? drawing.boxes.get(id) : undefined;
    return found && { x: found.x, y: found.y, width: SIZES.width, height: SIZES.height };
  };
  useShown({ box, svg, plane, viewport, drawing, lead: head(selected) ?? head(lead) ?? head(tabStop), selected: head(selected) });
  useGestures(box, viewport, connects);
  const wasOpened = useRef(/** @type {string | null} */ (null));
  useEffect(() => {
    const target = head(selected);
    // A click has chosen what can be seen. All other ways to select a node bring it near.
    if (target && wasOpened.current !== selected && viewport.room.width) viewport.reveal(target);
    wasOpened.current = null;
  }, [selected]);
  useKeys({
    f: { does: 'Fit the graph into its room', run: () => viewport.fit() },
    '+': { does: 'Zoom in', run: () => viewport.zoom(1.3) },
    '-': { does: 'Zoom out', run: () => viewport.zoom(1 / 1.3) },
  });

  const fold = (/** @type {string} */ id) => {
    const at = drawing.boxes.get(id);
    if (!onFold || !current.get(id)?.fold || !at) return;
    viewport.isMoved = true;
    viewport.anchor = { id, x: at.x, y: at.y };
    onFold(id);
  };
  const open = (/** @type {string} */ id) => {
    wasOpened.current = id;
    onOpen(id);
  };
  const click = (/** @type {MouseEvent} */ event) => {
    const target = /** @type {Element} */ (event.target);
    const id = idAt(target);
    if (id && target.closest('.toggle')) fold(id);
    else if (id) open(id);
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    const id = idAt(/** @type {Element} */ (event.target));
    if (!id || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter') open(id);
    else if (event.key === ' ') current.get(id)?.fold ? fold(id) : open(id);
    else {
      const next = nearest(drawing.boxes, id, event.key);
      if (next === undefined) return;
      if (next) focusOn(next);
    }
    event.preventDefault();
  };
  const focusOn = (/** @type {string} */ id) => {
    viewport.reveal(/** @type {any} */ (head(id)));
    setStop(id);
    const element = svg.current?.querySelector(`.node[data-id="${CSS.escape(id)}"] > .hit`);
    /** @type {SVGElement | null | undefined} */ (element)?.focus({ preventScroll: true });
  };
  const drag = (/** @type {PointerEvent} */ event) => {
    const from = idAt(/** @type {Element} */ (event.target));
    if (!onConnect || !from || event.button) return;
    const start = /** @type {any} */ (head(from));
    const { left, top } = /** @type {HTMLElement} */ (box.current).getBoundingClientRect();
    followDrag(event, {
      move({ clientX, clientY }) {
        const { x, y, scale } = viewport;
        line.current?.setAttribute(
          'd',
          `M${start.x + start.width},${start.y + start.height / 2}L${(clientX - left - x) / scale},${(clientY - top - y) / scale}`,
        );
      },
      end(to) {
        line.current?.setAttribute('d', '');
        if (to && to !== from) onConnect(from, to);
      },
    });
  };
  return html`<div class="graph" ref=${box}>
    <svg
      ref=${svg}
      role="group"
      aria-label=${label}
      class=${onConnect ? 'connects' : ''}
      onClick=${click}
      onKeyDown=${press}
      onPointerDown=${drag}
      onFocusIn=${(/** @type {Event} */ event) => setStop(idAt(/** @type {Element} */ (event.target)) ?? null)}
    >
      <g ref=${plane}>
        <${Frames} drawing=${drawing} current=${current} />
        <${Edges} drawing=${drawing} current=${current} selected=${selected} />
        ${[...drawing.boxes.values()].map(
          ({ node, x, y }) =>
            html`<${NodeView}
              key=${node.id}
              node=${current.get(node.id) ?? node}
              stamp=${current.get(node.id)?.stamp}
              x=${x}
              y=${y}
              isSelected=${node.id === selected}
              isTabStop=${node.id === tabStop}
              draw=${draw}
            />`,
        )}
        <path ref=${line} class="edge near" d="" />
      </g>
    </svg>
    <${Overview} drawing=${drawing} current=${current} viewport=${viewport} />
    <div class="tools" role="toolbar" aria-label="Graph">
      <button aria-label="Zoom in" title="Zoom in (+)" onClick=${() => viewport.zoom(1.3)}>+</button>
      <button aria-label="Zoom out" title="Zoom out (-)" onClick=${() => viewport.zoom(1 / 1.3)}>−</button>
      <button title="Fit (f)" onClick=${() => viewport.fit()}>Fit</button>
      ${children}
    </div>
  </div>`;
}

/** @param {Element} element */
const idAt = (element) => /** @type {SVGElement | null} */ (element.closest('[data-id]'))?.dataset.id;

/**
 * What the layout depends on.
 *
 * @param {ShownNode[]} nodes
 * @param {boolean} isDownwards
 * @returns {string}
 */
function shapeOf(nodes, isDownwards) {
  const text = nodes.map(({ id, predecessors, inner }) => `${id}<${predecessors}${inner ? `(${shapeOf(inner, false)})` : ''}`);
  return `${isDownwards}${text.join(';')}`;
}

/** @param {ShownNode[]} nodes */
function currentNodes(nodes) {
  /** @type {Map<string, ShownNode>} */
  const found = new Map();
  const add = (/** @type {ShownNode} */ node) => {
    found.set(node.id, node);
    node.inner?.forEach(add);
  };
  nodes.forEach(add);
  return found;
}

/** Keep the drawing where it belongs while it, its room and the selection change. @param {any} parts */
function useShown({ box, svg, plane, viewport, drawing, lead, selected }) {
  const latest = useRef({ lead, selected });
  latest.current = { lead, selected };
  useLayoutEffect(() => {
    const apply = () => {
      plane.current.setAttribute('transform', `translate(${viewport.x},${viewport.y}) scale(${viewport.scale})`);
      svg.current.classList.toggle('far', viewport.scale < READABLE);
    };
    const measure = () => {
      const { width, height } = box.current.getBoundingClientRect();
      const isFirst = viewport.room.width === 0;
      viewport.room = { width, height };
      if (isFirst || (!viewport.isMoved && viewport.fittingScale >= READABLE)) viewport.begin(latest.current.lead);
      else if (latest.current.selected) viewport.reveal(latest.current.selected);
      else viewport.show(viewport.scale, viewport.x, viewport.y);
    };
    const unwatch = viewport.watch(apply);
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      unwatch();
    };
  }, []);
  useLayoutEffect(() => {
    viewport.size = { width: drawing.width, height: drawing.height };
    if (!viewport.room.width) {
      const { width, height } = box.current.getBoundingClientRect();
      viewport.room = { width, height };
      if (width) viewport.begin(latest.current.lead);
      return;
    }
    const { anchor, scale } = viewport;
    const now = anchor && drawing.boxes.get(anchor.id);
    viewport.anchor = undefined;
    if (now) viewport.show(scale, viewport.x + (anchor.x - now.x) * scale, viewport.y + (anchor.y - now.y) * scale);
    else if (!viewport.isMoved) viewport.begin(latest.current.lead);
    else viewport.show(scale, viewport.x, viewport.y);
  }, [drawing]);
}

/** Frames are below everything, so that edges within them are seen. @param {any} properties */
function Frames({ drawing, current }) {
  const frames = [...drawing.boxes.values()].filter(({ node }) => current.get(node.id)?.inner?.length);
  return frames.map(
    ({ node, x, y, width, height }) =>
      html`<rect key=${node.id} class="frame" x=${x} y=${y} width=${width} height=${height} rx="10" aria-hidden="true" />`,
  );
}

/** Edges in few paths: one for each look, as there may be thousands. @param {any} properties */
function Edges({ drawing, current, selected }) {
  /** @type {Map<string, string>} */
  const paths = new Map();
  for (const { from, to, d } of drawing.edges) {
    const isNear = selected && (from === selected || to === selected);
    const look = `edge ${current.get(to)?.isOptional ? 'optional ' : ''}${isNear ? 'near' : current.get(from)?.className ?? ''}`;
    paths.set(look, (paths.get(look) ?? '') + d);
  }
  // What is near is drawn last, above the others.
  const looks = [...paths].sort(([a], [b]) => Number(a.endsWith('near')) - Number(b.endsWith('near')));
  return html`<g aria-hidden="true">${looks.map(([look, d]) => html`<path key=${look} class=${look} d=${d} />`)}</g>`;
}

/** Nodes are many, and few of them change at once. */
class NodeView extends Component {
  /** @param {any} next */
  shouldComponentUpdate(next) {
    const now = /** @type {any} */ (this.props);
    return ['stamp', 'x', 'y', 'isSelected', 'isTabStop'].some((name) => next[name] !== now[name]);
  }

  render(/** @type {any} */ { node, x, y, isSelected, isTabStop, draw }) {
    const look = `node ${node.className ?? ''} ${isSelected ? 'selected' : ''}`;
    // What is drawn is often shortened, so the button is a sibling of it, with the whole name.
    return html`<g class=${look} transform="translate(${x},${y})" data-id=${node.id}>
      <g aria-hidden="true">${draw(node)}</g>
      <rect
        class="hit"
        width=${SIZES.width}
        height=${SIZES.height}
        rx="8"
        role="button"
        tabindex=${isTabStop ? 0 : -1}
        aria-label=${node.label}
        aria-pressed=${isSelected}
      />
      ${node.fold &&
      html`<g class="toggle" aria-hidden="true" transform="translate(${SIZES.width - 26},${SIZES.height / 2 - 12})">
        <rect width="24" height="24" rx="5" />
        <path d=${node.fold === 'open' ? 'M8 15l4-5l4 5' : 'M8 10l4 5l4-5'} />
      </g>`}
    </g>`;
  }
}
