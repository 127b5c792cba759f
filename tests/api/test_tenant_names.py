"""Names that several tenants may use: idempotency keys, users and threads."""

import pytest

from ai_coordination.caller import Caller
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, data, new_coordination, new_run, new_session
from tests.support.mutations import creating, perform, prepared
from tests.support.stored import everything_stored

pytestmark = pytest.mark.usefixtures("tables")

# The ends of one's ids may be the beginnings of another's.
TENANTS = [
    CALLER,
    Caller("globex", "sales", "u-17", context=SYSTEM),
    Caller("acme", "sale", "u-17", context=SYSTEM),
    Caller("acm", "esales", "u-17", context=SYSTEM),
    Caller("sales", "acme", "u-17", context=SYSTEM),
    Caller("ACME", "sales", "u-17", context=SYSTEM),
]
# In UTF-8 one of these has four bytes: tenant and name together are longer than a hash key.
LONGEST = Caller("𝄞" * 128, "𝄢" * 128, "u-17", context=SYSTEM)
LONGEST_NAME = "🦊" * 256
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


@pytest.mark.parametrize("name", creating())
def test_the_longest_key_of_the_longest_tenant_makes_one_entity(name: str) -> None:
    keys = [LONGEST_NAME, LONGEST_NAME[:-1] + "x"]
    given = [{**prepared(name, LONGEST), "idempotencyKey": key} for key in keys]

    made = [perform(name, one, LONGEST) for one in given for _ in range(2)]

    assert made[0] == made[1]
    assert made[2] == made[3]
    assert made[0] != made[2]
    assert len(everything_stored()["ai-coordination-idempotency"]) == len(keys)


def test_the_longest_user_and_thread_of_the_longest_tenant_are_found_again() -> None:
    coordination = new_coordination(LONGEST)
    session = new_session(coordination, LONGEST, userId=LONGEST_NAME)
    new_session(coordination, LONGEST, userId=LONGEST_NAME[:-1])
    run = new_run(coordination, session, LONGEST, threadUuid=LONGEST_NAME)
    new_run(coordination, session, LONGEST, threadUuid=LONGEST_NAME[:-1])
    document = """query ($name: String!, $thread: ID!) {
      sessions(filter: {userId: $name}) { nodes { sessionUuid } }
      threadRuns(threadUuid: $thread) { nodes { runUuid } }
    }"""

    found = data(document, {"name": LONGEST_NAME, "thread": LONGEST_NAME}, LONGEST)

    assert found == {
        "sessions": {"nodes": [{"sessionUuid": session}]},
        "threadRuns": {"nodes": [{"runUuid": run}]},
    }
