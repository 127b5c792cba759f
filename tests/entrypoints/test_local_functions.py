"""`make run AGENTS=`: the functions of a Python file as LAMBDA agents, on a server process."""

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.local_server import LocalServer, running

AGENTS = '''
import asyncio
import json
import os
import re
import sys
import time
import urllib.request
from pathlib import Path

from helper import WORD

HERE = Path(__file__).parent


def summarise(text):
    print(f"reads {len(text)} characters")
    os.system("echo a process of its own")
    return f"{WORD}: {text}"


def critic(event, context):
    seconds = context.get_remaining_time_in_millis() / 1000
    output = {
        "name": event["agent"]["agentName"],
        "function": context.function_name,
        "has time": 890 < seconds <= 900,
        "mark": os.environ.get("MARK"),
    }
    return {"agentOutput": json.dumps(output), "usage": {"inputTokens": 3, "outputTokens": 4}}


def meet(event, context):
    """Answer once five of them are there: only possible if they run at the same time."""
    (HERE / event["runUuid"]).touch()
    while len(list(HERE.glob("0*-*-7*"))) < 5:
        time.sleep(0.01)
    return "met"


async def later(text):
    await asyncio.sleep(0)
    return text.upper()


def report(event, context):
    """Report as a handler on AWS does, with HTTP in place of Lambda."""
    query = """mutation Report($input: CompleteSessionAgentInput!) {
      completeSessionAgent(input: $input) { sessionAgent { state } } }"""
    keys = {key: event[key] for key in ("sessionUuid", "sessionAgentUuid", "runUuid")}
    body = json.dumps({"query": query, "variables": {"input": {**keys, "agentOutput": "reported"}}})
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(os.environ["API_URL"], body.encode(), headers)
    urllib.request.urlopen(request).read()


def report_by_lambda(event, context):
    import boto3

    query = """mutation Report($input: CompleteSessionAgentInput!) {
      completeSessionAgent(input: $input) { sessionAgent { state } } }"""
    keys = {key: event[key] for key in ("sessionUuid", "sessionAgentUuid", "runUuid")}
    output = "reported by " + event["replyTo"]["functionName"]
    variables = {"input": {**keys, "agentOutput": output}}
    payload = {"query": query, "variables": variables, "context": event["context"]}
    client = boto3.client("lambda")
    client.invoke(FunctionName=event["replyTo"]["functionName"], Payload=json.dumps(payload))


def fail(text):
    raise ValueError("There is nothing to do")


def leave(text):
    sys.exit(3)


def crash(text):
    os._exit(7)


def ask(text):
    if "The person's answer" in text:
        return text.splitlines()[-1]
    return {"question": "Which tea?", "resume": {"page": 1}}


def ask_badly(text):
    return {"question": "Which tea?", "form": 7}


def delegate(text):
    if "which you have just delegated" in text:
        return text.splitlines()[-1]
    return {"delegate": [{"agentUuid": "count", "subtaskQuery": text}]}


def delegate_badly(text):
    return {"delegate": [{"agentUuid": "nobody", "subtaskQuery": text}]}


def report_badly(text):
    return {"agentOutput": text, "usage": {"inputTokens": -1}}


def much(text):
    return "x" * (2 * 1024 * 1024 + 1)


def strange(text):
    return object()


def count(text):
    return str(len(text))


def large(text):
    return "x" * 6_300_000


def _private(text):
    return text


def no_agent():
    return "takes nothing"
'''
NAMES = [
    *("ask", "ask-badly", "count", "crash", "critic", "delegate", "delegate-badly", "fail"),
    *("large", "later"),
    *(
        "leave",
        "meet",
        "much",
        "report",
        "report-badly",
        "report-by-lambda",
        "strange",
        "summarise",
    ),
]
CREATE = """mutation Create($input: CreateCoordinationInput!) {
  createCoordination(input: $input) { coordination { coordinationUuid } }
}"""
TASK = """mutation Task($input: CreateTaskInput!) {
  createTask(input: $input) { task { taskUuid } }
}"""
START = """mutation Start($input: StartSessionInput!) {
  startSession(input: $input) { session { sessionUuid } }
}"""
LOOK = """query Look($coordination: ID!, $session: ID!) {
  session(coordinationUuid: $coordination, sessionUuid: $session) {
    status sessionAgents { nodes { agentUuid sessionUuid sessionAgentUuid coordinationUuid
      state agentOutput notes currentRun { runUuid finishedAt usage { inputTokens outputTokens } }
    } }
  }
}"""
ANSWER = """mutation Answer($input: AnswerSessionAgentInput!) {
  answerSessionAgent(input: $input) { sessionAgent { state } }
}"""
WAITS = {"invocation": "RequestResponse"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("agents")
    (folder / "helper.py").write_text('WORD = "Summary"\n')
    (folder / "my_agents.py").write_text(AGENTS)
    own = folder / "own-python"
    own.write_text('#!/bin/sh\nMARK="own environment" exec "$REAL_PYTHON" "$@"\n')
    own.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[LocalServer]:
    options = "--agents", str(folder / "my_agents.py"), "--python", str(folder / "own-python")
    with running(*options, REAL_PYTHON=sys.executable) as server:
        yield server


@pytest.fixture
def client(server: LocalServer) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{server.port}",
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def run(
    server: LocalServer, query: str = "tea", **functions: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """A session of one agent for each function, none of which fails the session; the agents."""

    def ask(query: str, **variables: Any) -> Any:
        answer = server.graphql(query, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    agents = [
        {
            "agentUuid": name,
            "agentName": name.title(),
            "runtime": {
                "kind": "LAMBDA",
                "target": f"agent-{name.rstrip('0123456789').replace('_', '-')}",
                "parameters": parameters,
            },
        }
        for name, parameters in functions.items()
    ]
    rules = {"onFailure": "CONTINUE", "retry": {"maxAttempts": 1}}
    actions = [
        {
            "agentUuid": name,
            "delegatesTo": ["count"] if name.startswith("delegate") else [],
            **rules,
        }
        for name in functions
    ]
    given = {"coordinationName": "Mine", "agents": agents}
    created = ask(CREATE, input=given)["createCoordination"]["coordination"]
    key = {"coordinationUuid": created["coordinationUuid"]}
    task = ask(TASK, input={**key, "taskName": "Try", "agentActions": actions})["createTask"]
    started = ask(START, input={**key, **task["task"], "taskQuery": query})["startSession"]
    while True:
        uuids = {
            "coordination": created["coordinationUuid"],
            "session": started["session"]["sessionUuid"],
        }
        session = ask(LOOK, **uuids)["session"]
        agents = session["sessionAgents"]["nodes"]
        ended = [agent for agent in agents if agent["state"] not in ("INITIAL", "IN_PROGRESS")]
        # An agent ends before its run is sealed.
        if ended == agents and all(agent["currentRun"]["finishedAt"] for agent in agents):
            break
        time.sleep(0.02)
    return {agent.pop("agentUuid"): agent for agent in agents}


def agents_of(server: LocalServer, agents: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The agents of the same session as they are now."""
    one = next(iter(agents.values()))
    found = server.graphql(LOOK, coordination=one["coordinationUuid"], session=one["sessionUuid"])
    nodes = found["data"]["session"]["sessionAgents"]["nodes"]
    return {agent["agentUuid"]: agent for agent in nodes}


def key_of(agent: dict[str, Any]) -> dict[str, Any]:
    keys = {name: agent[name] for name in ("sessionUuid", "sessionAgentUuid")}
    return {**keys, "runUuid": agent["currentRun"]["runUuid"]}


def outcome(agent: dict[str, Any]) -> tuple[str, str | None]:
    """An agent's state, and its output or notes."""
    return agent["state"], agent["agentOutput"] or agent["notes"]


def invoke(client: Any, name: str, payload: Any = None, **more: Any) -> Any:
    answer = client.invoke(FunctionName=name, Payload=json.dumps(payload), **more)
    return answer, json.loads(answer["Payload"].read() or b"null")


def test_the_banner_lists_the_public_functions(server: LocalServer) -> None:
    listed = [line.split()[1] for line in server.banner.splitlines() if "  Agent " in line]

    assert listed == [f"agent-{name}" for name in NAMES]


def test_a_function_of_one_parameter_answers_in_both_modes(server: LocalServer) -> None:
    agents = run(server, summarise=WAITS, summarise2={}, later=WAITS)

    assert {name: outcome(agent) for name, agent in agents.items()} == {
        "summarise": ("COMPLETED", "Summary: tea"),
        "summarise2": ("COMPLETED", "Summary: tea"),
        "later": ("COMPLETED", "TEA"),
    }


def test_a_text_that_is_too_large_for_an_event_is_fetched(server: LocalServer) -> None:
    agents = run(server, "ä" * 600_000, count={}, count2=WAITS)

    assert [outcome(agent) for agent in agents.values()] == [("COMPLETED", "600000")] * 2


def test_a_handler_gets_event_and_context_in_its_own_environment(server: LocalServer) -> None:
    agent = run(server, critic=WAITS)["critic"]

    assert json.loads(agent["agentOutput"]) == {
        "name": "Critic",
        "function": "agent-critic",
        "has time": True,
        "mark": "own environment",
    }
    assert agent["currentRun"]["usage"] == {"inputTokens": 3, "outputTokens": 4}


def test_five_agents_work_at_the_same_time(server: LocalServer) -> None:
    agents = run(server, "tea", **{f"meet{number}": WAITS for number in range(5)})

    assert [outcome(agent) for agent in agents.values()] == [("COMPLETED", "met")] * 5


def test_a_handler_reports_later_by_http_or_by_lambda(server: LocalServer) -> None:
    agents = run(server, report={}, report_by_lambda={})

    assert [outcome(agent) for agent in agents.values()] == [
        ("COMPLETED", "reported"),
        ("COMPLETED", "reported by ai-coordination-api"),
    ]


def test_errors_are_notes_of_the_attempt_and_harm_neither_server_nor_neighbours(
    server: LocalServer,
) -> None:
    line = AGENTS.splitlines().index('    raise ValueError("There is nothing to do")') + 1

    agents = run(
        server,
        fail=WAITS,
        fail2={},
        leave=WAITS,
        crash=WAITS,
        strange=WAITS,
        large=WAITS,
        later=WAITS,
    )

    raised = ("FAILED", f"ValueError: There is nothing to do (my_agents.py:{line})")
    assert (outcome(agents["fail"]), outcome(agents["fail2"])) == (raised, raised)
    for name, status in (("leave", 3), ("crash", 7)):
        assert agents[name]["state"] == "FAILED"
        notes = agents[name]["notes"]
        assert notes.startswith("Runtime.ExitError: RequestId: ")
        assert notes.endswith(f" Error: Runtime exited with error: exit status {status}")
    assert agents["strange"]["notes"] == (
        "Runtime.MarshalError: Unable to marshal response:"
        " Object of type object is not JSON serializable"
    )
    assert agents["large"]["notes"] == (
        "Function.ResponseSizeTooLarge: Response payload size (6300002 bytes) exceeded maximum"
        " (6291456 bytes)."
    )
    assert outcome(agents["later"]) == ("COMPLETED", "TEA")


def test_what_is_returned_for_an_event_is_taken_as_the_engine_takes_it(server: LocalServer) -> None:
    agents = run(server, report_badly={}, strange={}, much={})

    assert outcome(agents["report_badly"]) == ("COMPLETED", "tea")
    assert agents["strange"]["notes"].startswith("Runtime.MarshalError: ")
    assert outcome(agents["much"]) == (
        "FAILED",
        "The agent's output: A text has at most 2 MB of UTF-8",
    )


def test_a_function_asks_a_person_in_both_modes(server: LocalServer) -> None:
    asking = run(server, ask={}, ask2=WAITS)
    answers = [
        server.graphql(ANSWER, input={**key_of(agent), "userInput": "Green tea"})
        for agent in asking.values()
    ]
    assert not any("errors" in answer for answer in answers), answers

    while any(agent["state"] != "COMPLETED" for agent in agents_of(server, asking).values()):
        time.sleep(0.02)

    outputs = [agent["agentOutput"] for agent in agents_of(server, asking).values()]
    assert outputs == ["Green tea"] * 2


def test_a_question_that_cannot_be_asked_fails_the_agent(server: LocalServer) -> None:
    agents = run(server, ask_badly={}, ask_badly2=WAITS)

    problem = "This must be a JSON Schema whose type is 'object'"
    assert [outcome(agent) for agent in agents.values()] == [
        ("FAILED", f"The agent's question: {problem}"),
        ("FAILED", f"The agent's question cannot be asked: {problem} (form)"),
    ]


def test_a_function_delegates_in_both_modes(server: LocalServer) -> None:
    agents = run(
        server, delegate={}, delegate2=WAITS, delegate_badly={}, delegate_badly2=WAITS, count=WAITS
    )

    problem = "This agent cannot delegate to 'nobody'. It can to 'count'"
    assert {name: outcome(agent) for name, agent in agents.items()} == {
        "delegate": ("COMPLETED", "3"),
        "delegate2": ("COMPLETED", "3"),
        "delegate_badly": ("FAILED", f"The agent's delegation: {problem}"),
        "delegate_badly2": (
            "FAILED",
            f"The agent's delegation cannot be taken: {problem} (delegate.0.agentUuid)",
        ),
        "count": ("COMPLETED", "3"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "ai-coordination-api",
        "ai-coordination-api:$LATEST",
        "arn:aws:lambda:us-east-1:123456789012:function:ai-coordination-api",
    ],
)
def test_the_api_is_invoked_like_a_function(client: Any, name: str) -> None:
    event = {
        "query": "{ coordinations { nodes { coordinationUuid } } }",
        "context": {"endpointId": "acme", "partId": "sales", "userId": "u-17"},
    }

    answer, result = invoke(client, name, event)

    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    assert result["data"] == {"coordinations": {"nodes": []}}


def test_what_the_engine_logs_is_a_line_for_people(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def write(text): return text\n")
    with running("--agents", str(tmp_path / "mine.py")) as server:
        agents = run(server, nowhere=WAITS)
        server.stop()

    missing = "The function does not exist (ResourceNotFoundException)"
    assert outcome(agents["nowhere"]) == ("FAILED", missing)
    (line,) = [line for line in server.printed if "WARNING" in line]
    assert re.match(r"\d\d:\d\d:\d\d WARNING function: session=", line)
    assert " function=agent-nowhere reason=" in line


def test_an_event_and_a_dry_run_are_accepted(client: Any) -> None:
    assert invoke(client, "agent-summarise", {}, InvocationType="DryRun")[0]["StatusCode"] == 204
    assert invoke(client, "agent-critic", {}, InvocationType="Event")[0]["StatusCode"] == 202


def test_an_error_is_reported_like_one_of_lambda(client: Any) -> None:
    answer, error = invoke(client, "agent-fail", {"agentInput": "tea"})

    assert answer["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "There is nothing to do")
    (frame,) = error["stackTrace"]
    assert 'my_agents.py", line' in frame
    assert error["requestId"] == answer["ResponseMetadata"]["RequestId"]


REFUSED: list[tuple[str, dict[str, Any], str, int]] = [
    ("agent-nobody", {}, "ResourceNotFoundException", 404),
    ("agent-no-agent", {}, "ResourceNotFoundException", 404),
    ("agent--private", {}, "ResourceNotFoundException", 404),
    ("agent-json", {}, "ResourceNotFoundException", 404),
    ("agent-fail", {"Payload": b"{"}, "InvalidRequestContentException", 400),
    ("agent-fail", {"Payload": b'"' + b"x" * 6_291_456}, "RequestEntityTooLargeException", 413),
    (
        "agent-fail",
        {"Payload": b'"' + b"x" * 1_048_576, "InvocationType": "Event"},
        "RequestEntityTooLargeException",
        413,
    ),
    ("agent-fail", {"InvocationType": "Later"}, "InvalidParameterValueException", 400),
]


@pytest.mark.parametrize(
    ("name", "given", "code", "status"), REFUSED, ids=lambda value: str(value)[:40]
)
def test_a_request_that_lambda_refuses_is_refused(
    client: Any, name: str, given: dict[str, Any], code: str, status: int
) -> None:
    with pytest.raises(ClientError) as refused:
        client.invoke(FunctionName=name, **given)

    response = refused.value.response
    assert response["Error"]["Code"] == code
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_page_of_another_site_runs_no_function(server: LocalServer) -> None:
    path = "/2015-03-31/functions/ai-coordination-api/invocations"

    answer = server.ask("POST", path, "{}", {"content-type": "text/plain"})

    assert (answer.status, answer.json["Message"]) == (403, "Missing Authentication Token")


def test_a_changed_file_is_loaded_again_and_a_broken_one_can_be_corrected(folder: Path) -> None:
    file = folder / "changing.py"
    file.write_text("def one(text):\n    print('begins')\n    return 'first'\n")
    with running("--agents", str(file)) as server:
        first = outcome(run(server, one=WAITS)["one"])
        file.write_text("def one(text)\n    return 'second'\n")
        broken = run(server, one=WAITS, two={})
        file.write_text(
            "def one(text):\n    return 'third'\n\ndef two(text): raise OSError('No')\n"
        )
        corrected = run(server, one=WAITS, two={})
        server.stop()

    assert first == ("COMPLETED", "first")
    assert {(agent["state"], str(agent["notes"])[:13]) for agent in broken.values()} == {
        ("FAILED", "SyntaxError: ")
    }
    assert [outcome(corrected[name]) for name in ("one", "two")] == [
        ("COMPLETED", "third"),
        ("FAILED", "OSError: No (changing.py:4)"),
    ]
    # The console, without the times.
    lines = [re.sub(r"\d+\.\d s|\d+ ms", "…", line[9:]) for line in server.printed]
    expected = [
        "POST /graphql Task 200 …",
        "POST /graphql Start 200 …",
        "[agent-one] begins",
        "One COMPLETED, attempt 1, …",
        "[changing.py] cannot be loaded",
        "[changing.py] loaded: agent-one, agent-two",
        "[agent-two] OSError: No",
        "Two FAILED, attempt 1, …: OSError: No (changing.py:4)",
    ]
    assert [line for line in dict.fromkeys(lines) if line in expected] == expected
