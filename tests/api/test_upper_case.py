"""UUIDs may be given in upper case. Names are case-sensitive."""

import pytest

from tests.support.graph_api import create, new_agent, new_coordination

pytestmark = pytest.mark.usefixtures("tables")


def test_an_input_takes_uuids_in_upper_case_and_keys_know_them_again() -> None:
    key = {"coordinationUuid": new_coordination(), "idempotencyKey": "once"}
    task = create("createTask", {**key, "taskName": "A"})["taskUuid"]

    again = create("createTask", {**key, **_upper(key, "coordinationUuid"), "taskName": "A"})
    given = {**_upper(key, "coordinationUuid"), "taskUuid": task.upper()}
    session = create("createSession", given, "coordinationUuid taskUuid")
    place = {**key, "sessionUuid": session["sessionUuid"]}
    del place["idempotencyKey"]
    first = new_agent(place["coordinationUuid"], place["sessionUuid"])
    upper = _upper(place, "coordinationUuid", "sessionUuid")
    second = create(
        "createSessionAgent",
        {**upper, "agentUuid": "RAG", "predecessors": [first.upper()]},
        "sessionUuid agentUuid predecessorUuids",
    )

    assert again["taskUuid"] == task
    assert (session["coordinationUuid"], session["taskUuid"]) == (key["coordinationUuid"], task)
    assert second["predecessorUuids"] == [first]
    assert (second["sessionUuid"], second["agentUuid"]) == (session["sessionUuid"], "RAG")


def _upper(given: dict[str, str], *names: str) -> dict[str, str]:
    return {name: given[name].upper() for name in names}
