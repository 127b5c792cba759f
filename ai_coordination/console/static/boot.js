// Starts the console where its files never change, as on AWS. It fetches the modules before the first
// of them is imported, a few at a time: an import fetches all at once, and each request that waits
// needs a concurrent execution of a function, of which a new account has ten. The browser keeps
// what it has fetched until a new version is deployed.
const AT_ONCE = 4;
const TRIES = 5;

const script = /** @type {HTMLScriptElement} */ (document.querySelector('script[data-modules]'));
const waiting = (script.dataset.modules ?? '').split(' ');

/** @param {string} name */
async function load(name) {
  for (let tried = 1; tried <= TRIES; tried += 1) {
    const response = await fetch(new URL(name, import.meta.url)).catch(() => null);
    if (response?.ok) return response.text();
    await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** tried));
  }
  // The import says what is missing.
  return '';
}

async function work() {
  for (let name = waiting.pop(); name; name = waiting.pop()) await load(name);
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
await import('./app.js');
