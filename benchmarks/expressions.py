"""What expressions cost: usual ones beside bare jmespath, and hostile ones beside the longest.

    python -m benchmarks.expressions

Memory is what one evaluation holds at its highest. The ratio says what the meter costs.
"""

import time
import tracemalloc
from collections.abc import Callable
from statistics import median
from typing import Any

import jmespath

from ai_coordination import expressions
from tests.support.hostile_expressions import HOSTILE

RUNS = 9

RECORDS = [{"id": i, "name": str(i), "text": "y" * 2_000, "tags": ["a", "b"]} for i in range(1_000)]
CONTEXT = {
    "outputs": {"critic": {"approved": True, "score": 7}, "list": RECORDS},
    "states": {"charge": "FAILED"},
}
USUAL = [
    "states.charge == 'FAILED'",
    "outputs.critic.approved && outputs.critic.score >= `7`",
    "outputs.list[*].{id: id, text: text}",
    "outputs.list[?id > `500` && contains(text, 'y')].name",
    "sort_by(outputs.list, &name)[-1].id",
    "length(outputs.list[?name == '7'])",
]


def main() -> None:
    """Print two tables in Markdown."""
    print("| usual, over 1,000 records of 2 KB | bare jmespath | with meter | ratio | memory |")
    print("|---|---|---|---|---|")
    for text in USUAL:
        bare, metered, peak = _usual(text)
        shown = text.replace("|", "\\|")
        ratio = f"**{metered / bare:.1f}**"
        print(f"| `` {shown} `` | {_ms(bare)} | {_ms(metered)} | {ratio} | {peak / 1e6:.1f} MB |")
    print()
    print("| hostile | time | memory | refused |")
    print("|---|---|---|---|")
    for name, hostile in HOSTILE.items():
        seconds, peak, reason = _hostile(hostile.expression, hostile.context)
        print(f"| {name} | {_ms(seconds)} | {peak / 1e6:.1f} MB | {reason[:60]} |")


def _usual(text: str) -> tuple[float, float, int]:
    bare = jmespath.compile(text)
    seconds = _seconds(lambda: bare.search(CONTEXT))
    return seconds, _seconds(lambda: expressions.evaluate(text, CONTEXT)), _peak(text, CONTEXT)


def _hostile(text: str, context: Any) -> tuple[float, int, str]:
    return _seconds(lambda: _reason(text, context)), _peak(text, context), _reason(text, context)


def _reason(text: str, context: Any) -> str:
    try:
        expressions.evaluate(text, context)
    except expressions.ExpressionFailed as failed:
        return failed.message
    return ""


def _seconds(call: Callable[[], Any]) -> float:
    taken = []
    for _ in range(RUNS):
        begun = time.process_time()
        call()
        taken.append(time.process_time() - begun)
    return median(taken)


def _peak(text: str, context: Any) -> int:
    tracemalloc.start()
    try:
        _reason(text, context)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _ms(seconds: float) -> str:
    return f"{seconds * 1_000:.2f} ms"


if __name__ == "__main__":
    main()
