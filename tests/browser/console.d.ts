// The types of GraphQL documents in the console: see static/graphql.js.
import type { initGraphQLTada, ResultOf, TadaDocumentNode, VariablesOf } from 'gql.tada';
import type { introspection } from '../../build/console-types/schema.d.ts';

type Tada = initGraphQLTada<{
  introspection: introspection;
  scalars: { DateTime: string; JSON: any };
  // A fragment is part of its document: components get what their screens have loaded.
  disableMasking: true;
}>;

declare const api: Tada;

declare global {
  namespace Console {
    type Tag = Tada;
    /** Any document, with the types of its result and its variables. */
    type TypedDocument<Result, Variables> = TadaDocumentNode<Result, Variables>;
    /** What a document answers with: `Console.Result<typeof SESSIONS>`. */
    type Result<Document> = ResultOf<Document>;
    type Variables<Document> = VariablesOf<Document>;
    /** An enum or an input of the schema by its name: `Console.Named<'SessionStatus'>`. */
    type Named<Name extends string> = ReturnType<typeof api.scalar<Name>>;
  }
}
