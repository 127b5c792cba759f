"""Functions on this machine, invoked by the engine itself: answered as over HTTP, without HTTP."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.session import get_session
from werkzeug.wrappers import Request, Response

from ai_coordination.local import server
from ai_coordination.local.embedded import EmbeddedAws, functions_served
from ai_coordination.local.functions.agents_file import AgentsFile
from ai_coordination.local.functions.invoke_api import Functions

AGENTS = """
import time
from pathlib import Path

HERE = Path(__file__).parent


def repeat(event, context):
    return [event, context.function_name]


def fail(event, context):
    raise ValueError("There is nothing to do")


def much(event, context):
    return "x" * 7_000_000


def wait(event, context):
    while not (HERE / "go").exists():
        time.sleep(0.01)
    (HERE / "done").touch()
"""

REQUESTS: list[dict[str, Any]] = [
    {"FunctionName": "agent-repeat", "Payload": b'{"agentInput": "\xc3\xa4"}'},
    {"FunctionName": "agent-repeat", "Payload": '"a text"', "InvocationType": "RequestResponse"},
    {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:agent-repeat:$LATEST"},
    {"FunctionName": "agent-fail"},
    {"FunctionName": "agent-much"},
    {"FunctionName": "agent-repeat", "InvocationType": "DryRun"},
    {"FunctionName": "agent-repeat", "InvocationType": "Event", "Payload": b"{}"},
    {"FunctionName": "agent-repeat", "InvocationType": "Later"},
    {"FunctionName": "agent-nobody"},
    {"FunctionName": "agent-repeat", "Payload": b"{"},
    {"FunctionName": "agent-repeat", "Payload": b'"' + 6_291_456 * b"x"},
    {
        "FunctionName": "agent-repeat",
        "Payload": b'"' + 1_048_576 * b"x",
        "InvocationType": "Event",
    },
    {"FunctionName": "ai-coordination-api", "InvocationType": "DryRun"},
]


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    path = tmp_path_factory.mktemp("agents") / "mine.py"
    path.write_text(AGENTS)
    served = Functions()
    served.agents = AgentsFile(
        path,
        lambda name, text: None,
        python=sys.executable,
        environment=os.environ,
        prefix="agent-",
    )
    yield served
    served.agents.close()


@pytest.fixture(scope="module")
def requests() -> list[str]:
    """The paths of what has come over HTTP."""
    return []


@pytest.fixture(scope="module")
def url(functions: Functions, requests: list[str]) -> Iterator[str]:
    @Request.application
    def answer(request: Request) -> Response:
        requests.append(request.path)
        return functions.answer(request) or Response(status=404)

    http = server.listen("127.0.0.1", 0, answer)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.url(http, "")
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def embedded() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


def a_client(url: str, **more: Any) -> Any:
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, **more)
    return get_session().create_client(
        "lambda", region_name="us-east-1", endpoint_url=url, config=config
    )


def answered(client: Any, request: dict[str, Any]) -> Any:
    """All of an answer but what differs each time."""
    try:
        answer = client.invoke(**request)
    except ClientError as error:
        metadata = error.response["ResponseMetadata"]
        told = error.response["Error"]
        return told["Code"], told["Message"], metadata["HTTPStatusCode"]
    status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    payload = json.loads(answer.pop("Payload").read() or b"null")
    if isinstance(payload, dict):
        payload.pop("requestId", None)
    return status, answer, payload


@pytest.mark.parametrize(
    "request_", REQUESTS, ids=lambda given: "-".join(map(str, given.values()))[:50]
)
def test_an_invocation_without_http_is_answered_as_one_over_http(
    functions: Functions,
    url: str,
    requests: list[str],
    embedded: EmbeddedAws,
    request_: dict[str, Any],
) -> None:
    client = a_client(url)
    requests.clear()
    over_http = answered(client, request_)
    assert len(requests) == 1

    with functions_served(functions.call, url):
        directly = answered(client, request_)

    assert len(requests) == 1
    assert directly == over_http


def test_a_function_that_takes_longer_than_the_caller_waits_continues(
    functions: Functions, url: str, embedded: EmbeddedAws
) -> None:
    assert functions.agents is not None
    here = functions.agents.file.parent
    client = a_client(url, read_timeout=0.2)

    with functions_served(functions.call, url), pytest.raises(ReadTimeoutError, match=url):
        client.invoke(FunctionName="agent-wait")

    assert not (here / "done").exists()
    (here / "go").touch()
    wait_until((here / "done").exists)


def wait_until(holds: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_what_fails_in_the_server_is_raised_and_lambdas_elsewhere_are_asked_there(
    url: str, requests: list[str], embedded: EmbeddedAws
) -> None:
    def broken(request: Any, seconds: float) -> dict[str, Any]:
        raise OSError(f"{request['FunctionName']} {seconds}")

    requests.clear()
    with functions_served(broken, "http://127.0.0.1:9"):
        with pytest.raises(OSError, match=r"^agent-repeat 7$"):
            a_client("http://127.0.0.1:9", read_timeout=7).invoke(FunctionName="agent-repeat")
        assert a_client(url).invoke(FunctionName="agent-repeat")["StatusCode"] == 200

    assert requests == ["/2015-03-31/functions/agent-repeat/invocations"]
