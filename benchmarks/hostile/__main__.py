"""`python -m benchmarks.hostile [PATTERN OF NAMES]` prints the most expensive accepted queries."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support import dynamodb_local

SHOWN = 10


def main() -> None:
    """Print a table in Markdown for each measure."""
    if why := dynamodb_local.why_missing():
        sys.exit(why)
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    with dynamodb_local.running() as endpoint, TemporaryDirectory() as directory:
        result = Path(directory) / "result.json"
        command = [sys.executable, "-m", "benchmarks.hostile.measure", str(result), wanted]
        subprocess.run(command, env=_environment(endpoint), check=True)
        found = json.loads(result.read_text())
    print(f"{len(found)} queries, each the field that it names as often as it is accepted.")
    for measure in ("cpu", "memory", "units"):
        print(_table(measure, found))


def _environment(endpoint: str) -> dict[str, str]:
    ours = ("AWS_", "AI_COORDINATION_", "POWERTOOLS_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AI_COORDINATION_TABLE_PREFIX": "hostile-",
        "AI_COORDINATION_TEXTS_BUCKET": "hostile",
        "AI_COORDINATION_QUEUE_URL": "http://127.0.0.1:9/none",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
        "POWERTOOLS_METRICS_DISABLED": "true",
    }


def _table(measure: str, found: list[dict[str, Any]]) -> str:
    most = sorted(found, key=lambda one: float(one[measure]), reverse=True)[:SHOWN]
    lines = [
        f"\nThe most {measure}:\n",
        "| query | times | cost | CPU | memory | read units | read | calls | answer | |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        "| {name} | {times} | {cost:,} | {cpu:.2f} s | {memory:.0f} MB | {units:,.0f}"
        " | {read:.1f} MB | {calls} | {answer:.1f} MB | {outcome} |".format(**one)
        for one in most
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
