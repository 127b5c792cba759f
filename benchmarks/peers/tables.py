"""Print the results of `make peers-bench` as tables in Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.sizes import CHAIN, LAYER_BEFORE_A_JOIN
from benchmarks.traces import figures, middle

Found = dict[str, list[dict[str, Any]]]


def chains(found: Found) -> str:
    """Return the table of chains."""
    heads = (
        f"{CHAIN} in a chain",
        "processor time a step",
        "steps a second",
        "end of a step to the start of the next, p50",
        "p95",
        "start to the first step",
    )
    rows = []
    for name, runs in found.items():
        of_runs = [figures(run["chain"]) for run in runs]
        cells = (
            f"{middle(of_runs, lambda run: run.cpu, '.2f')} ms",
            middle(of_runs, lambda run: run.rate, ".0f"),
            f"{middle(of_runs, lambda run: run.gap[0], '.1f')} ms",
            f"{middle(of_runs, lambda run: run.gap[1], '.1f')} ms",
            f"{middle(of_runs, lambda run: run.first, '.1f')} ms",
        )
        rows.append((name, *cells))
    return _table(heads, rows)


def layers(found: Found) -> str:
    """Return the table of layers that end in a join."""
    first = f"a layer of {LAYER_BEFORE_A_JOIN}, and a join"
    rows = []
    for name, runs in found.items():
        of_runs = [figures(run["layer"]) for run in runs]
        cpu = middle(of_runs, lambda run: run.cpu, ".2f")
        rows.append((name, f"{cpu} ms", middle(of_runs, lambda run: run.rate, ".0f")))
    return _table((first, "processor time a step", "steps a second"), rows)


def durability(found: Found) -> str:
    """Return the table of how a step is stored."""
    rows = [(name, runs[0]["stored"]) for name, runs in found.items()]
    return _table(("engine", "how a step is stored"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    first, *others = (f"| {' | '.join(line)} |" for line in (heads, *rows))
    return "\n".join([first, f"|{len(heads) * '---|'}", *others])
