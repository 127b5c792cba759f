import { layered } from './layers.js';

/**
 * A node of a graph. A node with `inner` is a frame around those, below a head of its own.
 *
 * @typedef {object} GraphNode
 * @property {string} id
 * @property {string[]} predecessors Ids of nodes within the same frame; others are ignored.
 * @property {GraphNode[]} [inner]
 */

/**
 * Where everything is. Frames come before what is in them.
 *
 * @template {GraphNode} N
 * @typedef {object} Layout
 * @property {Map<string, Box<N>>} boxes
 * @property {Edge[]} edges
 * @property {number} width
 * @property {number} height
 */

/**
 * @template {GraphNode} N
 * @typedef {{ node: N, x: number, y: number, width: number, height: number }} Box
 */

/** @typedef {{ from: string, to: string, d: string }} Edge `d` is its path in SVG. */

/** Sizes in pixels of the drawing. `isDownwards`: from top to bottom, for narrow screens. */
export const SIZES = {
  width: 212,
  height: 48,
  along: 56,
  across: 14,
  padding: 16,
  isDownwards: false,
};

const PREFERRED_ASPECT = 1.8;

/**
 * Lay out a graph.
 *
 * @template {GraphNode} N
 * @param {N[]} nodes
 * @param {Partial<typeof SIZES>} [options]
 * @returns {Layout<N>}
 */
export function layout(nodes, options = {}) {
  const sizes = { ...SIZES, ...options };
  const { width, height, parts } = arranged(nodes, sizes);
  /** @type {Layout<N>} */
  const result = { boxes: new Map(), edges: [], width, height };
  settle(parts, 0, 0, result);
  return result;
}

/**
 * Nodes of one frame with sizes and places in it, and the edges between them.
 *
 * @typedef {{ node: GraphNode, width: number, height: number, x: number, y: number, parts?: Parts }} Part
 * @typedef {{ parts: Part[], edges: { from: string, to: string, points: import('./layers.js').Point[] }[], isDownwards: boolean }} Parts
 */

/**
 * @param {GraphNode[]} nodes
 * @param {typeof SIZES} sizes
 * @returns {{ width: number, height: number, parts: Parts }}
 */
function arranged(nodes, sizes) {
  const parts = nodes.map((node) => sized(node, sizes));
  const index = new Map(nodes.map(({ id }, at) => [id, at]));
  const before = nodes.map(({ predecessors }) => [
    ...new Set(predecessors.flatMap((id) => index.get(id) ?? [])),
  ]);
  const isJoined = nodes.map((_, at) => before[at].length > 0);
  before.flat().forEach((at) => (isJoined[at] = true));
  const joined = parts.flatMap((_, at) => (isJoined[at] ? [at] : []));
  const alone = parts.filter((_, at) => !isJoined[at]);
  const graph = placed(joined, parts, before, sizes);
  const rest = grid(alone, sizes, joined.length ? graph.height + 2 * sizes.across : 0);
  return {
    width: Math.max(graph.width, rest.width),
    height: Math.max(graph.height, rest.height),
    parts: { parts, edges: graph.edges, isDownwards: sizes.isDownwards },
  };
}

/**
 * @param {GraphNode} node
 * @param {typeof SIZES} sizes
 * @returns {Part}
 */
function sized(node, sizes) {
  const { width, height, padding } = sizes;
  if (!node.inner?.length) return { node, width, height, x: 0, y: 0 };
  const inner = arranged(node.inner, sizes);
  for (const part of inner.parts.parts) {
    part.x += padding;
    part.y += height + padding;
  }
  for (const { points } of inner.parts.edges) {
    for (const point of points) {
      point.x += padding;
      point.y += height + padding;
    }
  }
  return {
    node,
    width: Math.max(width, inner.width + 2 * padding),
    height: height + inner.height + 2 * padding,
    x: 0,
    y: 0,
    parts: inner.parts,
  };
}

/**
 * Place the nodes that have edges.
 *
 * @param {number[]} joined
 * @param {Part[]} parts
 * @param {number[][]} before
 * @param {typeof SIZES} sizes
 */
function placed(joined, parts, before, sizes) {
  const place = new Map(joined.map((at, number) => [at, number]));
  const turn = sizes.isDownwards;
  const drawing = layered(
    joined.map((at) => ({
      width: turn ? parts[at].height : parts[at].width,
      height: turn ? parts[at].width : parts[at].height,
      before: before[at].map((one) => /** @type {number} */ (place.get(one))),
    })),
    sizes,
  );
  const turned = (/** @type {import('./layers.js').Point} */ { x, y }) => (turn ? { x: y, y: x } : { x, y });
  joined.forEach((at, number) => Object.assign(parts[at], turned(drawing.at[number])));
  const edges = drawing.routes.map(({ from, to, points }) => ({
    from: parts[joined[from]].node.id,
    to: parts[joined[to]].node.id,
    points: points.map(turned),
  }));
  const [width, height] = turn ? [drawing.height, drawing.width] : [drawing.width, drawing.height];
  return { edges, width, height };
}

/**
 * Place nodes without edges in rows below the others.
 *
 * @param {Part[]} parts
 * @param {typeof SIZES} sizes
 * @param {number} top
 */
function grid(parts, { width, height, across, isDownwards }, top) {
  if (!parts.length) return { width: 0, height: 0 };
  const aspect = isDownwards ? 1 / PREFERRED_ASPECT : PREFERRED_ASPECT;
  const columns = Math.max(1, Math.round(Math.sqrt((parts.length * aspect * (height + across)) / (width + across))));
  let [y, right] = [top, 0];
  for (let first = 0; first < parts.length; first += columns) {
    const row = parts.slice(first, first + columns);
    let x = 0;
    for (const part of row) {
      Object.assign(part, { x, y });
      x += part.width + across;
    }
    right = Math.max(right, x - across);
    y += Math.max(...row.map((part) => part.height)) + across;
  }
  return { width: right, height: y - across };
}

/**
 * Turn places within frames into places in the drawing.
 *
 * @param {Parts} parts
 * @param {number} left
 * @param {number} top
 * @param {Layout<any>} result
 */
function settle({ parts, edges, isDownwards }, left, top, result) {
  for (const { node, width, height, x, y, parts: inner } of parts) {
    result.boxes.set(node.id, { node, width, height, x: left + x, y: top + y });
    if (inner) settle(inner, left + x, top + y, result);
  }
  for (const { from, to, points } of edges) {
    const moved = points.map(({ x, y }) => ({ x: left + x, y: top + y }));
    const ends = [result.boxes.get(from), result.boxes.get(to)];
    result.edges.push({ from, to, d: path(/** @type {Box<any>} */ (ends[0]), /** @type {Box<any>} */ (ends[1]), moved, isDownwards) });
  }
}

/**
 * @param {Box<any>} from
 * @param {Box<any>} to
 * @param {import('./layers.js').Point[]} points
 * @param {boolean} isDownwards
 */
export function path(from, to, points, isDownwards) {
  const start = isDownwards
    ? { x: from.x + from.width / 2, y: from.y + from.height }
    : { x: from.x + from.width, y: from.y + from.height / 2 };
  const end = isDownwards ? { x: to.x + to.width / 2, y: to.y } : { x: to.x, y: to.y + to.height / 2 };
  let [d, last] = [`M${text(start)}`, start];
  for (const [number, point] of [...points, end].entries()) {
    d += number % 2 ? `L${text(point)}` : curve(last, point, isDownwards);
    last = point;
  }
  return d;
}

/**
 * @param {import('./layers.js').Point} from
 * @param {import('./layers.js').Point} to
 * @param {boolean} isDownwards
 */
function curve(from, to, isDownwards) {
  if (isDownwards) {
    const middle = (from.y + to.y) / 2;
    return `C${text({ x: from.x, y: middle })} ${text({ x: to.x, y: middle })} ${text(to)}`;
  }
  const middle = (from.x + to.x) / 2;
  return `C${text({ x: middle, y: from.y })} ${text({ x: middle, y: to.y })} ${text(to)}`;
}

/** @param {import('./layers.js').Point} point */
const text = ({ x, y }) => `${Math.round(x)},${Math.round(y)}`;
