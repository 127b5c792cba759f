"""Sizes of the sessions that are measured."""

CHAIN = 30
LONG_CHAIN = 300
SAMPLE = 200
LAYER = 1_000
LIST = 998
JOIN = 500
BATCH = 10
WORKERS = 16
TIMES = 5
