import { SIZES } from './layout.js';

/** @type {Record<string, [number, number]>} */
const DIRECTIONS = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};
const LEAST_PIXELS = 5;

/**
 * The nearest node in the direction of an arrow key; null if there is none, undefined for other keys.
 *
 * @param {Map<string, { x: number, y: number }>} boxes
 * @param {string} id
 * @param {string} key
 * @returns {string | null | undefined}
 */
export function nearest(boxes, id, key) {
  const direction = DIRECTIONS[key];
  const from = boxes.get(id);
  if (!direction || !from) return undefined;
  const [right, down] = direction;
  let best = null;
  let least = Infinity;
  for (const [other, { x, y }] of boxes) {
    const [dx, dy] = [x - from.x, y - from.y];
    const ahead = dx * right + dy * down;
    // A node is wider than it is high, so a step aside counts by its own size.
    const aside = Math.abs(dx * down) / SIZES.width + Math.abs(dy * right) / SIZES.height;
    const cost = ahead / (right ? SIZES.width : SIZES.height) + 2 * aside;
    if (ahead > LEAST_PIXELS && cost < least) [best, least] = [other, cost];
  }
  return best;
}
