"""Execution: how a session goes from its start to its end."""
