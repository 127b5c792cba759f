"""The benchmarks compute their figures as their tables say."""

import pytest

from benchmarks.tables import ratio
from benchmarks.traces import Figures, figures, middle

MS = 1_000_000


def _trace(begun: int, *steps: tuple[int, int, int, int]) -> dict[str, object]:
    """A trace in ms, with its steps in the order in which they ended."""
    in_ns = [[MS * value for value in step] for step in steps]
    return {"begun": MS * begun, "cpu_begun": 0, "steps": in_ns}


def test_a_gap_is_from_the_end_of_a_step_to_the_start_of_the_next_one() -> None:
    late, early, middle_one = (130, 140, 34, 40), (110, 112, 10, 12), (116, 117, 20, 21)

    found = figures([_trace(100, late, early, middle_one)])

    assert found == Figures(rate=75.0, cpu=40 / 3, cpu_between=12.0, first=10.0, gap=(8.5, 12.55))


def test_figures_are_medians_over_the_traces() -> None:
    traces = [_trace(0, (first, first + 1, 1, 2), (20, 25, 3, 4)) for first in (9, 2, 4)]

    assert figures(traces).first == 4.0
    assert figures(traces).gap == pytest.approx((15.0, 16.8))


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        ([1.1, 0.9, 1.0], "**1.00** (0.90 to 1.10)"),
        ([1.26, 1.0, 1.1], "no ratio: 1.00 to 1.26"),
        ([2.0, 2.0], "**2.00** (2.00 to 2.00)"),
    ],
)
def test_a_ratio_is_stated_only_if_its_runs_agree(ratios: list[float], said: str) -> None:
    assert ratio(ratios) == said


def test_the_middle_of_several_processes_has_the_lowest_and_the_highest() -> None:
    one, other, third = (
        Figures(rate=rate, cpu=0, cpu_between=0, first=0, gap=(0, 0)) for rate in (60, 55, 80)
    )

    assert middle([one], lambda run: run.rate, ".0f") == "60"
    assert middle([one, other, third], lambda run: run.rate, ".0f") == "60 (55 to 80)"
