// Usage: node relay-documents.mjs FROM TO. Writes plain documents as Relay wants them: one in a
// module, its names starting with the module's; and one that pages a list the way Relay does.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { parse, print, visit } from 'graphql';

const [from, to] = process.argv.slice(2);

const named = (node, value) => ({ ...node, name: { ...node.name, value } });
const capital = (word) => word[0].toUpperCase() + word.slice(1);

function write(module, documents) {
  const tagged = documents.map((document) => `graphql\`\n${document}\n\`;\n`);
  writeFileSync(`${to}/${module}.ts`, `import { graphql } from 'relay-runtime';\n\n${tagged.join('\n')}`);
}

for (const file of readdirSync(from)) {
  const module = file.replace('.graphql', '').split('_').map(capital).join('');
  const document = visit(parse(readFileSync(`${from}/${file}`, 'utf8')), {
    OperationDefinition: (node) =>
      named(node, `${module}${node.name.value.replace(/(Query|Mutation)$/, '')}${capital(node.operation)}`),
    // The specification allows a default on a non-null variable, Relay does not.
    VariableDefinition: (node) =>
      node.defaultValue && node.type.kind === 'NonNullType' ? { ...node, type: node.type.type } : node,
    FragmentDefinition: (node) => named(node, `${module}_${node.name.value}`),
    FragmentSpread: (node) => named(node, `${module}_${node.name.value}`),
  });
  write(module, document.definitions.map(print));
}

write('PagedSessions', [
  `query PagedSessionsQuery($id: ID!) {
  node(id: $id) {
    ...PagedSessions_coordination @alias(as: "coordination")
  }
}`,
  `fragment PagedSessions_coordination on Coordination
@refetchable(queryName: "PagedSessionsNextQuery")
@argumentDefinitions(count: { type: "Int", defaultValue: 25 }, cursor: { type: "String" }) {
  sessions(first: $count, after: $cursor) @connection(key: "PagedSessions_sessions") {
    edges {
      node {
        id
        status
      }
    }
  }
}`,
]);
