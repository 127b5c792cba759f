"""Sizes of the sessions that are measured."""

CHAIN = 30
LONG_CHAIN = 150
SAMPLE = 200
LAYER = 500
LIST = 300
JOIN = 250
BATCH = 10
WORKERS = 16
TIMES = 7
LAYER_BEFORE_A_JOIN = 100
TRACES = {"chain": 5, "layer": 2}
