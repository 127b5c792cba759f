"""The command line of the development server: `python -m ai_coordination.local`."""

import os
import sys
from argparse import Namespace

from ai_coordination.config import ConfigurationError
from ai_coordination.errors import Throttled
from ai_coordination.local import arguments

TENANT = {"AI_COORDINATION_ENDPOINT_ID": "local", "AI_COORDINATION_PART_ID": "dev"}
# Ollama's address, or that of the scripted model.
LOCAL_MODELS = "http://127.0.0.1:11434, http://localhost:11434"
QUIET = {"POWERTOOLS_LOG_LEVEL": "WARNING", "POWERTOOLS_METRICS_DISABLED": "true"}


def main() -> int:
    """Run one command. Returns the exit code of the process."""
    options = arguments.parser().parse_args()
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
                    verbose=options.verbose,
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
    shown: object = error.__cause__ if isinstance(error, Throttled) and error.__cause__ else error
    if isinstance(error, OSError) and error.filename:
        shown = f"{error.filename}: {error.strerror}"
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


if __name__ == "__main__":
    sys.exit(main())
