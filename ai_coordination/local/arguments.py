"""The arguments of the command line, by command."""

import os
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path
from typing import Any

DESCRIPTION = """\
The AI Coordination Engine on this machine.

Where data is stored:
  AWS_ENDPOINT_URL_DYNAMODB (or AWS_ENDPOINT_URL) names DynamoDB Local or another emulator.
  --aws uses AWS itself, with the credentials and the region of the environment.
  Without either, DynamoDB runs in this process, and its data is lost when the command ends.
"""


def parser() -> ArgumentParser:
    """Return the parser of all commands. Its result names the chosen one as `command`."""
    whole = ArgumentParser(
        prog="python -m ai_coordination.local",
        description=DESCRIPTION,
        formatter_class=RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    everywhere = ArgumentParser(add_help=False)
    everywhere.add_argument("--aws", action="store_true", help="use AWS itself")
    everywhere.add_argument(
        "--verbose", action="store_true", help="show the log lines and metrics of the function"
    )

    def command(name: str, **described: Any) -> ArgumentParser:
        return commands.add_parser(name, parents=[everywhere], **described)

    _add_serve(
        command(
            "serve",
            help="serve the console, GraphQL over HTTP, and GraphiQL",
            description="Serve GraphQL over HTTP through the Lambda handler until stopped.",
        )
    )
    _add_demo(
        command(
            "demo",
            help="run a session and show its progress",
            description="Run a session of five agents on the server at a port. Starts a server if "
            "none is running.",
        )
    )
    _add_try(
        command(
            "try",
            help="run a session of a blueprint file and show its progress",
            description="Write the coordination and the task of a blueprint file, start a session, "
            "and follow it to its end. Starts a server if none is running.",
            epilog="Exit code: 0: COMPLETED; 1: FAILED or CANCELLED, or a request was refused; "
            "2: the file or the command line is invalid; 3: the session continues, and the command "
            "no longer follows it; 130: Ctrl-C.",
        )
    )
    _add_worker(
        command(
            "worker",
            help="process the queue until stopped; several workers may run",
            description="Process the queue that AI_COORDINATION_QUEUE_URL names, and sweep.",
        )
    )
    command(
        "tables",
        help="create the tables that are missing at the configured endpoint",
        description="Create the tables that are missing at the configured endpoint.",
    )
    _add_console(
        command(
            "console",
            help="serve the console for an API whose callers sign with IAM",
            description="Serve the console on this machine for a deployed API whose callers sign "
            "with IAM. Requests of the page are signed with your AWS credentials.",
        )
    )
    _add_invoke(
        command(
            "invoke",
            help="call the Lambda handler once with an event",
            description="Call the Lambda handler once with an event, and print its result as JSON.",
        )
    )
    return whole


def _add_serve(command: ArgumentParser) -> None:
    command.add_argument("--host", default="127.0.0.1", help="the address (%(default)s)")
    command.add_argument(
        "--port", default=8000, type=_within(0, 65535), help="the port; 0: a free one (%(default)s)"
    )
    command.add_argument(
        "--models",
        default=os.environ.get("MODELS") or "none",
        choices=["none", "fake", "aws"],
        help="fake: serve a scripted model at http://127.0.0.1:11434/v1 and as Bedrock; aws: call "
        "Amazon Bedrock itself, with your own credentials and region (the variable MODELS)",
    )
    command.add_argument(
        "--events-url",
        default=os.environ.get("EVENTS_URL") or None,
        metavar="URL",
        help="post each event to a URL too, signed if EVENTS_SECRET has a secret (the variable "
        "EVENTS_URL)",
    )
    _add_agents(command)
    _add_person(command)
    command.add_argument(
        "--data",
        default=":memory:",
        metavar="FILE",
        help="the file that keeps the data of embedded AWS (%(default)s)",
    )
    command.add_argument(
        "--threads", default=8, type=_within(1, 64), help="steps at the same time (%(default)s)"
    )


def _add_agents(command: ArgumentParser) -> None:
    command.add_argument(
        "--agents",
        type=Path,
        metavar="FILE",
        help="a Python file whose functions are LAMBDA agents: find_facts is agent-find-facts",
    )
    command.add_argument(
        "--python",
        default=sys.executable,
        metavar="PATH",
        help="the Python that has the packages of the agents (%(default)s)",
    )


def _add_person(command: ArgumentParser) -> None:
    command.add_argument(
        "--user",
        metavar="NAME",
        help="the person whose requests these are; without it, a service of the tenant",
    )
    command.add_argument(
        "--groups", metavar="NAMES", help="the person's groups, separated by commas"
    )


def _add_demo(command: ArgumentParser) -> None:
    command.add_argument(
        "--port", default=8000, type=_within(1, 65535), help="the server's port (%(default)s)"
    )


def _add_try(command: ArgumentParser) -> None:
    _add_agents(command)
    command.add_argument("file", metavar="FILE", help="the blueprint, a YAML file")
    command.add_argument("--task", help="the name of the task (the first one of the file)")
    command.add_argument("--query", help="the task query (the file's initialTaskQuery)")
    command.add_argument(
        "--variable",
        action="append",
        default=[],
        type=_variable,
        metavar="NAME=VALUE",
        help="a variable of the task query; may be repeated",
    )
    command.add_argument(
        "--label", action="append", default=[], type=_label, metavar="KEY=VALUE", help="a label"
    )
    command.add_argument(
        "--session", metavar="UUID", help="follow this session instead of starting one"
    )
    command.add_argument("--approve", action="store_true", help="approve everything without asking")
    command.add_argument(
        "--port", default=8000, type=_within(1, 65535), help="the server's port (%(default)s)"
    )


def _add_worker(command: ArgumentParser) -> None:
    command.add_argument(
        "--threads", default=1, type=_within(1, 8), help="steps at the same time (%(default)s)"
    )
    command.add_argument(
        "--batch-size",
        default=1,
        type=_within(1, 10),
        help="messages that a thread receives at once, like BatchSize in Lambda (%(default)s)",
    )
    command.add_argument(
        "--step-seconds",
        default=300,
        # The engine does not begin a step with 10 seconds or less left.
        type=_within(11, 900),
        help="time for a batch; a dead worker's batch is then processed again (%(default)s)",
    )
    command.add_argument(
        "--sweep-seconds",
        default=60,
        type=_within(1, 3600),
        help="seconds between two sweeps for overdue work (%(default)s)",
    )


def _add_console(command: ArgumentParser) -> None:
    command.add_argument(
        "--url", required=True, help="the URL of the API, which is the stack's output ApiUrl"
    )
    command.add_argument(
        "--port", default=8010, type=_within(0, 65535), help="the port; 0: a free one (%(default)s)"
    )
    command.add_argument(
        "--region", help="the region of the API, if the URL does not name it (that of the profile)"
    )


def _add_invoke(command: ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help="the event as JSON; - reads stdin")
    command.add_argument(
        "--embedded", action="store_true", help="use embedded DynamoDB even if an endpoint is set"
    )


def _within(minimum: int, maximum: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or not minimum <= int(text) <= maximum:
            raise ArgumentTypeError(f"{text!r} is not between {minimum} and {maximum}")
        return int(text)

    return number


def _label(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _variable(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
