"""The example of docs/guides/test-your-blueprints.md, run as by the pytest of a user."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest prints of the example, and of its first test with another price in it."""
    folder = tmp_path_factory.mktemp("offer")
    test = example("python")
    [name] = re.findall(r"def (test_\w*has_the_price\w*)", test)
    (folder / "offer.yaml").write_text(example("yaml"))
    (folder / "test_offer.py").write_text(test)
    (folder / "test_wrong.py").write_text(test.replace('"12.50" in', '"99" in'))
    options = ["-q", "-W", "error:unclosed database:ResourceWarning"]
    for plugin in ("cacheprovider", "xdist", "cov"):
        options += ["-p", f"no:{plugin}"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_offer.py", f"test_wrong.py::{name}"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def test_the_example_of_the_guide_passes_and_one_with_another_price_fails(shown: str) -> None:
    assert "1 failed, 6 passed" in shown, shown
    assert "FAILED test_wrong.py::" in shown, shown


def test_a_failure_shows_the_steps_of_the_session(shown: str) -> None:
    assert re.search(r" 30 s +Prices +COMPLETED +attempt 1", shown), shown
