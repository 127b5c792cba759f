"""Compare the engine's speed with the bare client: `python -m benchmarks` prints a table."""
