/**
 * JSON whose numbers stay exactly as they were written. JavaScript has no room for an integer such
 * as a seed of 64 bits, and would save another one than it has read.
 */

const MAY_BE_TOO_LONG = /\d{16}/;

/** What newer browsers have, and TypeScript does not know yet. */
const exact = /** @type {{ rawJSON?: (source: string) => any, isRawJSON?: (value: unknown) => boolean }} */ (
  /** @type {unknown} */ (JSON)
);

/**
 * Parse JSON. A number that JavaScript cannot hold becomes a value that is written as it was read;
 * in a browser that does not know such values it is rounded.
 *
 * @param {string} text
 * @returns {any}
 */
export function parseExactly(text) {
  if (!exact.rawJSON || !MAY_BE_TOO_LONG.test(text)) return JSON.parse(text);
  // @ts-expect-error: the third parameter is newer than the types
  return JSON.parse(text, (_name, value, { source }) => {
    const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value);
    return isRounded && /^-?\d+$/.test(source) ? exact.rawJSON?.(source) : value;
  });
}

/**
 * Whether a value is a number that only its text can hold.
 *
 * @param {unknown} value
 */
export const isLongNumber = (value) => exact.isRawJSON?.(value) ?? false;
