// Usage: node audit.mjs URL. Waits for the server, audits it, and ends with 0 only if all are ok.
import { serverAudits } from 'graphql-http';

const url = process.argv[2];

async function answers() {
  try {
    return (await fetch(`${url}?query=%7B__typename%7D`)).ok;
  } catch {
    return false;
  }
}

const lastTry = Date.now() + 60_000;
while (!(await answers())) {
  if (Date.now() > lastTry) {
    console.error(`${url} does not answer`);
    process.exit(1);
  }
  await new Promise((later) => setTimeout(later, 200));
}

let passed = 0;
let failed = 0;
for (const audit of serverAudits({ url, fetchFn: fetch })) {
  const result = await audit.fn();
  if (result.status === 'ok') {
    passed += 1;
  } else {
    failed += 1;
    console.log(result.status, audit.id, audit.name, result.reason);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(passed === 61 && failed === 0 ? 0 : 1);
