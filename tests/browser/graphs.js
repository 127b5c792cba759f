// Functions that tests of graphs evaluate in a page of the console.
({
  /** Lay out a graph, and say what is wrong with the result. */
  async check({ layers, perLayer, seed, framed, isDownwards }) {
    const { layout } = await import('./graph/layout.js');
    let state = seed;
    const random = (n) => (state = (state * 48271) % 2147483647) % n;
    const nodes = [];
    for (let layer = 0; layer < layers; layer += 1) {
      const before = [...nodes];
      const one = () => before[random(before.length)].id;
      for (let place = 0; place < 1 + random(perLayer); place += 1) {
        nodes.push({ id: `${layer}.${place}`, predecessors: layer ? [one(), one()] : [] });
      }
    }
    nodes.push({ id: 'alone', predecessors: ['unknown'] }, { id: 'also alone', predecessors: [] });
    const frameOf = {};
    for (const node of nodes.slice(0, framed)) {
      const [first, second] = [`${node.id} a`, `${node.id} b`];
      node.inner = [{ id: first, predecessors: [] }, { id: second, predecessors: [first] }];
      frameOf[first] = frameOf[second] = node.id;
    }
    const { boxes, edges, width, height } = layout(nodes, { isDownwards });
    const wrong = [];
    const all = [...boxes.values()];
    const isWithin = (a, b) =>
      a.x > b.x - 0.01 && a.y > b.y - 0.01 &&
      a.x + a.width < b.x + b.width + 0.01 && a.y + a.height < b.y + b.height + 0.01;
    const overlap = (a, b) =>
      a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
    all.forEach((a, at) => {
      if (!isWithin(a, { x: 0, y: 0, width, height })) wrong.push(`${a.node.id} is outside`);
      const frame = boxes.get(frameOf[a.node.id]);
      if (frame && !isWithin(a, frame)) wrong.push(`${a.node.id} is not in its frame`);
      for (const b of all.slice(at + 1)) {
        const isFramed = frameOf[a.node.id] === b.node.id || frameOf[b.node.id] === a.node.id;
        if (!isFramed && overlap(a, b)) wrong.push(`${a.node.id} overlaps ${b.node.id}`);
      }
    });
    for (const { from, to } of edges) {
      const [a, b] = [boxes.get(from), boxes.get(to)];
      const isAfter = isDownwards ? b.y >= a.y + a.height : b.x >= a.x + a.width;
      if (!isAfter) wrong.push(`${to} does not follow ${from}`);
    }
    const expected = nodes.flatMap(({ predecessors }) => [...new Set(predecessors)]);
    return {
      wrong,
      boxes: all.length - nodes.length - 2 * framed,
      edges: edges.length - framed - expected.filter((id) => boxes.has(id)).length,
    };
  },

  /** Show a graph on the stage, and note in `happened` what a person does. */
  async mount(graph) {
    const { render } = await import('preact');
    const { html } = await import('./html.js');
    const { Graph } = await import('./graph/view.js');
    const { drawFace } = await import('./graph/node.js');
    window.happened = [];
    const draw = (node) => drawFace({ name: node.label, icon: '✓', fold: node.fold });
    const connect = (from, to) => happened.push(`${from} to ${to}`);
    const open = (id) => {
      happened.push(`open ${id}`);
      graph.selected = id;
      show();
    };
    const show = () =>
      render(
        html`<${Graph}
          nodes=${graph.nodes}
          label="Graph"
          draw=${draw}
          selected=${graph.selected}
          onOpen=${open}
          onFold=${(id) => happened.push(`fold ${id}`)}
          onConnect=${graph.connects ? connect : undefined}
        />`,
        document.getElementById('stage'),
      );
    show();
  },

  /** Show a graph, and turn the wheel over it in the same task: whether it takes the event. */
  async turnTheWheelAtOnce(graph) {
    await this.mount(graph);
    const event = new WheelEvent('wheel', { deltaY: -300, bubbles: true, cancelable: true });
    document.querySelector('.node').dispatchEvent(event);
    return event.defaultPrevented;
  },

  async edgesOfACircle() {
    const { layout } = await import('./graph/layout.js');
    const nodes = ['ac', 'ba', 'cb'].map(([id, before]) => ({ id, predecessors: [before] }));
    return layout(nodes).edges.map(({ from, to }) => from + to);
  },
})
