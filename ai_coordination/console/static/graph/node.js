import { html } from '../html.js';
import { SIZES } from './layout.js';
import { fitting } from './text.js';

const NAME_PIXELS = 13.5;
const SMALL_PIXELS = 11.5;
const LEFT = 32;
const RIGHT = 12;
const TOGGLE = 22;

/**
 * What a node shows: an icon, a name, and below it a note, or how many of those within are in which
 * state. `human` rounds the corners of what asks a person, `stacked` stands for many.
 *
 * @typedef {{ name: string, icon?: string, note?: string, human?: boolean, stacked?: boolean,
 *   shares?: [string, number][], fold?: string }} Face
 */

/** @param {Face} face */
export function drawFace({ name, icon, note, human, stacked, shares, fold }) {
  const { width, height } = SIZES;
  const room = width - LEFT - RIGHT - (fold ? TOGGLE : 0);
  const isTall = Boolean(note || shares);
  const radius = human ? height / 2 : 8;
  return html`
    ${stacked && html`<rect class="stack" x="5" y="5" width=${width} height=${height} rx=${radius} />`}
    <rect class="body" width=${width} height=${height} rx=${radius} />
    ${icon && html`<text class="icon" x="18" y="29" text-anchor="middle">${icon}</text>`}
    <text x=${LEFT} y=${note && shares ? 18 : isTall ? 21 : 29}>${fitting(name, room, NAME_PIXELS)}</text>
    ${note && html`<text class="small" x=${LEFT} y=${shares ? 33 : 38}>${fitting(note, room, SMALL_PIXELS)}</text>`}
    ${shares && bar(shares, room, note ? 39 : 31)}
  `;
}

/** @param {[string, number][]} shares @param {number} room @param {number} y */
function bar(shares, room, y) {
  const total = shares.reduce((sum, [, count]) => sum + count, 0);
  let x = LEFT;
  return shares.map(([state, count]) => {
    const width = (room * count) / total;
    x += width;
    return html`<rect key=${state} class="share s-${state}" x=${x - width} y=${y} width=${width} height="4" />`;
  });
}
