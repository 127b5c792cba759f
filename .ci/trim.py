"""Remove from a package what the engine never loads: `python .ci/trim.py DIRECTORY`.

Most of the package is botocore's data of all AWS services, and utilities of Powertools. A test in
tests/template compares this list with the clients that the code creates.
"""

import json
import shutil
import sys
from pathlib import Path

SERVICES = {"bedrock-runtime", "dynamodb", "events", "lambda", "s3", "scheduler", "sqs", "ssm"}
POWERTOOLS = {
    "__init__.py",
    "exceptions",
    "logging",
    "metrics",
    "package_logger.py",
    "shared",
    "tracing",
    "utilities",
    "warnings",
}
UTILITIES = {"__init__.py", "jmespath_utils"}


def main(package: Path) -> None:
    """Trim one package in place."""
    data = package / "botocore" / "data"
    _keep(data, SERVICES | {one.name for one in data.glob("*.json")})
    for examples in data.glob("*/*/examples-1.json*"):
        examples.unlink()
    _trim_endpoints(data / "endpoints.json")
    powertools = package / "aws_lambda_powertools"
    _keep(powertools, POWERTOOLS)
    _keep(powertools / "utilities", UTILITIES)


def _keep(directory: Path, names: set[str]) -> None:
    missing = names - {one.name for one in directory.iterdir()}
    if missing:
        raise SystemExit(f"{directory} has no {', '.join(sorted(missing))}: see {__file__}")
    for one in directory.iterdir():
        if one.name not in names:
            shutil.rmtree(one) if one.is_dir() else one.unlink()


def _trim_endpoints(file: Path) -> None:
    """Keep only the services that are called, because each client reads the whole file."""
    endpoints = json.loads(file.read_text())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {one: services[one] for one in sorted(SERVICES & services.keys())}
    file.write_text(json.dumps(endpoints, separators=(",", ":")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
