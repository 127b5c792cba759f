"""Questions to somebody: people, and what they see of it."""

from collections.abc import Mapping
from typing import Any

from ai_coordination.caller import Caller
from tests.api.execution import after, echo, started
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, Place, ask, data

APPROVAL: Mapping[str, Any] = {"kind": "APPROVAL", "title": "Pay it?"}
LISTED = "ask { title assignee group claimedBy claimedAt askedAt dueAt }"
INBOX = f"""query ($of: InboxFilter, $task: ID, $first: Int, $after: String) {{
    openSessionAgents(
        state: WAITING_FOR_INPUT, of: $of, taskUuid: $task, first: $first, after: $after
    ) {{ nodes {{ sessionUuid agentUuid {LISTED} }} pageInfo {{ hasNextPage endCursor }} }}
}}"""


def person(user: str | None, *groups: str) -> Caller:
    return Caller("acme", "sales", user, "request-1", groups, context=SYSTEM)


MIA = person("mia", "finance", "ops")
MAX = person("max", "finance")
EVE = person("eve")
SERVICE = Caller("acme", "sales", None, "request-1", is_service=True, context=SYSTEM)
ROLE = Caller("acme", "sales", "arn:aws:sts::1:role/x", "r", is_service=True, context=SYSTEM)


def to(rule: Mapping[str, Any], query: str = "{}", **action: Any) -> Place:
    """A session whose agent `a` asks about its output, as the rule says, and `end` follows."""
    rules = {"ask": {**APPROVAL, **rule}, **action}
    actions = [after("a", **rules), after("end", "a")]
    return started([echo("a"), echo("end")], actions, taskQuery=query)


def asks(place: Place, caller: Caller = CALLER) -> list[tuple[str, str | None, str | None]]:
    """The agents of a session that have asked, and whom."""
    document = """query ($s: ID!) { sessionAgents(sessionUuid: $s, first: 100) { nodes {
        agentUuid ask { assignee group }
    } } }"""
    rows = data(document, {"s": place.session}, caller)["sessionAgents"]["nodes"]
    shown = [(row["agentUuid"], row["ask"]) for row in rows]
    return [(uuid, one["assignee"], one["group"]) for uuid, one in shown if one is not None]


def inbox(caller: Caller = MIA, **of: Any) -> list[str]:
    """The sessions with questions to somebody, in the order in which they are listed."""
    given = {"of": of or {"mine": True}}
    rows = data(INBOX, given, caller)["openSessionAgents"]["nodes"]
    return [row["sessionUuid"] for row in rows]


def message_of(mutation: str, given: Mapping[str, Any], caller: Caller) -> tuple[str, str]:
    """The code and the message of a mutation that must fail."""
    kind = mutation[0].upper() + mutation[1:] + "Input"
    document = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ __typename }} }}"
    (found,) = ask(document, {"input": given}, caller)["errors"]
    return found["extensions"]["code"], found["message"]
