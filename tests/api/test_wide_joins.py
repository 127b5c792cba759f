"""Joins whose inputs are larger than a function's payload: the inputs are in the bucket."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ai_coordination import models, texts
from ai_coordination.clients import clients
from ai_coordination.clients import functions as client
from ai_coordination.context import InvocationContext
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.runtimes import lambda_fitting
from ai_coordination.runtimes.base import Call
from tests.api.execution import after, agents, echo, function, session, start, work_off
from tests.support.addresses import fetched
from tests.support.bucket import BUCKET
from tests.support.graph_api import NOBODY, new_coordination, new_task
from tests.support.lambda_service import LambdaService, returning
from tests.support.recording import Call as Made
from tests.support.recording import recorded_calls

pytestmark = pytest.mark.usefixtures("bucket", "functions")

EVENT = client.LARGEST_EVENT_BYTES
WIDEST = 999
WRITE = Made("s3", "PutObject")


@pytest.fixture(scope="module", autouse=True)
def in_lambda(embedded_aws: EmbeddedAws) -> Iterator[None]:
    """The credentials of a role are in each address, and long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SESSION_TOKEN", "t" * 1_200)
        clients.forget()
        yield
    clients.forget()


def member(name: str, kind: str, **more: Any) -> models.Agent:
    runtime = models.AgentRuntime(kind=kind, **more)  # type: ignore[no-untyped-call]
    return models.Agent(agent_name=name, runtime=runtime)  # type: ignore[no-untyped-call]


def said(ordinal: int, output: models.Text) -> models.SessionAgent:
    """A predecessor that has completed."""
    return models.SessionAgent(
        session_uuid=NOBODY,
        session_agent_uuid=f"01900000-0000-7000-8000-{ordinal:012x}",
        coordination_uuid=NOBODY,
        partition_key="acme#sales",
        agent_uuid=f"a{ordinal}",
        member=member(f"Agent {ordinal}", "echo"),
        agent_action=models.AgentAction(),  # type: ignore[no-untyped-call]
        state="completed",
        agent_output=output,
        ordinal=ordinal,
    )


def call(
    outputs: list[Any],
    parameters: Any = None,
    files: list[models.InputFile] | None = None,
    tenant: str = "acme#sales",
) -> Call:
    """The call of a function that follows agents which have said this."""
    agent = said(WIDEST, None)  # type: ignore[arg-type]
    agent.partition_key = tenant
    agent.member = member("End", "lambda", target="f", parameters=parameters)
    agent.subtask_query = "Join them."
    agent.agent_input = texts.store(texts.Owner.of(agent), "x" * 2_000_000)
    session = models.Session(NOBODY, NOBODY, partition_key=tenant, input_files=files or [])
    return Call(
        session=session,
        agent=agent,
        run_uuid=NOBODY,
        attempt=1,
        deadline_at="2026-11-29T12:00:00.000000+00:00",
        seconds=300.0,
        parameters=parameters,
        context=InvocationContext(),
        predecessors=[said(ordinal, output) for ordinal, output in enumerate(outputs)],
    )


def outputs_of(predecessors: list[Mapping[str, Any]]) -> list[str]:
    """What they have said, read where it is."""
    return [one["agentOutput"] or fetched(one["agentOutputUrl"]) for one in predecessors]


@pytest.mark.parametrize("character", ["x", "\x01"])
def test_999_answers_that_items_hold_give_way_together_where_their_addresses_are_too_much(
    character: str,
) -> None:
    outputs = [character * texts.LARGEST_INLINE_BYTES] * WIDEST
    joined = call(outputs)

    with recorded_calls() as calls:
        body = lambda_fitting.body(joined, EVENT)
        assert lambda_fitting.body(joined, EVENT) != b""

    event = json.loads(body)
    assert len(body) < 10_000
    assert event["predecessors"] is None
    predecessors = json.loads(fetched(event["predecessorsUrl"]))
    assert [one["agentOutput"] for one in predecessors] == outputs
    assert predecessors[0]["agentName"] == "Agent 0"
    assert len(fetched(event["agentInputUrl"])) == 2_000_000
    # A repeat writes the same under the same name.
    assert calls.count(WRITE) == 2
    assert clients("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 2


def test_999_answers_that_the_bucket_keeps_are_addresses_in_one_document() -> None:
    kept = texts.store(texts.Owner("acme#sales", NOBODY, NOBODY), "€" * 2_000)

    body = lambda_fitting.body(call([kept] * WIDEST), EVENT)

    event = json.loads(body)
    assert len(body) < 10_000
    predecessors = json.loads(fetched(event["predecessorsUrl"]))
    assert [one["agentOutput"] for one in predecessors] == [None] * WIDEST
    assert outputs_of(predecessors[:1] + predecessors[-1:]) == ["€" * 2_000] * 2


def test_as_many_answers_that_items_hold_give_way_as_must() -> None:
    outputs = [chr(ord("a") + number % 26) * (4_000 - number) for number in range(300)]

    body = lambda_fitting.body(call(outputs), EVENT)

    predecessors = json.loads(body)["predecessors"]
    gone = [one["agentOutput"] is None for one in predecessors]
    # The longest go first; with one of them less it would not fit.
    count = sum(gone)
    assert gone == [True] * count + [False] * (300 - count)
    address = len(predecessors[0]["agentOutputUrl"])
    assert EVENT - (4_000 - address) < len(body) <= EVENT
    assert outputs_of(predecessors[:2]) == outputs[:2]
    assert [one["agentOutput"] for one in predecessors[count:]] == outputs[count:]


def test_parameters_and_input_files_are_documents_where_they_must_be() -> None:
    parameters = {"system": "\x01" * 390_000}
    uris = [f"s3://bucket/{'ä' * 150}/{number}" for number in range(1_000)]
    files = [models.InputFile(name="a", uri=one) for one in uris]  # type: ignore[no-untyped-call]

    body = lambda_fitting.body(call(["x" * 4_000] * 250, parameters, files), EVENT)

    event = json.loads(body)
    assert len(body) <= EVENT
    assert event["agent"]["parameters"] is None
    assert json.loads(fetched(event["agent"]["parametersUrl"])) == parameters
    # 2.3 MB of parameters and 1.1 MB of answers are gone: the files fit.
    assert event["predecessors"] is None
    assert [one["uri"] for one in event["inputFiles"]] == uris


def test_what_cannot_give_way_is_small_whatever_the_names() -> None:
    tenant = "😀" * 128 + "#" + "😀" * 128
    owner = texts.Owner(tenant, NOBODY, NOBODY)
    kept = texts.store(owner, "x" * 5_000)
    assert texts.read(tenant, kept) == "x" * 5_000
    joined = call(["x" * 4_096] * WIDEST, {"a": "x" * 1_000_000}, tenant=tenant)
    joined.session.user_id = "😀" * 256
    joined.agent.member.agent_name = "😀" * 256
    joined.agent.subtask_query = kept

    body = lambda_fitting.body(joined, 65_536)

    assert len(body) <= 65_536
    event = json.loads(body)
    assert len(json.loads(fetched(event["predecessorsUrl"]))) == WIDEST
    assert (event["context"]["endpointId"], event["context"]["userId"]) == ("😀" * 128, "😀" * 256)
    texts.clean_up(texts.cleanup_message(owner))
    assert clients("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_wide_join_into_a_function_completes(
    functions: LambdaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LARGEST_EVENT_BYTES", 50_000)
    functions.deploy("agent-writer", returning("Done"))
    coordination = new_coordination(agents=[echo("a"), function("end")])
    task = new_task(coordination, agentActions=[after("a"), after("end", "a")])
    queries = [{"agentUuid": "a", "subtaskQuery": f"{number:04}" * 1_000} for number in range(20)]
    queries.append({"agentUuid": "end", "subtaskQuery": "Join them."})

    place = start({"coordinationUuid": coordination, "taskUuid": task}, subtaskQueries=queries)
    work_off()

    (invocation,) = functions.invocations
    assert len(invocation.payload) <= 50_000
    assert outputs_of(invocation.event["predecessors"]) == [
        one["subtaskQuery"] for one in queries[:-1]
    ]
    assert agents(place)["end"]["state"] == "IN_PROGRESS"
    assert session(place)["status"] == "IN_PROGRESS"
