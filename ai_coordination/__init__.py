"""AI Coordination Engine: a durable engine for AI agents on AWS Lambda, with a GraphQL API."""

__version__ = "0.3.0"
