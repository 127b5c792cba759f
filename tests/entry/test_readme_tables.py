"""What README.md lists is what there is: variables, codes, limits, targets, files and links."""

import re
from typing import Any

import pytest

from ai_coordination.api import pagination
from ai_coordination.api.documents import prepared
from ai_coordination.api.enums import ErrorCode
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.api.transport import events, http, negotiation
from ai_coordination.caller import LONGEST_TENANT_ID
from ai_coordination.config import PREFIX, Settings
from ai_coordination.errors import EngineError
from ai_coordination.models import reads, sizes
from ai_coordination.services import rules, session_agent, validation
from tests.entry.readme import CODE, README, ROOT, table

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


class _Asked(dict[str, str]):
    """An empty environment that remembers what it was asked for."""

    def get(self, name: str, default: Any = None) -> Any:
        self[name] = ""
        return default


def test_the_variables_are_those_that_are_read_and_their_defaults_are_right() -> None:
    asked = _Asked()
    settings = Settings.from_environment(asked)
    rows = table("Configuration")

    ours = {name: default for name, (default, _) in rows.items() if name.startswith(PREFIX)}

    assert ours == {
        name: _written(getattr(settings, name.removeprefix(PREFIX).lower()))
        for name in asked
        if name.startswith(PREFIX)
    }
    assert asked.keys() <= rows.keys()


def _written(default: Any) -> str:
    return f"`{str(default).lower()}`" if default not in (None, ()) else ""


def test_the_error_codes_and_their_statuses_are_right() -> None:
    rows = table("Errors")

    assert {code: row[2] for code, row in rows.items()} == {
        code.name: str(_status(code.name)) for code in ErrorCode._meta.enum
    }


def _status(code: str) -> int:
    """Of a request that fails with this code before anything is executed."""
    error = type("Failing", (EngineError,), {"code": code})("no")

    def fail(request: GraphQLRequest) -> Any:
        raise error

    accept = {"content-type": negotiation.JSON, "accept": negotiation.GRAPHQL_RESPONSE}
    request = http.HttpRequest("POST", accept, "", b'{"query": "{ __typename }"}')
    return http.respond(request, fail, Settings(), "request-1").status


LIMITS: dict[str, tuple[int, ...]] = {
    "request over HTTP": (Settings.max_body_bytes,),
    "answer": (Settings.max_answer_bytes,),
    "document": (prepared.MAX_CHARACTERS, prepared.MAX_LINES, Settings.max_tokens),
    "depth": (Settings.max_depth,),
    "cost": (Settings.max_cost,),
    "page": (1, pagination.LARGEST_PAGE, pagination.DEFAULT_PAGE),
    "text": (validation.LONGEST_TEXT_BYTES,),
    "entity": (sizes.LARGEST_BYTES,),
    "what an agent is told, as one text": (validation.LONGEST_TEXT_BYTES // 2**20,),
    "JSON value": (validation.DEEPEST_JSON,),
    "name": (validation.LONGEST_NAME,),
    "uri of an input file": (validation.LONGEST_URI,),
    "agentUuid": (128,),
    "elements of a list": (validation.MOST_ELEMENTS,),
    "agents of a session": (session_agent.MOST_AGENTS,),
    "predecessors of a session agent": (session_agent.MOST_PREDECESSORS,),
    "timeouts": (1, rules.LONGEST_SECONDS),
    "attempts": (1, rules.MOST_ATTEMPTS),
    "time of a request": (int(events.LONGEST_SECONDS),),
}


def test_the_limits_are_those_of_the_code() -> None:
    rows = table("Limits")

    found = {
        name: tuple(int(number.replace(",", "")) for number in re.findall(r"\b[\d,]*\d\b", row[0]))
        for name, row in rows.items()
    }

    assert {name: found[name][: len(numbers)] for name, numbers in LIMITS.items()} == LIMITS
    assert rows.keys() == LIMITS.keys()
    reading = f"{reads.MOST_READS_OF_A_PAGE} times {reads.ROWS_OF_A_FILTERED_READ} rows"
    assert reading in rows["page"][1]
    assert f"1 to {LONGEST_TENANT_ID} printable characters" in README
    assert validation.LONGEST_KEY == validation.LONGEST_NAME


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["readme", "contributing"])
def test_what_is_named_is_there(text: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = "\n".join(
        [*CODE.findall(text), *re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]
    )

    made = re.findall(r"\bmake ([a-z][a-z-]*)", code)
    files = re.findall(r"\bevents/[\w-]+\.json", code.replace("NAME", "direct"))
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", text)
    headings = {re.sub(r"[^a-z -]", "", one.lower()).replace(" ", "-") for one in _headings(text)}

    assert set(made) <= targets
    assert [path for path in [*files, *links] if not (ROOT / path).exists()] == []
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


def _headings(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.MULTILINE)
