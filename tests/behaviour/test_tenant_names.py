"""Names that a tenant gives, which another tenant may give as well: keys, users and threads."""

import pytest

from ai_coordination.caller import Caller
from tests.graph_api import CALLER, data, new_coordination, new_run, new_session
from tests.mutations import creating, perform, prepared
from tests.stored import everything_stored

pytestmark = pytest.mark.usefixtures("tables")

# The ends of one's ids may be the beginnings of another's.
TENANTS = [
    CALLER,
    Caller("globex", "sales", "u-17"),
    Caller("acme", "sale", "u-17"),
    Caller("acm", "esales", "u-17"),
    Caller("sales", "acme", "u-17"),
    Caller("ACME", "sales", "u-17"),
]
OF_A_NAME = """{
  sessions(filter: {userId: "bob"}) { nodes { sessionUuid } }
  threadRuns(threadUuid: "thread-1") { nodes { runUuid } }
}"""


@pytest.mark.parametrize("name", creating())
def test_the_same_key_makes_an_entity_for_each_tenant(name: str) -> None:
    ids = []
    for caller in TENANTS:
        given = {**prepared(name, caller), "idempotencyKey": "once"}
        first, again = perform(name, given, caller), perform(name, given, caller)
        assert first == again
        ids += [one["id"] for one in first["data"][name].values()]

    assert len(set(ids)) == len(TENANTS)
    assert len(everything_stored()["ai-coordination-idempotency"]) == len(TENANTS)


def test_users_and_threads_of_the_same_name_are_each_tenants_own() -> None:
    shown = []
    for caller in TENANTS:
        coordination = new_coordination(caller)
        session = new_session(coordination, caller, userId="bob")
        run = new_run(coordination, session, caller, threadUuid="thread-1")
        shown.append(
            {
                "sessions": {"nodes": [{"sessionUuid": session}]},
                "threadRuns": {"nodes": [{"runUuid": run}]},
            }
        )

    assert [data(OF_A_NAME, caller=caller) for caller in TENANTS] == shown
