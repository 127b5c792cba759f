"""What every test has: dummy credentials, a closed network, and DynamoDB Local on request."""

import gc
import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from tests.support import dynamodb_local as local

REGION = "eu-central-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
# These run the same lines thousands of times: which lines run is counted in the quicker ones.
UNCOUNTED = {
    "compatibility",
    "simulation",
    "dynamodb_local",
    "test_firing_crashes.py",
    "test_http_parameters.py",
    "test_fast_fields.py",
    "test_lists.py",
    "test_schedule_crashes.py",
}
WHY_MISSING = pytest.StashKey[str | None]()


def _forget_the_users_environment() -> None:
    for name in list(os.environ):
        ours = name.startswith("AI_COORDINATION_") and name != local.ENDPOINT_VARIABLE
        # Behind a proxy, clients and servers on this machine are others than those that are tested.
        is_proxy = name.lower().endswith("_proxy")
        if ours or is_proxy or name.startswith(("AWS_", "POWERTOOLS_")):
            del os.environ[name]
    os.environ.update(ENVIRONMENT)


# Before the engine is imported, since its models read their settings when they are. So nothing of
# it is imported here: what tests need of the engine is in tests/support/fixtures.py.
_forget_the_users_environment()
pytest_plugins = ["tests.support.fixtures", "tests.support.terminal"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--races", type=int, default=10, help="how often a race is run (default: 10)")

    both = "ask DynamoDB Local all that tests ask the embedded database, and compare the answers"
    parser.addoption("--compare-databases", action="store_true", help=both)


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(0)  # not disabled: importing the entry points would enable it
    # Other values each time, so many runs a week try more than a few long ones.
    # A busy machine is no failure.
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile(
        "everyday", max_examples=20, deadline=None, suppress_health_check=slow
    )
    hypothesis.settings.load_profile("everyday")
    config.stash[WHY_MISSING] = local.why_missing()
    if config.stash[WHY_MISSING] and os.environ.get("CI") == "true":
        raise pytest.UsageError(config.stash[WHY_MISSING])


def pytest_report_header(config: pytest.Config) -> str | list[str]:
    return config.stash[WHY_MISSING] or []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if UNCOUNTED & set(item.path.parts):
            item.add_marker(pytest.mark.no_cover)
    if not config.stash[WHY_MISSING]:
        return
    left_out = [item for item in items if _needs_dynamodb_local(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not _needs_dynamodb_local(item)]


def pytest_collection_finish() -> None:
    """The collector of garbage never looks again at what is there: the tests and their modules.

    And it looks at what is new less often: by default after each 700 objects, of which a test has
    thousands. While tests are collected it does not look at all: what is made then stays.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def _needs_dynamodb_local(item: pytest.Item) -> bool:
    return "dynamodb_local_endpoint" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session", autouse=True)
def closed_network() -> Iterator[None]:
    """No test reaches anything but this machine."""
    resolve = socket.getaddrinfo

    def resolve_here(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_here(host):
            pytest.fail(f"a test wanted to reach {host}")
        return resolve(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve_here)
        yield


def _is_here(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def dynamodb_local_endpoint() -> Iterator[str]:
    """The url of this process's DynamoDB Local."""
    with local.running() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def races(pytestconfig: pytest.Config) -> int:
    """How often to run a race: a few in everyday runs, many in `make stress`."""
    return int(pytestconfig.getoption("races"))
