"""Print the results of `benchmarks.sessions` as tables in Markdown."""

from statistics import median
from typing import Any

from benchmarks import sizes


def step(costs: dict[str, Any]) -> str:
    """Return the table of what each write of one step costs."""
    lines = [
        "| a step in a chain, short texts | bytes of the item | write units | of them in indexes |",
        "|---|---|---|---|",
    ]
    total = 0
    for name, size, transaction, units, indexes in costs["writes"]:
        in_indexes = sum(indexes.values())
        total += units + in_indexes
        where = f" ({', '.join(indexes)})" if indexes else ""
        in_transaction = ", in a transaction" if transaction else ""
        lines.append(
            f"| {name}{in_transaction} | {size} | {units + in_indexes} | {in_indexes}{where} |"
        )
    calls = costs["calls"]
    counted = ", ".join(f"{count} {name}" for name, count in sorted(calls.items()))
    lines.append(f"| **together**, {sum(calls.values())} calls: {counted} | | **{total}** | |")
    lines.append(f"| what it reads | | {costs['reads']:g} read units | |")
    return "\n".join(lines)


def sessions(ran: dict[str, Any]) -> str:
    """Return the table of how long sessions take."""
    ratios = sorted(run["engine"] / run["bare"] for run in ran["ratio"])
    engine, bare = (median(run[who] for run in ran["ratio"]) for who in ("engine", "bare"))
    join = ran["join"]
    rows = {
        f"{sizes.CHAIN} in a chain, compared with the bare client making the same calls": (
            f"{engine:.2f} s to {bare:.2f} s: **{median(ratios):.2f}** "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
        ),
        f"{sizes.LONG_CHAIN} in a chain, one thread": _run(ran["chain"], sizes.LONG_CHAIN),
        **{
            f"{sizes.SAMPLE} in one layer, {_threads(threads)}": _run(times, sizes.SAMPLE)
            for threads, times in ran["threads"].items()
        },
        f"{sizes.LAYER} in one layer, 4 threads": _run(ran["layer"], sizes.LAYER),
        f"{sizes.LIST} elements of a list, 4 threads": (
            f"{_run(ran['list'], sizes.LIST)}; {ran['list']['units']:.1f} write units an element"
        ),
        f"the releases of a join of {sizes.JOIN}, each twice, on {sizes.WORKERS} threads": (
            f"{join['one by one']:.2f} s one by one, **{join['together']:.2f} s** by {sizes.BATCH}s"
        ),
        "the same, and the removal of each agent's due time": (
            f"{join['settled']:.2f} s; the bare client {join['bare']:.2f} s for the same calls"
        ),
    }
    lines = ["| sessions of ECHO agents on one worker | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows.items())])


def _threads(number: str) -> str:
    return "one thread" if number == "1" else f"{number} threads"


def _run(times: dict[str, float], steps: int) -> str:
    rate = steps / times["run"]
    return f"starts in {times['start']:.1f} s, **{rate:.0f} steps a second** ({times['run']:.0f} s)"
