import { useEffect, useState } from 'preact/hooks';
import { ask } from './api.js';
import { VIEWER } from './documents/shell.js';

/** Who uses the console. @typedef {Console.Result<typeof VIEWER>['viewer']} Viewer */

/** @type {Promise<Viewer> | undefined} */
let loaded;

/** @returns {Promise<Viewer>} */
export function viewer() {
  loaded ??= ask(VIEWER, {}).then((answer) => answer.viewer);
  loaded.catch(() => (loaded = undefined));
  return loaded;
}

/**
 * Who uses the console; undefined until that is known.
 *
 * @returns {Viewer | undefined}
 */
export function useViewer() {
  const [known, setKnown] = useState(/** @type {Viewer | undefined} */ (undefined));
  useEffect(() => {
    let isGone = false;
    viewer().then(
      (found) => isGone || setKnown(found),
      () => undefined,
    );
    return () => void (isGone = true);
  }, []);
  return known;
}
