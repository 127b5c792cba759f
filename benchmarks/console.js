// What the benchmark of the console runs in the page: it answers in place of the API, and measures the
// time from an answer to the frame in which it is seen. The first answer waits until `begin` is called.
(() => {
  let state = 11;
  const random = (below) => (state = (state * 48271) % 2147483647) % below;
  const uuid = (number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  const at = new Date().toISOString();

  /** Agents in layers of random sizes, which wait for one or two of the layer before. */
  function made(count) {
    const agents = [];
    let before = [];
    while (agents.length < count) {
      const layer = [];
      for (let size = 4 + random(Math.ceil(count ** 0.5)); size && agents.length < count; size -= 1) {
        const two = before.length ? [...new Set([0, random(2)].map(() => before[random(before.length)]))] : [];
        layer.push(uuid(agents.length));
        agents.push(agent(agents.length, two));
      }
      before = layer;
    }
    return agents;
  }

  const agent = (number, predecessorUuids) => ({
    sessionAgentUuid: uuid(number),
    agentUuid: `a${number}`,
    agent: { agentName: `Compare competitors ${number}` },
    agentAction: { primaryPath: true, delegatesTo: [], retry: { maxAttempts: 3 } },
    predecessorUuids,
    state: 'INITIAL',
    attempt: 0,
    turn: 1,
    superseded: false,
    createdAt: at,
    updatedAt: at,
  });

  const agents = made(window.agentCount);
  let moved = agents;
  let whole = true;
  let shown = () => document.querySelectorAll('.node').length === agents.length;
  let finished = () => {};
  let begin;
  const begun = new Promise((go) => (begin = go));

  function changes() {
    const [told, isWhole, isShown, finish] = [moved, whole, shown, finished];
    [moved, whole] = [[], false];
    const answer = {
      session: {
        status: 'IN_PROGRESS', iterationCount: 1, startedAt: at, finishedAt: null, updatedAt: at, usage: null, dollars: null,
        changes: { cursor: 'c', whole: isWhole, pollAfterSeconds: 0.3, agents: told, runs: [] },
      },
    };
    if (told.length) {
      const start = performance.now();
      const look = () => (isShown() ? setTimeout(() => finish(performance.now() - start)) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    }
    return answer;
  }
  const head = () => ({
    session: {
      coordinationUuid: uuid(1), coordinationName: 'Benchmark', taskUuid: null, taskName: 'Benchmark', scheduleUuid: null, userId: null,
      labels: [], status: 'IN_PROGRESS', createdAt: at, deadlineAt: null, taskQuery: null, output: null, budget: null, inputFiles: [], logs: [],
    },
  });

  const realFetch = window.fetch;
  window.fetch = async (url, options) => {
    const query = options?.body ? JSON.parse(options.body).query : '';
    if (query.includes('query SessionChanges')) await begun;
    const data = query.includes('query SessionChanges') ? changes() : query.includes('query Session(') ? head() : null;
    return data ? new Response(JSON.stringify({ data })) : realFetch(url, options);
  };

  const measured = (prepare) =>
    new Promise((finish) => {
      finished = finish;
      prepare();
    });
  window.first = () => measured(() => begin());
  /** Let some agents be in another state, and wait until all of them are seen in it. */
  window.change = (from, to, next) =>
    measured(() => {
      const some = agents.slice(from, to);
      for (const one of some) one.state = next;
      const last = `.node.s-${next}[data-id="${some.at(-1).sessionAgentUuid}"]`;
      shown = () => document.querySelector(last);
      moved = some;
    });
})();
