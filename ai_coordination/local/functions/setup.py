"""Let the engine on this machine, and its agents, find the functions on this machine."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from botocore.session import get_session

from ai_coordination.config import PREFIX, settings
from ai_coordination.local.background import run_in_background
from ai_coordination.local.embedded import usual_region
from ai_coordination.local.functions.agents_file import AgentsFile
from ai_coordination.local.functions.invoke_api import API_FUNCTION, Functions
from ai_coordination.local.printing import say_of

ENDPOINT = "AWS_ENDPOINT_URL_LAMBDA"
API_VARIABLE = f"{PREFIX}API_FUNCTION"
URL_VARIABLE = "API_URL"


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """A file whose functions are agents, and the Python that has their packages."""

    file: Path
    python: str = sys.executable


@contextmanager
def serving(
    functions: Functions, agents: AgentOptions | None, url: str, *, aws: bool
) -> Iterator[Sequence[str]]:
    """Serve a file's functions within the block, and let the engine invoke them. Their names.

    Without a file, the engine finds only the API's own function, unless the environment or `aws`
    names another service. `url` is the
    GraphQL endpoint of this server. Raises ValueError if the file is no Python file, or
    there is no such Python.
    """
    endpoint = url.removesuffix("/graphql")
    # Before storage is opened: it hides the credentials of the person at the keyboard.
    environment = {
        # Compiled code that Python keeps may be older than a file that was changed twice a second.
        "PYTHONDONTWRITEBYTECODE": "1",
        **_aws_defaults(),
        **os.environ,
        ENDPOINT: endpoint,
        URL_VARIABLE: url,
    }
    functions.texts_at = None if aws else endpoint
    if agents is None:
        if not aws and ENDPOINT not in os.environ:
            _let_engine_find(endpoint)
        yield ()
        return
    _let_engine_find(endpoint)
    file = _opened(agents, environment)
    functions.agents = file
    # Its processes end with this one. The next server takes over a call that lasts longer, like the
    # call of a worker that died, and handles an event again.
    with run_in_background(file.watch, "agents"):
        yield _shown(file)


def _opened(agents: AgentOptions, environment: dict[str, str]) -> AgentsFile:
    if not agents.file.is_file():
        raise ValueError(f"There is no file {agents.file}")
    if agents.file.suffix != ".py":
        raise ValueError(f"{agents.file} is not a Python file: its name must end with .py")
    if shutil.which(agents.python) is None:
        raise ValueError(
            f"There is no Python {agents.python}: name one with AGENTS_PYTHON= or --python"
        )
    prefix = settings().agent_function_prefix
    return AgentsFile(
        agents.file, say_of, python=agents.python, environment=environment, prefix=prefix
    )


def _shown(file: AgentsFile) -> Sequence[str]:
    """The names for the banner. Print why the file, or a function of it, is not among them."""
    if file.has_others():
        say_of(file.file.name, file.description())
    return file.names()


def _let_engine_find(endpoint: str) -> None:
    """Set the endpoint of Lambda.

    Then the other endpoints in the environment would be used too, even with embedded storage: so
    they are taken out, if the database is embedded.
    """
    if not {"AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"} & os.environ.keys():
        for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_")]:
            del os.environ[name]
    os.environ[ENDPOINT] = endpoint
    os.environ.setdefault(API_VARIABLE, API_FUNCTION)
    settings.cache_clear()


def _aws_defaults() -> dict[str, str]:
    """What a boto3 client of an agent needs to reach this server, if the person has nothing.

    Variables hide profiles, and the role of a machine in the cloud. So only what is missing is set.
    """
    session = get_session()
    defaults = {}
    if session.get_config_variable("region") is None:
        defaults["AWS_DEFAULT_REGION"] = usual_region()
    if session.get_credentials() is None:
        defaults |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    return defaults
