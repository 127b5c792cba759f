"""A Python file's functions as Lambda functions of the stand-in, as `make run AGENTS=` has them."""

import inspect
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, raising, returning


def deploy(service: LambdaService, file: Path) -> None:
    """Deploy each public function of a file: `find_facts` is `agent-find-facts`."""
    for name, function in runpy.run_path(str(file)).items():
        if inspect.isfunction(function) and not name.startswith("_"):
            service.deploy(f"agent-{name.replace('_', '-')}", _invoking(function))


def _invoking(function: Callable[..., Any]) -> Callable[[Any], Reply]:
    takes_text = len(inspect.signature(function).parameters) == 1

    def invoke(event: Any) -> Reply:
        try:
            return returning(function(event["agentInput"]) if takes_text else function(event, None))
        except Exception as error:  # noqa: BLE001 - as Lambda, it reports what is raised
            return raising(type(error).__name__, str(error))

    return invoke
