"""The environment of the processes that are measured."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_OURS = ("AWS_", "AI_COORDINATION_", "POWERTOOLS_", "PYTHON")

# As `make run` sets them, before anything of the engine is imported.
SERVER = {
    "AI_COORDINATION_ENDPOINT_ID": "local",
    "AI_COORDINATION_PART_ID": "dev",
    "POWERTOOLS_LOG_LEVEL": "WARNING",
    "POWERTOOLS_METRICS_DISABLED": "true",
}


def sealed(**more: str) -> dict[str, str]:
    """Return this process's environment without its settings of AWS and of the engine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return kept | {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AI_COORDINATION_TABLE_PREFIX": "ai-coordination-benchmark-",
        **more,
    }


def run(
    result: Path,
    environment: dict[str, str],
    module: str,
    *arguments: str,
    python: str = sys.executable,
) -> Any:
    """Run a module in a process of its own, and return what it has written to `result`."""
    command = [python, "-m", module, str(result), *arguments]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return json.loads(result.read_text())
