/**
 * A layered drawing of a directed graph, from left to right: nodes in columns after what they wait
 * for, few crossings, and edges that bend around nodes.
 *
 * @typedef {{ width: number, height: number, before: number[] }} Sized A node by its size, and
 *   the indexes of the nodes that it waits for.
 * @typedef {{ x: number, y: number }} Point
 * @typedef {{ from: number, to: number, points: Point[] }} Route `points` lie between both nodes,
 *   in pairs: where the edge enters a column that it passes, and where it leaves it.
 * @typedef {{ at: Point[], routes: Route[], width: number, height: number }} Drawing `at` has the
 *   upper left corner of each node.
 * @typedef {{ node: number, layer: number, place: number, size: number, weight: number,
 *   centre: number, wish: number, up: Vertex[], down: Vertex[] }} Vertex A node (`node` ≥ 0), or
 *   a place where an edge passes a column.
 */

const ORDERING_SWEEPS = 12;
const SPREADING_SWEEPS = 24;
const LAST_SPREADING_SWEEPS = 8;
const PASSAGE = 10;

/**
 * @param {Sized[]} nodes
 * @param {{ along: number, across: number }} gaps between columns, and between nodes of a column
 * @returns {Drawing}
 */
export function layered(nodes, gaps) {
  if (!nodes.length) return { at: [], routes: [], width: 0, height: 0 };
  const { order, layer } = layersOf(nodes);
  const { layers, vertices } = verticesOf(nodes, order, layer);
  reduceCrossings(layers);
  spread(layers, gaps.across);
  return drawn(nodes, layers, vertices, gaps.along);
}

/**
 * The layer of each node: one more than the last of those before it. A circle is cut at the first
 * of its nodes, so that a wrong graph can still be shown.
 *
 * @param {Sized[]} nodes
 */
function layersOf(nodes) {
  const after = nodes.map(() => /** @type {number[]} */ ([]));
  nodes.forEach(({ before }, node) => before.forEach((one) => after[one].push(node)));
  const missing = nodes.map(({ before }) => before.length);
  const layer = nodes.map(() => 0);
  const isOrdered = nodes.map(() => false);
  /** @type {number[]} */
  const order = [];
  const add = (/** @type {number} */ node) => {
    if (!isOrdered[node]) order.push(node);
    isOrdered[node] = true;
  };
  nodes.forEach((_, node) => missing[node] || add(node));
  for (let next = 0; next < nodes.length; next += 1) {
    if (next === order.length) add(isOrdered.indexOf(false));
    for (const node of after[order[next]]) {
      if (isOrdered[node]) continue;
      layer[node] = Math.max(layer[node], layer[order[next]] + 1);
      missing[node] -= 1;
      if (!missing[node]) add(node);
    }
  }
  // What waits for nothing stands next to what waits for it.
  for (const node of order) {
    if (nodes[node].before.length || !after[node].length) continue;
    layer[node] = Math.max(0, Math.min(...after[node].map((one) => layer[one])) - 1);
  }
  return { order, layer };
}

/**
 * @param {Sized[]} nodes
 * @param {number[]} order
 * @param {number[]} layer
 */
function verticesOf(nodes, order, layer) {
  /** @type {Vertex[][]} */
  const layers = Array.from({ length: Math.max(...layer) + 1 }, () => []);
  const add = (/** @type {number} */ at, /** @type {number} */ node) => {
    const size = node < 0 ? PASSAGE : nodes[node].height;
    const vertex = { node, layer: at, place: 0, size, weight: node < 0 ? 2 : 1, centre: 0, wish: 0, up: [], down: [] };
    layers[at].push(vertex);
    return vertex;
  };
  /** @type {Vertex[]} */
  const vertices = new Array(nodes.length);
  for (const node of order) vertices[node] = add(layer[node], node);
  for (const node of order) {
    for (const before of nodes[node].before) {
      if (layer[before] >= layer[node]) continue;
      let last = vertices[before];
      for (let at = layer[before] + 1; at < layer[node]; at += 1) {
        const passage = add(at, -1);
        join(last, passage);
        last = passage;
      }
      join(last, vertices[node]);
    }
  }
  layers.forEach(number);
  return { layers, vertices };
}

/** @param {Vertex} from @param {Vertex} to */
function join(from, to) {
  from.down.push(to);
  to.up.push(from);
}

/** @param {Vertex[]} layer */
function number(layer) {
  layer.forEach((vertex, place) => (vertex.place = place));
}

/**
 * Order each layer by the mean place of its neighbours, downwards and upwards in turn, and keep the
 * order with the fewest crossings.
 *
 * @param {Vertex[][]} layers
 */
function reduceCrossings(layers) {
  let fewest = crossingsOf(layers);
  let best = layers.map((layer) => [...layer]);
  for (let sweep = 0; sweep < ORDERING_SWEEPS && fewest > 0; sweep += 1) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : [...layers].reverse()) {
      for (const vertex of layer) {
        const near = isDown ? vertex.up : vertex.down;
        vertex.wish = near.length ? near.reduce((sum, one) => sum + one.place, 0) / near.length : vertex.place;
      }
      layer.sort((a, b) => a.wish - b.wish || a.place - b.place);
      number(layer);
    }
    const crossings = crossingsOf(layers);
    if (crossings < fewest) {
      fewest = crossings;
      best = layers.map((layer) => [...layer]);
    }
  }
  best.forEach((layer, at) => {
    layers[at] = layer;
    number(layer);
  });
}

/**
 * Count by a Fenwick tree: each edge crosses those before it that end further down.
 *
 * @param {Vertex[][]} layers
 */
function crossingsOf(layers) {
  let crossings = 0;
  layers.slice(0, -1).forEach((layer, at) => {
    const size = layers[at + 1].length;
    const tree = new Int32Array(size + 1);
    let seen = 0;
    for (const vertex of layer) {
      const ends = vertex.down.map(({ place }) => place);
      for (const end of ends) {
        let notBelow = 0;
        for (let node = end + 1; node > 0; node -= node & -node) notBelow += tree[node];
        crossings += seen - notBelow;
      }
      for (const end of ends) for (let node = end + 1; node <= size; node += node & -node) tree[node] += 1;
      seen += ends.length;
    }
  });
  return crossings;
}

/**
 * Move vertices towards the mean of their neighbours, in the order that they have.
 *
 * @param {Vertex[][]} layers
 * @param {number} gap
 */
function spread(layers, gap) {
  for (const layer of layers) {
    let top = 0;
    for (const vertex of layer) {
      vertex.centre = top + vertex.size / 2;
      top += vertex.size + gap;
    }
  }
  for (let sweep = 0; sweep < SPREADING_SWEEPS; sweep += 1) {
    const isDown = sweep % 2 === 0;
    const isLast = sweep >= SPREADING_SWEEPS - LAST_SPREADING_SWEEPS;
    for (const layer of isDown ? layers : [...layers].reverse()) {
      for (const vertex of layer) {
        const near = isLast ? [...vertex.up, ...vertex.down] : isDown ? vertex.up : vertex.down;
        vertex.wish = near.length ? near.reduce((sum, one) => sum + one.centre, 0) / near.length : vertex.centre;
      }
      fulfil(layer, gap);
    }
  }
}

/**
 * Give a layer's vertices the places nearest to their wishes that do not overlap: isotonic
 * regression, in which neighbours that want to be too close move as one block.
 *
 * @param {Vertex[]} layer
 * @param {number} gap
 */
function fulfil(layer, gap) {
  /** @type {number[]} */
  const offsets = [0];
  for (let at = 1; at < layer.length; at += 1) {
    offsets.push(offsets[at - 1] + (layer[at - 1].size + layer[at].size) / 2 + gap);
  }
  /** @type {{ sum: number, weight: number, from: number, to: number }[]} */
  const blocks = [];
  layer.forEach(({ wish, weight }, at) => {
    let block = { sum: (wish - offsets[at]) * weight, weight, from: at, to: at };
    let last = blocks.at(-1);
    while (last && last.sum / last.weight >= block.sum / block.weight) {
      block = { sum: last.sum + block.sum, weight: last.weight + block.weight, from: last.from, to: at };
      blocks.pop();
      last = blocks.at(-1);
    }
    blocks.push(block);
  });
  for (const { sum, weight, from, to } of blocks) {
    for (let at = from; at <= to; at += 1) layer[at].centre = sum / weight + offsets[at];
  }
}

/**
 * @param {Sized[]} nodes
 * @param {Vertex[][]} layers
 * @param {Vertex[]} vertices
 * @param {number} gap
 * @returns {Drawing}
 */
function drawn(nodes, layers, vertices, gap) {
  const widths = layers.map((layer) => Math.max(0, ...layer.map(({ node }) => (node < 0 ? 0 : nodes[node].width))));
  /** @type {number[]} */
  const lefts = [];
  let left = 0;
  for (const width of widths) {
    lefts.push(left);
    left += width + gap;
  }
  let [top, bottom] = [Infinity, -Infinity];
  for (const { centre, size } of layers.flat()) {
    top = Math.min(top, centre - size / 2);
    bottom = Math.max(bottom, centre + size / 2);
  }
  const at = nodes.map(({ width, height }, node) => {
    const { layer, centre } = vertices[node];
    return { x: lefts[layer] + (widths[layer] - width) / 2, y: centre - height / 2 - top };
  });
  /** @type {Route[]} */
  const routes = [];
  for (const vertex of vertices) {
    for (const first of vertex.down) {
      const points = [];
      let one = first;
      for (; one.node < 0; one = one.down[0]) {
        const y = one.centre - top;
        points.push({ x: lefts[one.layer], y }, { x: lefts[one.layer] + widths[one.layer], y });
      }
      routes.push({ from: vertex.node, to: one.node, points });
    }
  }
  return { at, routes, width: left - gap, height: bottom - top };
}
