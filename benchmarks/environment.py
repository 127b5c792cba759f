"""The environment of the processes that are measured."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_OURS = ("AWS_", "AI_COORDINATION_", "POWERTOOLS_", "PYTHON")


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


def run(result: Path, environment: dict[str, str], module: str, *arguments: str) -> Any:
    """Run a module in a process of its own, and return what it has written to `result`."""
    command = [sys.executable, "-m", module, str(result), *arguments]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return json.loads(result.read_text())
