"""Delegated work as a part of its session: budgets, large texts, many pieces, and cancellation."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine.agent.growth import grow, rest
from tests.api.budgeted import MOST, committed, seen
from tests.api.delegating import (
    BOSS,
    all_agents,
    begin,
    boss,
    events,
    runs,
    says,
    shown,
    team,
    work,
)
from tests.api.execution import (
    after,
    agents,
    blueprint,
    echo,
    external,
    function,
    listed,
    model,
    report,
    session,
    start,
    tell,
    work_off,
)
from tests.support.addresses import fetched
from tests.support.chat_server import ChatServer, saying
from tests.support.graph_api import Place, change, new_coordination, new_task
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning
from tests.support.model_kinds import Chat, Use
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")

LARGE = "€" * 150_000
DELEGATE = "delegateSessionAgent"


def test_who_delegates_gives_back_its_reservation_and_who_works_reserves_for_itself(
    models_server: ChatServer,
) -> None:
    """Only so much is left that the two never fit at the same time."""
    chat = Chat(models_server)
    replies = [chat.calls(Use("c1", "delegate_to_B", {"work": "Do it"})), saying("7"), saying("8")]
    during: list[tuple[int, list[Any]]] = []

    def look(request: Any) -> Reply:
        held = [agent.reserved_tokens for agent in all_agents(place)]
        during.append((committed(place) - sum(one or 0 for one in held), held))
        return replies.pop(0)

    models_server.behaviour = look
    members = [model(models_server.url, name, **MOST) for name in ("boss", "b")]
    key = {**blueprint(members, [boss("b")]), "subtaskQueries": []}
    place = start(key, taskQuery="Which?", budget={"tokens": 2_500})
    work_off()

    assert shown(place) == [("boss", "completed", "8"), ("b", "completed", "7")]
    used = [spent for spent, _ in during]
    assert used == [0, 37, 74]
    assert [[bool(one) for one in held] for _, held in during] == [
        [True],
        [False, True],
        [True, False],
    ]
    assert committed(place) == 3 * 37
    assert seen(place)["usage"] == {"inputTokens": 90, "outputTokens": 21}


def test_large_texts_of_a_delegation_are_kept_once_and_passed_on(
    functions: LambdaService, bucket: None
) -> None:
    pieces = [work("b", LARGE), work("b", LARGE, 0)]
    functions.deploy(BOSS, says({"delegate": pieces, "resume": LARGE}, "Done"))
    functions.deploy("agent-b", returning(LARGE))

    place = begin([function("boss", BOSS), *team("b")[1:]], boss("b"))
    # The boss gets an event, which Lambda limits to 1 MB, so it reports what it says.
    run = report(place, "boss")
    tell(DELEGATE, {**run, "work": pieces, "resume": LARGE})

    told = events(functions)[1]
    # Only one of them fits as it is.
    assert [one["agentOutput"] for one in told["delegated"]] == [LARGE, None]
    assert fetched(told["delegated"][1]["agentOutputUrl"]) == LARGE
    assert told["resume"] == LARGE
    top, one, two = all_agents(place)
    assert one.subtask_query == two.subtask_query
    assert one.subtask_query.size == len(LARGE.encode())
    assert runs(place)[0][3] == pieces
    assert [agent.state for agent in (top, one, two)] == ["in_progress", "completed", "completed"]


def test_many_pieces_are_written_in_chunks_and_all_results_come_together(
    functions: LambdaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grow, "MOST_AT_ONCE", 6)
    monkeypatch.setattr(rest, "CHUNK", 3)
    pieces = [work("b", f"{number}") for number in range(7)]
    functions.deploy(BOSS, says({"delegate": pieces}, "Done"))

    place = begin([*team(), echo("b")], boss("b"))

    told = events(functions)[1]
    assert [one["agentOutput"] for one in told["delegated"]] == list("0123456")
    assert session(place)["status"] == "COMPLETED"
    assert session(place)["progress"]["total"] == 8


def test_a_session_that_is_cancelled_while_work_is_delegated_ends_with_all_of_it() -> None:
    place = begin([external("boss"), external("b")], boss("b"))
    run = report(place, "boss")
    tell(DELEGATE, {**run, "work": [work("b"), work("b", "More", 0)]})
    (open_work,) = listed("IN_PROGRESS")

    change("cancelSession", place.key, "session { status }")
    work_off()

    assert session(place)["status"] == "CANCELLED"
    assert [agent.state for agent in all_agents(place)] == ["cancelled"] * 3
    assert listed("IN_PROGRESS") == []
    assert [run[2] for run in runs(place)] == ["DELEGATED"]
    assert [run[2] for run in runs(place, "b")] == ["CANCELLED"]
    assert open_work["agentUuid"] == "b"


def test_what_follows_waits_for_the_output_and_not_for_the_delegated_work(
    functions: LambdaService,
) -> None:
    functions.deploy(BOSS, says({"delegate": [work("b")]}, "Done"))

    place = begin([*team(), echo("b"), echo("end")], boss("b"), after("end", "boss"))

    found = agents(place)
    assert found["end"]["agentInput"].endswith("Agent BOSS\nDone")
    assert shown(place)[1:] == [("end", "completed", "Which?"), ("b", "completed", "Do it")]
    kept = stored(models.Session, place.coordination, place.session)
    assert kept.graph_size == kept.agent_count == 3


def test_members_are_those_of_the_start(functions: LambdaService) -> None:
    def renames(event: Any) -> Any:
        if event["turn"] == 1:
            members = [function("boss", BOSS, invocation="RequestResponse"), external("b")]
            given = {"coordinationUuid": event["coordinationUuid"], "agents": members}
            change("updateCoordination", given, "coordination { version }")
            return returning({"delegate": [work("b")]})
        return returning("Done")

    functions.deploy(BOSS, renames)

    place = begin([*team(), echo("b")], boss("b"))

    assert shown(place) == [("boss", "completed", "Done"), ("b", "completed", "Do it")]


def test_an_agent_in_a_loop_delegates_in_each_of_its_rounds(functions: LambdaService) -> None:
    """The body of a loop has the agent's `delegatesTo`, and what it delegates is below it."""

    def answer(event: Any) -> Any:
        if event["turn"] == 1:
            return returning({"delegate": [work("b", event["subtaskQuery"][:1])]})
        return returning(event["delegated"][0]["agentOutput"])

    functions.deploy(BOSS, answer)
    repeat = {"until": "round == `2`", "maxRounds": 3}

    place = begin([*team(), echo("b")], boss("b", repeat=repeat))

    found = [(agent.agent_uuid, int(agent.depth or 0)) for agent in all_agents(place)]
    assert found == [("boss", 0), ("boss", 1), ("b", 2), ("boss", 1), ("b", 2)]
    assert session(place)["status"] == "COMPLETED"
    assert agents(place)["boss"]["agentOutput"] == "W"


def retry(place: Place, **more: Any) -> None:
    change("retrySession", {**place.key, **more}, "session { status }")
    work_off()


def test_a_retry_of_a_cancelled_session_does_only_the_work_that_is_missing() -> None:
    place = begin([external("boss"), external("b"), echo("c")], boss("b", "c"))
    run = report(place, "boss")
    tell(DELEGATE, {**run, "work": [work("b"), work("c")], "resume": {"step": 1}})
    change("cancelSession", place.key, "session { status }")
    work_off()
    assert [agent.state for agent in all_agents(place)] == ["cancelled", "cancelled", "completed"]

    retry(place)
    (again,) = listed("IN_PROGRESS")
    tell("completeSessionAgent", {**report(place, "b"), "agentOutput": "Found"})

    assert again["agentUuid"] == "b"
    (now,) = listed("IN_PROGRESS")
    assert now["agentInput"].endswith(
        "which you have just delegated to agent B\nFound\n\n"
        f"[{now['currentRun']['runUuid'][-12:]}] Work 2, which you have just delegated to agent C\n"
        "Do it"
    )
    kept = all_agents(place)[0]
    assert (kept.turn, kept.attempt, kept.resume) == (2, 1, '{"step": 1}')
    assert [agent.run_count for agent in all_agents(place)] == [2, 2, 1]


def test_a_retry_of_an_agent_that_failed_after_its_delegation_begins_anew(
    functions: LambdaService,
) -> None:
    first = {"delegate": [work("b", "First")]}
    functions.deploy(
        BOSS, says(first, {"delegate": []}, {"delegate": [work("b", "Again")]}, "Done")
    )

    place = begin([*team(), echo("b")], boss("b", retry={"maxAttempts": 1}))
    assert session(place)["status"] == "FAILED"
    retry(place)

    assert session(place)["status"] == "COMPLETED"
    assert [(event["turn"], len(event["delegated"])) for event in events(functions)] == [
        (1, 0),
        (2, 1),
        (1, 0),
        (2, 1),
    ]
    found = [
        (agent.agent_uuid, agent.subtask_query, agent.superseded) for agent in all_agents(place)
    ]
    assert found == [("boss", "Which?", None), ("b", "First", True), ("b", "Again", None)]
    assert session(place)["progress"]["total"] == 2


def test_in_a_copy_of_a_task_the_rules_are_those_of_that_task(functions: LambdaService) -> None:
    """Also where the agent that runs the copy delegates itself."""
    functions.deploy(BOSS, says({"delegate": [work("b")]}, "Inner"))
    functions.deploy("agent-top", says({"delegate": [work("b")]}, "Outer"))
    top = function("top", "agent-top", invocation="RequestResponse")
    coordination = new_coordination(agents=[*team(), top, echo("b")])
    inner = new_task(
        coordination, agentActions=[boss("b"), after("b", timeoutSeconds=7)], subtaskQueries=[]
    )
    outer = new_task(
        coordination,
        agentActions=[
            after("top", taskUuid=inner, delegatesTo=["b"]),
            after("b", timeoutSeconds=9),
        ],
    )

    place = start({"coordinationUuid": coordination, "taskUuid": outer}, taskQuery="Which?")
    work_off()

    assert session(place)["status"] == "COMPLETED"
    found = [
        (agent.agent_uuid, int(agent.depth or 0), int(agent.agent_action.timeout_seconds))
        for agent in all_agents(place)
    ]
    assert found == [("top", 0, 300), ("boss", 1, 300), ("b", 2, 7), ("b", 1, 9)]
    told = events(functions, "agent-top")
    assert [[one["agentOutput"] for one in event["predecessors"]] for event in told] == [
        ["Inner"],
        ["Inner"],
    ]
    assert [[one["agentOutput"] for one in event["delegated"]] for event in told] == [[], ["Do it"]]
