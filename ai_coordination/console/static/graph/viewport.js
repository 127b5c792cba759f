/**
 * What part of a drawing is seen, and how large. Moving it changes one attribute of one element, so
 * it is as fast for a thousand nodes as for ten.
 */

export const NEAREST = 2;
const FURTHEST = 0.03;
/** Below this scale texts cannot be read, and are not drawn. */
export const READABLE = 0.42;
/** On a narrow screen one reads more easily by panning than by peering. */
const NARROW_ROOM = 640;
const READABLE_WHEN_NARROW = 0.75;
const LARGEST_FIT = 1.1;
const MARGIN = 24;

/** @typedef {{ x: number, y: number, width: number, height: number }} Rectangle */

export class Viewport {
  /** Scale, and where the drawing's corner is on the screen. */
  scale = 1;
  x = 0;
  y = 0;
  /** Size of what the drawing is seen through. */
  room = { width: 0, height: 0 };
  /** Size of the drawing. */
  size = { width: 1, height: 1 };
  /** Whether the person has moved it. Then it stays where it is when the graph grows. */
  isMoved = false;
  /**
   * A node that stays where it is when the graph is next laid out, and its former place.
   *
   * @type {{ id: string, x: number, y: number } | undefined}
   */
  anchor = undefined;
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /** @param {() => void} watcher called after each move */
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** @param {number} scale @param {number} x @param {number} y */
  show(scale, x, y) {
    [this.scale, this.x, this.y] = [scale, x, y];
    for (const watcher of this.#watchers) watcher();
  }

  get fittingScale() {
    const { room, size } = this;
    return Math.min(
      LARGEST_FIT,
      Math.max(FURTHEST, Math.min((room.width - 2 * MARGIN) / size.width, (room.height - 2 * MARGIN) / size.height)),
    );
  }

  /** Whether something is outside. */
  get isCropped() {
    const { scale, x, y, room, size } = this;
    return x < -8 || y < -8 || x + size.width * scale > room.width + 8 || y + size.height * scale > room.height + 8;
  }

  fit() {
    const { room, size, fittingScale: scale } = this;
    this.isMoved = false;
    this.show(scale, (room.width - size.width * scale) / 2, (room.height - size.height * scale) / 2);
  }

  /**
   * Show all if it can be read, else the surroundings of a node.
   *
   * @param {Rectangle | undefined} lead
   */
  begin(lead) {
    const { room, size, fittingScale } = this;
    const least = room.width < NARROW_ROOM ? READABLE_WHEN_NARROW : READABLE;
    if (fittingScale >= least || !lead) return this.fit();
    const scale = 0.8;
    const place = (/** @type {number} */ all, /** @type {number} */ seen, /** @type {number} */ middle) =>
      all * scale < seen
        ? (seen - all * scale) / 2
        : Math.max(seen - all * scale - MARGIN, Math.min(MARGIN, seen / 2 - middle * scale));
    this.show(
      scale,
      place(size.width, room.width, lead.x + lead.width / 2),
      place(size.height, room.height, lead.y + lead.height / 2),
    );
  }

  /**
   * @param {number} factor
   * @param {number} [x] the point that stays where it is
   * @param {number} [y]
   */
  zoom(factor, x = this.room.width / 2, y = this.room.height / 2) {
    const scale = Math.min(NEAREST, Math.max(FURTHEST, this.scale * factor));
    const ratio = scale / this.scale;
    this.isMoved = true;
    this.show(scale, x - (x - this.x) * ratio, y - (y - this.y) * ratio);
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.isMoved = true;
    this.show(this.scale, this.x + dx, this.y + dy);
  }

  /** Show a point of the drawing in the middle. @param {number} x @param {number} y */
  centre(x, y) {
    this.isMoved = true;
    this.show(this.scale, this.room.width / 2 - x * this.scale, this.room.height / 2 - y * this.scale);
  }

  /**
   * Move as little as needed to see a node, and near enough to read it.
   *
   * @param {Rectangle} box
   */
  reveal(box) {
    const [middleX, middleY] = [box.x + box.width / 2, box.y + Math.min(box.height, 48) / 2];
    if (this.scale < READABLE) {
      this.scale = 0.8;
      return this.centre(middleX, middleY);
    }
    const shift = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ room) =>
      from < MARGIN ? MARGIN - from : to > room - MARGIN ? Math.max(room - MARGIN - to, MARGIN - from) : 0;
    const { x, y, scale, room } = this;
    const dx = shift(x + box.x * scale, x + (box.x + box.width) * scale, room.width);
    const dy = shift(y + box.y * scale, y + (box.y + box.height) * scale, room.height);
    if (dx || dy) this.pan(dx, dy);
  }
}
