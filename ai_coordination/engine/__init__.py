"""The engine: executes sessions, from their start to their end."""
