import { useEffect } from 'preact/hooks';

/**
 * Name the page for the tab and for the browser's history.
 *
 * @param {string} title
 */
export function useTitle(title) {
  useEffect(() => {
    document.title = title ? `${title} · AI Coordination Engine` : 'AI Coordination Engine';
  }, [title]);
}
