"""Functions that delegate work to other agents, and run again with the results."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine.agent import delegation
from tests.api.delegating import (
    BOSS,
    address,
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
    input_of,
    report,
    session,
    start,
    tell,
    work_off,
)
from tests.docs.pages import page
from tests.support.graph_api import Place
from tests.support.lambda_service import LambdaService, raising, returning
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")


def stored_session(place: Place) -> models.Session:
    return stored(models.Session, place.coordination, place.session)


def test_a_function_delegates_and_runs_again_with_the_results(functions: LambdaService) -> None:
    pieces = [work("b", "Find it"), work("c", "Price it"), work("b", "Sum it up", 0, 1)]
    functions.deploy(BOSS, says({"delegate": pieces, "resume": {"step": 1}}, "All done"))
    functions.deploy("agent-b", says("Found", "Sum"))
    functions.deploy("agent-c", returning("7 euros"))

    place = begin(team("b", "c"), boss("b", "c"))

    assert session(place)["status"] == "COMPLETED"
    assert shown(place) == [
        ("boss", "completed", "All done"),
        ("b", "completed", "Found"),
        ("c", "completed", "7 euros"),
        ("b", "completed", "Sum"),
    ]
    assert runs(place) == [(1, 1, "DELEGATED", pieces), (2, 1, "COMPLETED", "All done")]
    first, second = events(functions)
    assert [first[name] for name in ("turn", "resume", "delegated")] == [1, None, []]
    assert [one["agentUuid"] for one in first["delegates"]] == ["b", "c"]
    assert [second[name] for name in ("turn", "attempt", "resume")] == [2, 1, {"step": 1}]
    assert second["delegatedBefore"] == []
    assert second["predecessors"] == []
    assert second["delegated"] == [
        {
            "turn": 1,
            "index": index,
            "sessionAgentUuid": address(place, index + 1),
            "agentUuid": name,
            "agentName": name.upper(),
            "state": "COMPLETED",
            "agentOutput": output,
            "notes": None,
        }
        for index, (name, output) in enumerate([("b", "Found"), ("c", "7 euros"), ("b", "Sum")])
    ]
    told = {
        "Work 1, which you have just delegated to agent B": "Found",
        "Work 2, which you have just delegated to agent C": "7 euros",
        "Work 3, which you have just delegated to agent B": "Sum",
    }
    assert second["agentInput"] == input_of(agents(place)["boss"], "Which?", **told)
    # The third piece was told what those before it have said.
    assert events(functions, "agent-b")[1]["agentInput"].startswith("Sum it up\n")
    _, shown_work = page("reference/agent-payload").texts("json")
    assert all(f'"{name}":' in shown_work for name in second["delegated"][0])


def test_delegated_agents_have_a_place_of_their_own(functions: LambdaService) -> None:
    functions.deploy(BOSS, says({"delegate": [work("b"), work("b", "More", 0)]}, "Done"))
    functions.deploy("agent-b", returning("Found"))
    rules = after("b", delaySeconds=60, input="query", maxTurns=3, timeoutSeconds=7)

    place = begin(team("b"), boss("b"), rules)

    top, one, two = all_agents(place)
    assert (top.agent_uuid, top.successors, top.predecessors) == ("boss", None, None)
    for agent in (one, two):
        assert (agent.parent_ordinal, agent.depth, agent.round) == (top.ordinal, 1, 1)
        assert (agent.iteration, agent.turn) == (1, None)
        action = agent.agent_action
        assert (action.on_failure, action.timeout_seconds, action.max_turns) == ("continue", 7, 3)
        assert (list(action.predecessors), action.input, action.delay_seconds) == ([], None, 0)
    edges = one.successors, two.predecessors, two.successors
    assert edges == ({two.ordinal}, {one.ordinal}, {top.ordinal})
    threads = {agent.thread_uuid for agent in (top, one, two)}
    assert len(threads) == 3
    assert [one.item_index, two.item_index] == [0, 1]
    kept = stored_session(place)
    assert (kept.agent_count, kept.graph_size, kept.next_ordinal) == (3, 3, 3)


def test_a_failure_is_told_to_the_agent_and_ends_nothing_else(functions: LambdaService) -> None:
    functions.deploy(BOSS, says({"delegate": [work("b"), work("c"), work("c", "x", 0)]}, "Done"))
    functions.deploy("agent-b", raising("ValueError", "No data"))
    functions.deploy("agent-c", returning("Found"))
    once = {"retry": {"maxAttempts": 1}}

    begin(team("b", "c"), boss("b", "c"), after("b", **once))

    told = events(functions)[1]
    assert [(one["state"], one["agentOutput"], one["notes"]) for one in told["delegated"]] == [
        ("FAILED", None, "ValueError: No data"),
        ("COMPLETED", "Found", None),
        ("COMPLETED", "Found", None),
    ]
    assert "to agent B\nFAILED: ValueError: No data\n" in told["agentInput"]


def test_results_of_earlier_turns_are_told_apart(functions: LambdaService) -> None:
    turns = [{"delegate": [work("b", "One")]}, {"delegate": [work("c", "Two")]}, "Done"]
    functions.deploy(BOSS, says(*turns))
    functions.deploy("agent-b", returning("First"))
    functions.deploy("agent-c", returning("Second"))

    place = begin(team("b", "c"), boss("b", "c"))

    last = events(functions)[2]
    assert [(one["turn"], one["agentOutput"]) for one in last["delegatedBefore"]] == [(1, "First")]
    assert [(one["turn"], one["agentOutput"]) for one in last["delegated"]] == [(2, "Second")]
    told = {
        "Work 1, which you delegated in turn 1 to agent B": "First",
        "Work 1, which you have just delegated to agent C": "Second",
    }
    assert last["agentInput"] == input_of(agents(place)["boss"], "Which?", **told)
    assert [(turn, outcome) for turn, _, outcome, _ in runs(place)] == [
        (1, "DELEGATED"),
        (2, "DELEGATED"),
        (3, "COMPLETED"),
    ]


def test_a_question_and_delegations_take_turns(functions: LambdaService) -> None:
    replies = [
        {"delegate": [work("b")]},
        {"question": "Which one?", "resume": {"asked": 1}},
        {"delegate": [work("b")]},
        "Done",
    ]
    functions.deploy(BOSS, says(*replies))
    functions.deploy("agent-b", returning("Found"))
    place = begin(team("b"), boss("b"))

    tell("answerSessionAgent", {**report(place, "boss"), "userInput": "The first"})

    assert session(place)["status"] == "COMPLETED"
    told = [
        (event["reply"], event["resume"], len(event["delegated"]), len(event["delegatedBefore"]))
        for event in events(functions)
    ]
    reply = {"question": "Which one?", "answer": "The first"}
    assert told == [
        (None, None, 0, 0),
        (None, None, 1, 0),
        (reply, {"asked": 1}, 0, 1),
        (None, None, 1, 1),
    ]


def test_wrong_work_fails_an_attempt_and_the_next_one_may_correct_it(
    functions: LambdaService,
) -> None:
    wrong, right = [work("b"), work("d")], [work("b")]
    functions.deploy(BOSS, says({"delegate": wrong}, {"delegate": right}, "Done"))
    functions.deploy("agent-b", returning("Found"))

    place = begin(team("b", "d"), boss("b"))

    notes = "The agent's delegation cannot be taken: This agent cannot delegate to 'd'. It can to"
    assert runs(place) == [
        (1, 1, "FAILED", f"{notes} 'b' (delegate.1.agentUuid)"),
        (1, 2, "DELEGATED", right),
        (2, 1, "COMPLETED", "Done"),
    ]
    assert len(all_agents(place)) == 2


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({}, "cannot be read: This must be a list of work (delegate)"),
        ([7], "cannot be read: This must be an object with agentUuid and subtaskQuery"),
        (
            [work("b")] * 2_000,
            "cannot be taken: A delegation has 1 to 100 pieces of work, and this",
        ),
        ([work("\ud800")], "cannot be taken: This agent cannot delegate to '\\ud800'. It can to"),
        ([work("b", "\ud800")], "cannot be taken: "),
        ([work("b", "x" * 1_900_000)] * 2, "cannot be taken: All pieces of work together have at"),
        ([work("b", "x", 10**30)], "cannot be taken: This is not the place of an earlier piece"),
    ],
)
def test_whatever_is_wrong_with_work_the_attempt_fails_with_a_note_and_nothing_is_added(
    functions: LambdaService, wrong: Any, problem: str
) -> None:
    functions.deploy(BOSS, says({"delegate": wrong}, "Done"))

    place = begin(team("b"), boss("b"))

    (_, _, failed, notes), *_ = runs(place)
    assert failed == "FAILED"
    assert problem in notes
    assert shown(place)[0] == ("boss", "completed", "Done")
    assert len(all_agents(place)) == 1
    assert events(functions)[1]["lastFailure"] == notes


def test_in_its_last_turn_an_agent_is_told_so_and_a_delegation_fails_it(
    functions: LambdaService,
) -> None:
    functions.deploy(BOSS, says({"delegate": [work("b")]}, {"delegate": [work("b")]}))
    functions.deploy("agent-b", returning("Found"))

    place = begin(team("b"), boss("b", maxTurns=2))

    first, last = events(functions)
    assert [first["isLastTurn"], last["isLastTurn"]] == [False, True]
    assert (len(first["delegates"]), last["delegates"]) == (1, [])
    assert last["agentInput"].endswith(
        "] Your last turn\nNothing more can be delegated. Answer now."
    )
    assert shown(place)[0] == ("boss", "failed", delegation.LAST_TURN.format(2))
    assert session(place)["status"] == "FAILED"


def test_delegated_agents_delegate_too_but_not_without_end(functions: LambdaService) -> None:
    """Each of two members delegates to the other one."""

    def passes_on(other: str) -> Any:
        def answer(event: Any) -> Any:
            if event["turn"] == 1 and event["delegates"]:
                return returning({"delegate": [work(other)]})
            return returning(f"{event['agent']['agentUuid']} {len(event['delegated'])}")

        return answer

    functions.deploy(BOSS, passes_on("b"))
    functions.deploy("agent-b", passes_on("boss"))

    place = begin(team("b"), boss("b"), after("b", "boss", delegatesTo=["boss"]))

    found = [agent for agent in all_agents(place) if agent.agent_uuid == "boss" or agent.depth]
    assert [int(agent.depth or 0) for agent in found] == [0, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5]
    assert session(place)["status"] == "COMPLETED"


def test_a_session_has_at_most_1_000_agents_and_nothing_is_added_beyond(
    functions: LambdaService,
) -> None:
    functions.deploy(BOSS, returning({"delegate": [work("b")] * 3}))
    key = blueprint(team("b"), [boss("b")])
    place = start({**key, "subtaskQueries": []}, taskQuery="Which?")
    kind = models.Session
    kind(place.coordination, place.session).update([kind.graph_size.set(998)])

    work_off()

    (agent,) = all_agents(place)
    assert agent.notes == (
        "The agent's delegation cannot be taken: A session has at most 1000 agents: there is room"
        " for 2 more, and not for 3"
    )
    assert (agent.state, agent.attempt) == ("failed", 1)


def test_a_member_without_an_action_works_by_the_usual_rules(functions: LambdaService) -> None:
    functions.deploy(BOSS, says({"delegate": [work("b")]}, "Done"))
    functions.deploy("agent-b", returning("Found"))

    place = begin(team("b"), boss("b"))

    action = all_agents(place)[1].agent_action
    assert (action.on_failure, action.timeout_seconds, action.max_turns) == ("continue", 300, 10)
