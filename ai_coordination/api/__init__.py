"""The GraphQL API: schema, one file an entity, and the way of a request through it."""
