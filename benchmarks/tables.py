"""Print results as tables in Markdown."""

from collections.abc import Iterable
from statistics import median
from typing import Any

from benchmarks import sizes
from benchmarks.traces import figures

# A ratio whose runs differ by more than this factor is not stated.
MOST_SPREAD = 1.25

TITLES = {"elapsed": "elapsed, p50", "cpu": "processor time, p50"}
STARTS = {
    "engine": "cold start: a new process, to the handler's first answer",
    "reference": "for comparison: a new process, to botocore's client for DynamoDB",
}


def ratio(ratios: Iterable[float]) -> str:
    """Return the median of ratios with the lowest and the highest, or why none is stated."""
    lowest, *_, highest = in_order = sorted(ratios)
    if highest > MOST_SPREAD * lowest:
        return f"no ratio: {lowest:.2f} to {highest:.2f}"
    return f"**{median(in_order):.2f}** ({lowest:.2f} to {highest:.2f})"


def requests(runs: list[list[dict[str, Any]]], what: str) -> str:
    """Return the table of requests, of `elapsed` or of `cpu` time."""
    lines = [
        f"| {TITLES[what]} | bare client | engine | through the handler |",
        "|---|---|---|---|",
    ]
    for of_case in zip(*runs, strict=True):
        first = of_case[0]
        calls = ", ".join(f"{count} {name}" for name, count in sorted(first["calls"].items()))
        times = [run["times"] for run in of_case]
        cells = [
            f"{first['name']}: {calls}",
            f"{median(one['bare'][what] for one in times):.2f} ms",
        ]
        for who in ("engine", "handler"):
            taken = median(one[who][what] for one in times)
            compared = ratio(one[who][what] / one["bare"][what] for one in times)
            cells.append(f"{taken:.2f} ms: {compared}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def cold(starts: dict[str, list[dict[str, float]]]) -> str:
    """Return the table of cold starts."""
    lines = ["| cold, with .pyc | elapsed | processor time |", "|---|---|---|"]
    for name, title in STARTS.items():
        cells = (_range([one[what] for one in starts[name]]) for what in TITLES)
        lines.append(f"| {title} | {' | '.join(cells)} |")
    pairs = list(zip(starts["engine"], starts["reference"], strict=True))
    ratios = (ratio(ours[what] / its[what] for ours, its in pairs) for what in TITLES)
    return "\n".join([*lines, f"| the first compared with the second | {' | '.join(ratios)} |"])


def _range(times: list[float]) -> str:
    return f"{median(times):.0f} ms ({min(times):.0f} to {max(times):.0f})"


def step(title: str, costs: dict[str, Any]) -> str:
    """Return the table of what each write of one step costs."""
    lines = [
        f"| {title} | bytes of the item | write units | of them in indexes |",
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


def chains(queued: dict[str, Any], served: dict[str, Any]) -> str:
    """Return the table of chains over a queue of HTTP, and on the server of `make run`."""
    over = [figures(queued["chain"]), figures(served["chain"]), figures(served["functions"])]
    counted = queued["counted"]
    written = sum(units + sum(more.values()) for *_, units, more in counted["writes"])
    rows = {
        "DynamoDB calls a step": [f"{sum(counted['calls'].values())}", "", ""],
        "write units, read units a step": [f"{written}, {counted['reads']:g}", "", ""],
        "messages, requests to SQS a step": [
            f"{counted['messages']:.1f}, {counted['requests']:.1f}",
            "",
            "",
        ],
        "end of a step to the start of the next, p50, p95": [_two(one.gap) for one in over],
        "start of the session to the first step, p50": [f"{one.first:.1f} ms" for one in over],
        "steps a second, start included": [f"{one.rate:.0f}" for one in over],
        "processor time a step": [f"**{one.cpu_between:.1f} ms**" for one in over],
    }
    heads = ["SQS over HTTP, DynamoDB Local", "`make run`", "`make run`, Python functions"]
    lines = [f"| {sizes.CHAIN} in a chain | {' | '.join(heads)} |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(row)} |" for name, row in rows.items())])


def _two(times: tuple[float, float]) -> str:
    return f"{times[0]:.1f} ms, {times[1]:.1f} ms"


def sessions(ran: dict[str, Any]) -> str:
    """Return the table of how long sessions take."""
    join = ran["join"]
    rows = {
        **{
            f"{sizes.CHAIN} in a chain, compared with the bare client's same calls, {title}": (
                _compared(ran["ratio"], what)
            )
            for what, title in (("elapsed", "elapsed"), ("cpu", "processor time"))
        },
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


def _compared(runs: list[dict[str, dict[str, float]]], what: str) -> str:
    engine, bare = (median(run[who][what] for run in runs) for who in ("engine", "bare"))
    compared = ratio(run["engine"][what] / run["bare"][what] for run in runs)
    return f"{engine:.2f} s to {bare:.2f} s: {compared}"


def _threads(number: str) -> str:
    return "one thread" if number == "1" else f"{number} threads"


def _run(times: dict[str, float], steps: int) -> str:
    rate, cpu = steps / times["elapsed"], 1000 * times["cpu"] / steps
    return (
        f"starts in {times['start']:.1f} s, **{rate:.0f} steps a second** "
        f"({times['elapsed']:.0f} s); {cpu:.1f} ms of processor time a step"
    )
