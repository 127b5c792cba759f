"""How fast the engine is beside the bare client: `python -m benchmarks` prints it as a table."""
