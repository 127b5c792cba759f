"""Print the GraphQL schema as a TypeScript type, for the types of the console's documents."""

import json
import sys

from graphql import introspection_from_schema

from ai_coordination.api.schema import schema

if __name__ == "__main__":
    described = introspection_from_schema(schema.graphql_schema, descriptions=False)
    sys.stdout.write(f"export type introspection = {json.dumps(described)};\n")
