/**
 * JSON whose numbers stay exactly as they were written. JavaScript has no room for an integer such
 * as a seed of 64 bits, and would save another one than it has read.
 */

const MAY_BE_TOO_LONG = /\d{16}/;

/** What newer browsers have, and TypeScript does not know yet. */
const { rawJSON } = /** @type {{ rawJSON?: (source: string) => any }} */ (/** @type {unknown} */ (JSON));

/** An integer that only its text can hold. In calculations it is the number nearest to it. */
export class LongInteger {
  /** @param {string} source */
  constructor(source) {
    this.source = source;
  }

  toString() {
    return this.source;
  }

  valueOf() {
    return Number(this.source);
  }

  toJSON() {
    return rawJSON?.(this.source);
  }
}

/**
 * Parse JSON. An integer that JavaScript cannot hold becomes a `LongInteger`, which is written as it
 * was read. A browser that cannot write such values rounds it.
 *
 * @param {string} text
 * @returns {any}
 */
export function parseExactly(text) {
  if (!rawJSON || !MAY_BE_TOO_LONG.test(text)) return JSON.parse(text);
  // @ts-expect-error: the third parameter is newer than the types
  return JSON.parse(text, (_name, value, { source }) => {
    const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value);
    return isRounded && /^-?\d+$/.test(source) ? new LongInteger(source) : value;
  });
}
