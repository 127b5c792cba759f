"""The command line of the development server: `python -m ai_coordination.local`."""

import os
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path

from ai_coordination.config import ConfigurationError
from ai_coordination.errors import Throttled

TENANT = {"AI_COORDINATION_ENDPOINT_ID": "local", "AI_COORDINATION_PART_ID": "dev"}
# Ollama's address, or that of the scripted model.
LOCAL_MODELS = "http://127.0.0.1:11434, http://localhost:11434"
QUIET = {"POWERTOOLS_LOG_LEVEL": "WARNING", "POWERTOOLS_METRICS_DISABLED": "true"}

DESCRIPTION = """\
The AI Coordination Engine on this machine.

Where data is stored:
  AWS_ENDPOINT_URL_DYNAMODB (or AWS_ENDPOINT_URL) names DynamoDB Local or another emulator.
  --aws uses AWS itself, with the credentials and the region of the environment.
  Without either, DynamoDB runs in this process, and its data is lost when the command ends.
"""


def main() -> int:
    """Run one command. Returns the exit code of the process."""
    options = _parser().parse_args()
    has_models = getattr(options, "models", "none") in ("fake", "aws") and not options.aws
    _settle_environment(verbose=options.verbose, has_models=has_models)
    try:
        return _run(options)
    except (ConfigurationError, OSError, ValueError) as error:
        return _refused(error)
    except KeyboardInterrupt:
        return 130


def _run(options: Namespace) -> int:
    # The engine reads the environment when it is imported, so it is imported last.
    from ai_coordination.local import commands  # noqa: PLC0415 - see above

    try:
        match options.command:
            case "serve":
                agents = options.agents and commands.AgentOptions(options.agents, options.python)
                commands.serve(
                    options.host,
                    options.port,
                    aws=options.aws,
                    threads=options.threads,
                    agents=agents or None,
                    data=options.data,
                    models=options.models,
                    person=commands.signed_in.chosen(options.user, options.groups),
                    receive=commands.event_receiver.receiver(options.events_url),
                )
            case "console":
                commands.signing.serve(options.url, options.port, options.region)
            case "tables":
                commands.tables(aws=options.aws)
            case "demo":
                commands.demo.demo(options.port)
            case "try":
                tried = commands.try_blueprint.Options(
                    file=options.file,
                    port=options.port,
                    task=options.task,
                    query=options.query,
                    variables=dict(options.variable),
                    labels=dict(options.label),
                    session=options.session,
                    approve=options.approve,
                    agents=options.agents and str(options.agents),
                    python=options.python,
                )
                return commands.try_blueprint.try_blueprint(tried)
            case "worker":
                commands.run_worker(
                    options.threads,
                    options.batch_size,
                    options.step_seconds,
                    options.sweep_seconds,
                    aws=options.aws,
                )
            case "invoke":
                answered = commands.invoke(options.file, embedded=options.embedded, aws=options.aws)
                return 0 if answered else 1
    except commands.EXPECTED_ERRORS as error:
        return _refused(error)
    return 0


def _refused(error: Exception) -> int:
    # Show the cause of a throttled call, such as an endpoint that does not answer.
    shown = error.__cause__ if isinstance(error, Throttled) and error.__cause__ else error
    print(" ".join(str(shown).split()), file=sys.stderr)
    return 1


def _settle_environment(*, verbose: bool, has_models: bool) -> None:
    """Set a default tenant and quiet logs, unless the environment has its own."""
    if not TENANT.keys() & os.environ.keys():
        os.environ.update(TENANT)
    os.environ.setdefault("AI_COORDINATION_AGENT_HOSTS", LOCAL_MODELS)
    if has_models:
        # The scripted model has every name, and a person's own account all that it has access to.
        os.environ.setdefault("AI_COORDINATION_BEDROCK_MODELS", "*")
    if not verbose:
        os.environ.update({name: value for name, value in QUIET.items() if name not in os.environ})


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


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m ai_coordination.local",
        description=DESCRIPTION,
        formatter_class=RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    everywhere = ArgumentParser(add_help=False)
    everywhere.add_argument("--aws", action="store_true", help="use AWS itself")
    everywhere.add_argument(
        "--verbose", action="store_true", help="show the log lines and metrics of the function"
    )

    serve = commands.add_parser(
        "serve",
        parents=[everywhere],
        help="serve GraphQL over HTTP, and GraphiQL",
        description="Serve GraphQL over HTTP through the Lambda handler until stopped.",
    )
    serve.add_argument("--host", default="127.0.0.1", help="the address (%(default)s)")
    serve.add_argument(
        "--port", default=8000, type=_within(0, 65535), help="the port; 0: a free one (%(default)s)"
    )
    serve.add_argument(
        "--models",
        default=os.environ.get("MODELS") or "none",
        choices=["none", "fake", "aws"],
        help="fake: serve a scripted model at http://127.0.0.1:11434/v1 and as Bedrock; aws: call "
        "Amazon Bedrock itself, with your own credentials and region (the variable MODELS)",
    )

    serve.add_argument(
        "--events-url",
        default=os.environ.get("EVENTS_URL") or None,
        metavar="URL",
        help="post each event to a URL too, signed if EVENTS_SECRET has a secret (the variable "
        "EVENTS_URL)",
    )
    _add_agents(serve)
    _add_person(serve)
    serve.add_argument(
        "--data",
        default=":memory:",
        metavar="FILE",
        help="the file that keeps the data of embedded AWS (%(default)s)",
    )
    serve.add_argument(
        "--threads", default=8, type=_within(1, 64), help="steps at the same time (%(default)s)"
    )

    demo = commands.add_parser(
        "demo",
        parents=[everywhere],
        help="run a session and show its progress",
        description="Run a session of five agents on the server at a port. Starts a server if none "
        "is running.",
    )
    demo.add_argument(
        "--port", default=8000, type=_within(1, 65535), help="the server's port (%(default)s)"
    )

    _add_try(
        commands.add_parser(
            "try",
            parents=[everywhere],
            help="run a session of a blueprint file and show its progress",
            description="Write the coordination and the task of a blueprint file, start a session, "
            "and follow it to its end. Starts a server if none is running.",
            epilog="Exit code: 0: COMPLETED; 1: FAILED or CANCELLED; 2: the file is invalid; "
            "3: the session continues, and the command no longer follows it.",
        )
    )

    worker = commands.add_parser(
        "worker",
        parents=[everywhere],
        help="process the queue until stopped; several workers may run",
        description="Process the queue that AI_COORDINATION_QUEUE_URL names, and sweep.",
    )
    worker.add_argument(
        "--threads", default=1, type=_within(1, 8), help="steps at the same time (%(default)s)"
    )
    worker.add_argument(
        "--batch-size",
        default=1,
        type=_within(1, 10),
        help="messages that a thread receives at once, like BatchSize in Lambda (%(default)s)",
    )
    worker.add_argument(
        "--step-seconds",
        default=300,
        # The engine does not begin a step with 10 seconds or less left.
        type=_within(11, 900),
        help="time for a batch; a dead worker's batch is then processed again (%(default)s)",
    )
    worker.add_argument(
        "--sweep-seconds",
        default=60,
        type=_within(1, 3600),
        help="seconds between two sweeps for overdue work (%(default)s)",
    )

    commands.add_parser(
        "tables",
        parents=[everywhere],
        help="create the tables that are missing at the configured endpoint",
        description="Create the tables that are missing at the configured endpoint.",
    )

    _add_console(
        commands.add_parser(
            "console",
            parents=[everywhere],
            help="serve the console for an API whose callers sign with IAM",
            description="Serve the console on this machine for a deployed API whose callers sign "
            "with IAM. Requests of the page are signed with your AWS credentials.",
        )
    )

    invoke = commands.add_parser(
        "invoke",
        parents=[everywhere],
        help="call the Lambda handler once with an event",
        description="Call the Lambda handler once with an event, and print its result as JSON.",
    )
    invoke.add_argument("file", metavar="FILE", help="the event as JSON; - reads stdin")
    invoke.add_argument(
        "--embedded", action="store_true", help="use embedded DynamoDB even if an endpoint is set"
    )
    return parser


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


def _add_person(command: ArgumentParser) -> None:
    command.add_argument(
        "--user",
        metavar="NAME",
        help="the person whose requests these are; without it, a service of the tenant",
    )
    command.add_argument(
        "--groups", metavar="NAMES", help="the person's groups, separated by commas"
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


if __name__ == "__main__":
    sys.exit(main())
