"""From an event of Lambda to a GraphQL request, and back."""
