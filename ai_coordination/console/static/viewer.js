import { useEffect, useState } from 'preact/hooks';
import { ask } from './api.js';
import { useIdentity } from './components/sign_in.js';
import { VIEWER } from './documents/shell.js';

/** Who uses the console. @typedef {Console.Result<typeof VIEWER>['viewer']} Viewer */

/** @type {{ of: string, promise: Promise<Viewer> } | undefined} */
let loaded;

/**
 * Who uses the console, as the API knows them; undefined until that is known.
 *
 * @returns {Viewer | undefined}
 */
export function useViewer() {
  const { state, name } = useIdentity();
  const key = `${state}/${name}`;
  const [known, setKnown] = useState(/** @type {{ of: string, viewer: Viewer } | undefined} */ (undefined));
  useEffect(() => {
    if (state === 'out') return undefined;
    let isGone = false;
    if (loaded?.of !== key) {
      loaded = { of: key, promise: ask(VIEWER, {}).then((answer) => answer.viewer) };
      loaded.promise.catch(() => (loaded = undefined));
    }
    loaded.promise.then(
      (viewer) => isGone || setKnown({ of: key, viewer }),
      () => undefined,
    );
    return () => void (isGone = true);
  }, [key]);
  return known?.of === key ? known.viewer : undefined;
}
