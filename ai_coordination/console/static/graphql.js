/**
 * A GraphQL document, with the fragments that it uses. `make console-types` checks its fields and
 * variables against the schema, and gives its result a type.
 */
export const graphql = /** @type {Console.Tag} */ (
  /** @type {unknown} */ (
    (/** @type {string} */ text, /** @type {string[]} */ fragments = []) => [text, ...fragments].join('\n')
  )
);
