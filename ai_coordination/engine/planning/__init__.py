"""Plans of the agents that a session starts with, or that are added later."""
