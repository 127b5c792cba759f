"""What was seen of a workflow whose steps do nothing, and the figures that follow from it.

The environments of `make peers-bench` use this module too, so it imports the standard library only.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from statistics import median, quantiles
from typing import Any, NamedTuple


class Step(NamedTuple):
    """When the code of a step began and ended: nanoseconds of the clock, and of the processor."""

    start: int
    end: int
    cpu_start: int
    cpu_end: int


@dataclass
class Trace:
    """One workflow, from the call that starts it."""

    begun: int = field(default_factory=time.monotonic_ns)
    cpu_begun: int = field(default_factory=time.process_time_ns)
    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Note the step that the block is. Several threads may run steps."""
        start, cpu_start = time.monotonic_ns(), time.process_time_ns()
        yield
        self.steps.append(Step(start, time.monotonic_ns(), cpu_start, time.process_time_ns()))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Figures:
    """Figures of some workflows of one shape, measured in one process. Times are in ms."""

    rate: float
    """Steps a second, from the call that starts a workflow to the end of its last step."""
    cpu: float
    """Processor time a step, over the same time, so that the start is in it."""
    cpu_between: float
    """Processor time from the start of one step to the start of the next one."""
    first: float
    """From the call that starts a workflow to its first step: p50."""
    gap: tuple[float, float]
    """From the end of a step to the start of the next one: p50 and p95."""


def figures(traces: list[dict[str, Any]]) -> Figures:
    """Return the figures of traces in their JSON form, each with the same number of steps."""
    runs = [(trace, sorted(Step(*step) for step in trace["steps"])) for trace in traces]
    gaps = [(later.start - step.end) / 1e6 for _, steps in runs for step, later in pairwise(steps)]
    return Figures(
        rate=median(1e9 * len(steps) / (steps[-1].end - trace["begun"]) for trace, steps in runs),
        cpu=median(
            (steps[-1].cpu_end - trace["cpu_begun"]) / len(steps) / 1e6 for trace, steps in runs
        ),
        cpu_between=median(
            (steps[-1].cpu_start - steps[0].cpu_start) / (len(steps) - 1) / 1e6 for _, steps in runs
        ),
        first=median((steps[0].start - trace["begun"]) / 1e6 for trace, steps in runs),
        gap=_p50_and_p95(gaps),
    )


def _p50_and_p95(values: list[float]) -> tuple[float, float]:
    parts = quantiles(values, n=20, method="inclusive")
    return parts[9], parts[18]


def middle(of_runs: list[Figures], value: Callable[[Figures], float], form: str) -> str:
    """Return the median of a figure over several processes, with the lowest and the highest."""
    values = sorted(map(value, of_runs))
    if len(values) == 1:
        return format(values[0], form)
    return f"{median(values):{form}} ({values[0]:{form}} to {values[-1]:{form}})"
