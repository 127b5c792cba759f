/**
 * A GraphQL document. The tag only marks it: `make console-types` checks its fields and variables
 * against the schema, and gives each result its type.
 *
 * @type {Console.Tag}
 */
export const graphql = (text, fragments = []) => [text, ...fragments].join('\n');
