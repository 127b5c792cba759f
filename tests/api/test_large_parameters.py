"""Parameters of more than a kilobyte are stored once with the coordination."""

from typing import Any

import pytest

from ai_coordination import models
from tests.api.execution import FUNCTION, after, blueprint, echo, function, start, work_off
from tests.support.bucket import keys_in_bucket
from tests.support.graph_api import CALLER, Place, change, create, data, new_agent, new_session
from tests.support.lambda_service import LambdaService, returning
from tests.support.recording import Call, recorded_calls
from tests.support.stored import everything_stored, put_state, refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue", "bucket")

PROMPT = "You are € careful. " * 2_500
LARGE = {"prompt": PROMPT, "seconds": 0, "deep": [1.5, None, {"a": True}]}
READ, WRITE = Call("s3", "GetObject"), Call("s3", "PutObject")
MEMBERS = """query ($c: ID!) { coordination(coordinationUuid: $c) {
    agents { agentUuid runtime { kind target parameters } }
} }"""
NAMES = "query ($c: ID!) { coordination(coordinationUuid: $c) { agents { agentName } } }"
PINNED = """query ($s: ID!) { sessionAgents(sessionUuid: $s, first: 100) { nodes {
    agent { runtime { parameters } }
} } }"""
OF_AGENTS = """query ($s: ID!) { sessionAgents(sessionUuid: $s) { nodes {
    agentOutput agent { runtime { parameters } }
} } }"""


def coordination_of(members: list[dict[str, Any]]) -> str:
    given = {"coordinationName": "Offers", "agents": members}
    return str(create("createCoordination", given)["coordinationUuid"])


def parameters_of(coordination: str) -> list[Any]:
    agents = data(MEMBERS, {"c": coordination})["coordination"]["agents"]
    return [agent["runtime"]["parameters"] for agent in agents]


def agents_of(place: Place) -> list[dict[str, Any]]:
    return list(data(OF_AGENTS, {"s": place.session})["sessionAgents"]["nodes"])


def test_fifty_members_of_fifty_kilobytes_are_one_blueprint() -> None:
    each = [{**LARGE, "number": number} for number in range(50)]

    coordination = coordination_of([echo(f"a{n}", **given) for n, given in enumerate(each)])

    assert len(keys_in_bucket()) == 50
    assert all(f"/{coordination}/own/" in key for key in keys_in_bucket())
    assert PROMPT not in str(everything_stored())
    assert parameters_of(coordination) == each


def test_equal_parameters_are_kept_once_and_read_only_when_they_are_asked_for() -> None:
    coordination = coordination_of([echo(name, **LARGE) for name in ("a", "b", "c")])

    with recorded_calls() as for_names:
        data(NAMES, {"c": coordination})
    with recorded_calls() as for_parameters:
        found = parameters_of(coordination)

    assert len(keys_in_bucket()) == 1
    assert READ not in for_names
    assert for_parameters.count(READ) == 1
    assert found == [LARGE] * 3


def test_parameters_of_1024_bytes_are_still_in_their_items() -> None:
    room = 1_024 - len('{"p": ""}')

    inside = coordination_of([echo("a", p="x" * room)])
    assert keys_in_bucket() == []
    outside = coordination_of([echo("a", p="x" * (room + 1))])

    assert len(keys_in_bucket()) == 1
    assert parameters_of(inside) == [{"p": "x" * room}]
    assert parameters_of(outside) == [{"p": "x" * (room + 1)}]


def test_a_session_s_agents_name_the_parameters_and_put_nothing_anew() -> None:
    key = blueprint([echo("a", **LARGE), echo("b", fail="No", **LARGE)], [after("a")])
    with recorded_calls() as calls:
        place = start(key, taskQuery="Go")
    work_off()

    (agent,) = agents_of(place)
    assert WRITE not in calls
    assert agent == {"agentOutput": "Go", "agent": {"runtime": {"parameters": LARGE}}}
    assert PROMPT not in str(everything_stored())


def test_an_echo_does_what_its_large_parameters_say() -> None:
    action = after("a", retry={"maxAttempts": 1})
    place = start(blueprint([echo("a", fail="No", prompt=PROMPT)], [action]), taskQuery="Go")
    work_off()

    document = "query ($s: ID!) { sessionAgents(sessionUuid: $s) { nodes { state notes } } }"
    nodes = data(document, {"s": place.session})["sessionAgents"]["nodes"]

    assert nodes == [{"state": "FAILED", "notes": "No"}]


def test_a_function_gets_its_large_parameters_and_is_waited_for_as_they_say(
    functions: LambdaService,
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    parameters: dict[str, Any] = {"invocation": "RequestResponse", **LARGE}
    place = start(blueprint([function("a", **parameters)], [after("a")]), taskQuery="Go")
    work_off()

    (invocation,) = functions.invocations
    assert invocation.event["agent"]["parameters"] == parameters
    assert agents_of(place)[0]["agentOutput"] == "Done"


def older(coordination: str, *names: str) -> tuple[str, str]:
    """Gives a coordination members with large parameters as version 0.1.0 stored them; its key."""
    runtime: Any = models.AgentRuntime
    member: Any = models.Agent
    inside = runtime(kind="echo", parameters=LARGE)
    members = [member(agent_uuid=name, agent_name=name, runtime=inside) for name in names]
    here = CALLER.partition_key, coordination
    put_state(models.Coordination, *here, agents=members)
    return here


def test_members_of_an_older_version_are_pinned_with_the_session() -> None:
    key = blueprint([echo("a"), echo("b")], [after("a"), after("b")])
    here = older(key["coordinationUuid"], "a", "b")

    place = start(key, taskQuery="Go")
    work_off()

    assert [key.split("/")[3] for key in keys_in_bucket()] == [place.session]
    assert [one["agent"]["runtime"]["parameters"] for one in agents_of(place)] == [LARGE] * 2
    assert PROMPT in str(stored(models.Coordination, *here).agents[0].runtime.parameters)


def test_a_session_that_is_dispatched_names_the_parameters_too() -> None:
    coordination = coordination_of([echo("a", **LARGE)])
    place = Place(coordination, new_session(coordination, taskQuery="Go"))
    new_agent(*place, agentUuid="a")

    change("dispatchSession", place.key, "session { status }")
    work_off()

    (agent,) = agents_of(place)
    assert agent == {"agentOutput": "Go", "agent": {"runtime": {"parameters": LARGE}}}
    assert len(keys_in_bucket()) == 1


def test_a_session_keeps_the_parameters_with_which_it_started() -> None:
    key = blueprint([echo("a", **LARGE)], [after("a")])
    place = start(key, taskQuery="Go")
    coordination = {"coordinationUuid": key["coordinationUuid"]}
    other = {**LARGE, "prompt": PROMPT[::-1]}

    change("updateCoordination", {**coordination, "agents": [echo("a", **other)]}, "__typename")
    work_off()

    assert parameters_of(key["coordinationUuid"]) == [other]
    assert agents_of(place)[0]["agent"]["runtime"]["parameters"] == LARGE


def test_a_retry_with_current_members_invokes_with_their_large_parameters(
    functions: LambdaService,
) -> None:
    functions.deploy(FUNCTION, returning("Done"))
    place = failed([echo("a", fail="No", **LARGE)])
    parameters: dict[str, Any] = {"invocation": "RequestResponse", "prompt": PROMPT[::-1]}

    update_members(place, [function("a", **parameters)])
    with recorded_calls() as calls:
        change("retrySession", {**place.key, "withCurrentMembers": True}, "__typename")
    work_off()

    (invocation,) = functions.invocations
    assert not {READ, WRITE} & set(calls)
    assert invocation.event["agent"]["parameters"] == parameters
    (agent,) = agents_of(place)
    assert agent == {"agentOutput": "Done", "agent": {"runtime": {"parameters": parameters}}}
    assert all("/own/" in key for key in keys_in_bucket())
    assert len(keys_in_bucket()) == 2


def test_a_retry_pins_fifty_members_of_fifty_kilobytes() -> None:
    names = [f"a{number:02}" for number in range(50)]
    place = start(blueprint([echo(name) for name in names]), taskQuery="Go")
    change("cancelSession", place.key, "__typename")
    each = [{**LARGE, "name": name} for name in names]

    update_members(place, [echo(name, **one) for name, one in zip(names, each, strict=True)])
    with recorded_calls() as calls:
        change("retrySession", {**place.key, "withCurrentMembers": True}, "__typename")

    found = data(PINNED, {"s": place.session})["sessionAgents"]["nodes"]
    assert [one["agent"]["runtime"]["parameters"] for one in found] == each
    # The plan only names them, and so is small.
    assert not {READ, WRITE} & set(calls)
    assert PROMPT not in str(everything_stored())


def test_a_retry_keeps_the_inline_parameters_of_an_older_version_with_the_session() -> None:
    place = failed([echo("a", fail="No"), echo("b", fail="No")])
    older(place.coordination, "a", "b")

    change("retrySession", {**place.key, "withCurrentMembers": True}, "__typename")
    work_off()

    assert [key.split("/")[3] for key in keys_in_bucket()] == [place.session]
    found = [
        (one["agentOutput"], one["agent"]["runtime"]["parameters"]) for one in agents_of(place)
    ]
    assert found == [("Go", LARGE)] * 2
    assert PROMPT not in str(everything_stored()[models.SessionAgent.Meta.table_name])


def failed(members: list[dict[str, Any]]) -> Place:
    """A session of members that failed, side by side."""
    actions = [after(one["agentUuid"], retry={"maxAttempts": 1}) for one in members]
    place = start(blueprint(members, actions), taskQuery="Go")
    work_off()
    return place


def update_members(place: Place, members: list[dict[str, Any]]) -> None:
    given = {"coordinationUuid": place.coordination, "agents": members}
    change("updateCoordination", given, "__typename")


def test_the_parameters_are_deleted_with_their_coordination_and_not_before() -> None:
    coordination = coordination_of([echo("a", **LARGE)])
    session = new_session(coordination)
    key = {"coordinationUuid": coordination}
    assert refused("deleteCoordination", key)["code"] == "HAS_CHILDREN"
    work_off()
    assert len(keys_in_bucket()) == 1

    change("deleteSession", {**key, "sessionUuid": session}, "deletedId")
    change("deleteCoordination", key, "deletedId")
    work_off()

    assert keys_in_bucket() == []


def test_a_coordination_that_is_refused_leaves_no_parameters() -> None:
    members = [{**echo("a", **LARGE), "agentDescription": "x" * 310_000}]

    told = refused("createCoordination", {"coordinationName": "Offers", "agents": members})

    assert told == {"code": "PAYLOAD_TOO_LARGE", "inputPath": ["input", "agents"]}
    assert keys_in_bucket() == []
