"""Agents that call nothing: what the output of a join is."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ai_coordination.runtimes import joined_outputs
from tests.api.execution import after, agents, echo, external, report, started, states, tell
from tests.support.graph_api import Place

pytestmark = pytest.mark.usefixtures("worked_queue")

LARGE = "x" * 10_000


def joining(uuid: str = "join") -> dict[str, Any]:
    return {"agentUuid": uuid, "agentName": "Join", "runtime": {"kind": "PASS"}}


def joined(said: Mapping[str, str | None], **actions: dict[str, Any]) -> Place:
    """A session of external agents and a join, after each has said this, or has failed."""
    names = [after(name, onFailure="CONTINUE", **actions.get(name, {})) for name in said]
    place = started([*map(external, said), joining()], [*names, after("join", *said)])
    for name, text in said.items():
        if text is None:
            tell("failSessionAgent", {**report(place, name), "notes": "No", "retryable": False})
        else:
            tell("completeSessionAgent", {**report(place, name), "agentOutput": text})
    return place


def output(place: Place) -> str:
    agent = agents(place)["join"]
    assert (agent["state"], agent["attempt"]) == ("COMPLETED", 1)
    return str(agent["agentOutput"])


def test_without_a_predecessor_the_output_is_the_query() -> None:
    place = started([joining(), echo("b")], [after("join"), after("b", "join")])

    assert output(place) == "Which?"
    assert states(place) == {"join": "COMPLETED", "b": "COMPLETED"}


@pytest.mark.parametrize(("said", "told"), [(' {"a": 1.50}\n', ' {"a": 1.50}\n'), (None, "")])
def test_with_one_predecessor_it_is_its_output_unchanged(said: str | None, told: str) -> None:
    assert output(joined({"a": said})) == told


def test_with_several_it_is_an_object_whose_members_the_graph_decides() -> None:
    said = {
        "price": ' {"usd": 1.50, "big": 12345678901234567890.10}\n',
        "tags": "[1]",
        "text": 'Say "yes"\nto Zoë',
        "number": "7",
        "not-json": '{"a": NaN}',
        "empty": "",
        "failed": None,
    }

    joint = output(joined(said))

    assert json.loads(joint, parse_float=str) == {
        "price": {"usd": "1.50", "big": "12345678901234567890.10"},
        "tags": [1],
        "text": 'Say "yes"\nto Zoë',
        "number": "7",
        "not-json": '{"a": NaN}',
        "empty": "",
        "failed": None,
    }


@pytest.mark.parametrize("others", [{}, {"b": "B"}])
def test_what_a_person_told_a_predecessor_is_part_of_its_value(others: dict[str, str]) -> None:
    place = joined({"a": "Which tea?", **others}, a={"userInTheLoop": "INPUT"})
    assert states(place)["join"] == "INITIAL"

    tell("answerSessionAgent", {**report(place, "a"), "userInput": "Oolong"})

    value = {"agentOutput": "Which tea?", "userInput": "Oolong"}
    assert json.loads(output(place)) == ({"a": value, **others} if others else value)


def test_agents_of_one_uuid_share_a_list() -> None:
    queries = [{"agentUuid": "a", "subtaskQuery": text} for text in ("1", "2")]
    place = started(
        [echo("a"), joining()], [after("a"), after("join", "a")], subtaskQueries=queries
    )

    assert sorted(json.loads(output(place))["a"]) == ["1", "2"]


@pytest.mark.usefixtures("bucket")
def test_a_value_that_does_not_fit_is_named_with_its_size_and_the_others_are_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(joined_outputs, "LARGEST_BYTES", 20_000)
    # The third needs twice its bytes as JSON, and only then is found not to fit.
    said = {"a": LARGE, "b": LARGE * 2, "c": '"' * 6_000, "d": "D", "e": LARGE}
    place = joined(said)

    joint = output(place)

    assert len(joint) <= 20_000
    uuids = {name: one["sessionAgentUuid"] for name, one in agents(place).items()}
    assert json.loads(joint) == {
        "a": LARGE,
        "b": {"sessionAgentUuid": uuids["b"], "bytes": 20_000},
        "c": {"sessionAgentUuid": uuids["c"], "bytes": 6_000},
        "d": "D",
        "e": {"sessionAgentUuid": uuids["e"], "bytes": 10_000},
    }


@pytest.mark.usefixtures("bucket")
def test_a_large_output_of_one_predecessor_is_not_copied() -> None:
    place = joined({"a": LARGE})

    assert output(place) == LARGE
