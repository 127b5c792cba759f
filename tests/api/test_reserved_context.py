"""A model reserves what its thread and its input files need: their sizes, and not their limits."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ai_coordination.clients import clients
from ai_coordination.engine import message_handler
from ai_coordination.engine.agent import invoke
from ai_coordination.runtimes.history import SEPARATOR
from tests.api import budgeted
from tests.api.budgeted import MOST, QUERY, USED, committed, failed_at, item, models_of, seen
from tests.api.execution import after, agents, blueprint, external, report, start, work_off
from tests.api.test_reservations import caller_at
from tests.support.chat_server import ChatServer, saying
from tests.support.contexts import SYSTEM, At
from tests.support.graph_api import Place, change
from tests.support.http_server import Reply
from tests.support.recording import recorded_calls

pytestmark = pytest.mark.usefixtures("worked_queue")

THREAD = "thread-of-a-desk"
ANSWER = "Sixty pieces."
ALL: dict[str, Any] = {"history": {"of": "ALL"}}
NOTE = {"name": "note", "mediaType": "text/plain"}


def cap(**parameters: Any) -> int:
    """What a model with these parameters reserves without a thread and files."""
    return len(json.dumps({"model": "m-1", **MOST, **parameters})) + len(QUERY) + 100


def of_turns(*texts: str) -> int:
    """What is reserved for these texts of a thread."""
    return sum(len(text.encode()) + len(SEPARATOR) for text in texts)


class Desk:
    """One model, and sessions in one thread. `reserved` is what each call's agent had reserved."""

    def __init__(self, server: ChatServer, **parameters: Any) -> None:
        self.reserved: list[int] = []
        server.behaviour = self._answer
        self._key = blueprint(models_of(server, 1, **parameters))
        self.place: Place

    def ask(self, tokens: int = 1_000_000, **more: Any) -> None:
        given = {"taskQuery": QUERY, "threadUuid": THREAD, "budget": {"tokens": tokens}, **more}
        self.place = start(self._key, **given)
        work_off()

    def ask_again(self) -> None:
        """The agent was throttled: a minute later it is claimed again."""
        (agent,) = agents(self.place).values()
        assert (agent["state"], agent["attempt"], committed(self.place)) == ("INITIAL", 0, 0)
        context = At(moment=SYSTEM.utc() + timedelta(minutes=1))
        message_handler.agent_work(caller_at(context), item(self.place, "m0"))

    def _answer(self, request: Any) -> Reply:
        self.reserved += budgeted.reserved(self.place)
        return saying(ANSWER)


def meanwhile(patch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Something happens once, between the next claim and its call."""
    original = invoke.invoke

    def later(*given: Any) -> None:
        patch.setattr(invoke, "invoke", original)
        happens()
        original(*given)

    patch.setattr(invoke, "invoke", later)


def test_what_a_thread_has_is_reserved_and_no_more(models_server: ChatServer) -> None:
    desk = Desk(models_server)
    for _ in range(3):
        desk.ask()

    said = of_turns(QUERY, ANSWER)
    assert desk.reserved == [cap(), cap() + said, cap() + 2 * said]
    messages = models_server.requests[-1].body["messages"]
    assert [one["content"] for one in messages] == [QUERY, ANSWER, QUERY, ANSWER, QUERY]


def test_a_model_that_speaks_in_its_thread_for_the_first_time_reserves_for_its_input_alone(
    models_server: ChatServer,
) -> None:
    """What the agent before it has said is in its input already; and `history.of` is OWN."""
    beyond_the_input: list[int] = []

    def look(request: Any) -> Reply:
        (reserved,) = [one for one in budgeted.reserved(place) if one]
        told = [one["content"] for one in request.body["messages"]]
        beyond_the_input.append(reserved - len(told[-1].encode()))
        return saying(ANSWER)

    models_server.behaviour = look
    actions = [after("m0"), after("m1", "m0"), after("m2", "m1")]
    key = blueprint(models_of(models_server, 3), actions)
    place = start(key, taskQuery=QUERY, budget={"tokens": 2_000})
    work_off()

    assert beyond_the_input == [cap() - len(QUERY)] * 3
    assert seen(place)["status"] == "COMPLETED"


def test_all_that_others_have_said_in_the_thread_is_reserved_under_their_names(
    models_server: ChatServer,
) -> None:
    other = start(blueprint([external("other")]), taskQuery=QUERY, threadUuid=THREAD)
    work_off()
    say(other, "é" * 700)
    desk = Desk(models_server, **ALL)
    desk.ask()

    assert desk.reserved == [cap(**ALL) + of_turns("OTHER: " + "é" * 700)]


def say(place: Place, text: str) -> None:
    given = {**report(place, "other"), "agentOutput": text}
    change("completeSessionAgent", given, "sessionAgent { state }")


@pytest.mark.parametrize("is_enough", [True, False])
def test_what_is_said_in_the_thread_between_claim_and_call_is_reserved_before_the_call(
    models_server: ChatServer, monkeypatch: pytest.MonkeyPatch, is_enough: bool
) -> None:
    long = "é" * 700
    other = start(blueprint([external("other")]), taskQuery=QUERY, threadUuid=THREAD)
    work_off()
    desk = Desk(models_server, **ALL)
    meanwhile(monkeypatch, lambda: say(other, long))
    part = of_turns(f"OTHER: {long}")
    needed = cap(**ALL) + part

    desk.ask(needed if is_enough else needed - 1)

    if is_enough:
        assert desk.reserved == [needed]
        assert (seen(desk.place)["status"], committed(desk.place)) == ("COMPLETED", USED)
        return
    desk.ask_again()
    assert models_server.requests == []
    assert failed_at(desk.place) == (
        f"The session's budget of {needed - 1} tokens is used up: {needed - 1} are left, and M0"
        f" needs up to {needed}, {part} of them for the history of its thread"
    )


def test_a_text_among_the_input_files_is_reserved_with_its_name_and_an_image_is_not(
    models_server: ChatServer, place_of_files: str
) -> None:
    desk = Desk(models_server)
    image = {"name": "logo.png", "uri": f"{place_of_files}/logo.png"}
    desk.ask(inputFiles=[{**NOTE, "uri": f"{place_of_files}/note.txt"}, image])

    assert desk.reserved == [cap() + len("note\n\nCafé".encode())]


@pytest.mark.parametrize("inputs", ["NONE", "AUTO"])
def test_files_that_are_not_sent_reserve_nothing(
    models_server: ChatServer, place_of_files: str, inputs: str
) -> None:
    missing = "missing.txt" if inputs == "AUTO" else "note.txt"
    desk = Desk(models_server, inputFiles=inputs)
    desk.ask(cap(inputFiles=inputs), inputFiles=[{**NOTE, "uri": f"{place_of_files}/{missing}"}])

    (agent,) = agents(desk.place).values()
    notes = "The input file 'note' does not exist" if inputs == "AUTO" else None
    assert agent["notes"] == notes
    assert desk.reserved == ([] if inputs == "AUTO" else [cap(inputFiles=inputs)])


def test_a_file_that_was_replaced_by_a_larger_one_is_reserved_before_the_call(
    models_server: ChatServer, place_of_files: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"Bucket": "files", "Key": "in/acme/sales/note.txt"}
    desk = Desk(models_server)
    meanwhile(monkeypatch, lambda: clients("s3").put_object(**key, Body=b"x" * 900))
    needed = cap() + len("note\n\n") + 900

    desk.ask(needed - 1, inputFiles=[{**NOTE, "uri": f"{place_of_files}/note.txt"}])
    desk.ask_again()

    assert models_server.requests == []
    assert failed_at(desk.place).endswith(f"needs up to {needed}, 906 of them for input files")


def test_only_a_session_with_a_budget_looks_at_the_thread_before_its_claim(
    models_server: ChatServer,
) -> None:
    desk = Desk(models_server)
    desk.ask()
    made: list[list[str]] = []
    for budget in (None, {"tokens": 10_000}):
        with recorded_calls() as calls:
            desk.ask(budget=budget)
        made.append([one.operation for one in calls if one.service == "dynamodb"])

    without, with_budget = made
    assert {*without} == {*with_budget}
    assert len(with_budget) - len(without) == 3, "a Query, and a BatchGetItem of runs and of agents"
