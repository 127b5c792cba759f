"""The example of docs/guides/test-your-blueprints.md, run as by the pytest of a user."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guides" / "test-your-blueprints.md"


def example(language: str) -> str:
    [code] = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return str(code)


def environment() -> dict[str, str]:
    """That of a user who has never heard of AWS."""
    ours = ("AI_COORDINATION_", "AWS_", "COV_", "POWERTOOLS_", "PYTEST_")
    known = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**known, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def pytest_of_a_user(folder: Path, test: str, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "offer.yaml").write_text(example("yaml"))
    (folder / "test_offer.py").write_text(test)
    options = [
        "-q",
        "-W",
        "error:unclosed database:ResourceWarning",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:cov",
    ]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *more],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_of_the_guide_passes(tmp_path: Path) -> None:
    result = pytest_of_a_user(tmp_path, example("python"))

    assert "6 passed" in result.stdout, result.stdout + result.stderr


def test_a_failure_shows_the_steps_of_the_session(tmp_path: Path) -> None:
    test = example("python").replace('"12.50" in', '"99" in')

    result = pytest_of_a_user(tmp_path, test, "-k", "has_the_price")

    assert "1 failed, 5 deselected" in result.stdout, result.stdout + result.stderr
    assert re.search(r" 30 s +Prices +COMPLETED +attempt 1", result.stdout), result.stdout
