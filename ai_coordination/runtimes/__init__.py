"""How agents are reached: one file for each kind of runtime, named `<kind>_runtime.py`."""
