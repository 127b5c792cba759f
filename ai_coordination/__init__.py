"""AI Coordination Engine: a GraphQL API on AWS Lambda that coordinates AI agents."""

__version__ = "0.2.0"
