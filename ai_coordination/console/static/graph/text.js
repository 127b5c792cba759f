/** A canvas for each size of the font. @type {Map<number, CanvasRenderingContext2D | null>} */
const canvases = new Map();
/** @type {Map<string, string>} */
const known = new Map();
const MOST_KNOWN = 5000;
const MOST_CHARACTERS = 80;

/**
 * As much of a text as fits into a width: SVG does not shorten texts itself.
 *
 * @param {string} text
 * @param {number} width
 * @param {number} size of the font, in pixels
 */
export function fitting(text, width, size) {
  const key = `${size} ${width} ${text}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  if (known.size > MOST_KNOWN) known.clear();
  const result = shortened(text.replace(/\s+/g, ' ').trim(), width, size);
  known.set(key, result);
  return result;
}

/** @param {string} text @param {number} width @param {number} size */
function shortened(text, width, size) {
  const canvas = canvasOf(size);
  if (!canvas) return text.slice(0, Math.floor(width / size / 0.6));
  const characters = [...text.slice(0, MOST_CHARACTERS)];
  if (text.length <= MOST_CHARACTERS && canvas.measureText(text).width <= width) return text;
  let [fits, tooLong] = [0, characters.length];
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (canvas.measureText(`${characters.slice(0, middle).join('')}…`).width <= width) fits = middle;
    else tooLong = middle;
  }
  return `${characters.slice(0, fits).join('').trimEnd()}…`;
}

/** @param {number} size */
function canvasOf(size) {
  if (!canvases.has(size)) {
    const canvas = document.createElement('canvas').getContext('2d');
    if (canvas) canvas.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
    canvases.set(size, canvas);
  }
  return canvases.get(size);
}
