"""Of a text, the first characters alone can be asked for; of one in the bucket no more are read."""

from typing import Any

import pytest

from tests.api.execution import blueprint, external, report, start, tell, work_off
from tests.support.graph_api import Place, ask, data, error
from tests.support.recording import recorded_parameters

pytestmark = pytest.mark.usefixtures("tables", "worked_queue", "bucket")

# Of two, three and four bytes, so that each range ends in the middle of one.
LARGE = "aé€𝄞" * 1_000
DOCUMENT = """query ($c: ID!, $s: ID!, $n: Int) { session(coordinationUuid: $c, sessionUuid: $s) {
    taskQuery(firstCharacters: $n)
    output(firstCharacters: $n)
    sessionAgents { nodes {
        userInput(firstCharacters: $n)
        agentInput(firstCharacters: $n)
        agentOutput(firstCharacters: $n)
    } }
    sessionRuns { nodes { output(firstCharacters: $n) } }
} }"""


def ended(said: str) -> Place:
    place = start(blueprint([external("a")]), taskQuery=said)
    work_off()
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": said})
    return place


def shown(place: Place, first: int | None) -> list[str | None]:
    given = {"c": place.coordination, "s": place.session, "n": first}
    session: dict[str, Any] = data(DOCUMENT, given)["session"]
    (agent,), (run,) = session["sessionAgents"]["nodes"], session["sessionRuns"]["nodes"]
    assert agent["userInput"] is None
    texts = session["taskQuery"], session["output"], agent["agentInput"], agent["agentOutput"]
    return [*texts, run["output"]]


@pytest.mark.parametrize("said", ["aé€𝄞", LARGE], ids=["in the item", "in the bucket"])
def test_each_text_is_cut_after_so_many_characters(said: str) -> None:
    place = ended(said)

    for first in (1, 2, 3, 4, 5, 3_999, 4_000, 100_000):
        assert shown(place, first) == [said[:first]] * 5
    assert shown(place, None) == [said] * 5


def test_the_start_of_a_text_in_the_bucket_is_read_once_and_by_range() -> None:
    place = ended(LARGE)

    with recorded_parameters("GetObject") as reads:
        shown(place, 200)

    assert [read["Range"] for read in reads] == ["bytes=0-799"]


@pytest.mark.parametrize("first", [0, -1, 100_001])
def test_no_other_number_of_characters_is_taken(first: int) -> None:
    place = ended("Yes")
    given = {"c": place.coordination, "s": place.session, "n": first}
    query = """query ($c: ID!, $s: ID!, $n: Int) {
        session(coordinationUuid: $c, sessionUuid: $s) { taskQuery(firstCharacters: $n) } }"""

    assert error(query, given) == {"code": "BAD_USER_INPUT", "inputPath": ["firstCharacters"]}
    assert ask(query, given)["data"] == {"session": {"taskQuery": None}}
