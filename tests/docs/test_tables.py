"""The tables of the documentation are complete: settings, errors, limits, metrics and links."""

import re
from collections.abc import Sequence
from typing import Any

from ai_coordination import expressions, models
from ai_coordination.api import metering, pagination
from ai_coordination.api.documents import cache
from ai_coordination.api.enums import ErrorCode
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.api.transport import events, groups, http, negotiation
from ai_coordination.caller import (
    MAX_GROUP_CHARACTERS,
    MAX_TENANT_ID_CHARACTERS,
    MAX_USER_ID_CHARACTERS,
)
from ai_coordination.config import PREFIX, Settings
from ai_coordination.engine.agent import delegated, delegation
from ai_coordination.engine.planning import variables
from ai_coordination.errors import EngineError
from ai_coordination.models import allowance, reads, sizes
from ai_coordination.runtimes import base, output_schema
from ai_coordination.runtimes.tools import conversation, parameters, toolbox
from ai_coordination.services import (
    agent_rules,
    ask_rules,
    control_flow,
    labels,
    nested_tasks,
    session_membership,
    validation,
)
from tests.docs.pages import CODE, GENERATED, PAGES, README, ROOT, Page, name_of, page
from tests.support.cases import each


class _Asked(dict[str, str]):
    """An empty environment that remembers what it was asked for."""

    def get(self, name: str, default: Any = None) -> Any:
        self[name] = ""
        return default


def test_the_variables_are_those_that_are_read_and_their_defaults_are_right() -> None:
    asked = _Asked()
    settings = Settings.from_environment(asked)
    rows = page("reference/configuration").rows()

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
    rows = page("reference/errors").rows()

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
    "request over HTTP": (Settings().max_body_bytes,),
    "response": (Settings().max_answer_bytes,),
    "document": (cache.MAX_CHARACTERS, cache.MAX_LINES, Settings().max_tokens),
    "depth": (Settings().max_depth,),
    "cost": (Settings().max_cost,),
    "reads of a query": (allowance.MOST_UNITS, allowance.MOST_BYTES // 1_000_000),
    "fields of a response": (metering.MAX_VALUES,),
    "page": (1, pagination.MAX_PAGE_SIZE, pagination.DEFAULT_PAGE_SIZE),
    "text": (validation.LONGEST_TEXT_BYTES,),
    "entity": (sizes.LARGEST_BYTES,),
    "input of an agent, as one text": (validation.LONGEST_TEXT_BYTES // 2**20,),
    "JSON value": (validation.DEEPEST_JSON,),
    "name": (validation.LONGEST_NAME,),
    "groups of a caller": (groups.MOST_GROUPS,),
    "uri of an input file": (validation.LONGEST_URI,),
    "agentUuid": (128,),
    "elements of a list": (validation.MOST_ELEMENTS,),
    "agents of a session": (validation.MOST_AGENTS,),
    "labels of a session": (labels.MOST_LABELS,),
    "predecessors of a session agent": (session_membership.MOST_PREDECESSORS,),
    "timeouts": (1, agent_rules.LONGEST_SECONDS),
    "attempts": (1, agent_rules.MOST_ATTEMPTS),
    "throttling": (int(base.THROTTLE_SECONDS),),
    "tools of a model": (parameters.MOST_TOOLS, toolbox.MOST_TOOLS),
    "turns of an agent": (1, agent_rules.MOST_TURNS),
    "expression": (expressions.MOST_CHARACTERS,),
    "sub-tasks of a task": (nested_tasks.MOST_TASKS, nested_tasks.DEEPEST),
    "delay": (0, control_flow.LONGEST_DELAY_SECONDS),
    "elements at the same time": (1, control_flow.MOST_AT_A_TIME),
    "tolerated failures": (0, control_flow.MOST_TOLERATED_FAILURES),
    "what the elements of a list are told": (variables.MOST_BYTES // 1024**2,),
    "rounds": (1, control_flow.MOST_ROUNDS),
    "members to delegate to": (control_flow.MOST_DELEGATES,),
    "delegated work": (delegation.MOST_PIECES, 2, delegated.MOST_DEPTH),
    "output schema": (output_schema.LARGEST_BYTES,),
    "form of a question": (output_schema.LARGEST_BYTES,),
    "options of a choice": (ask_rules.FEWEST_OPTIONS, ask_rules.MOST_OPTIONS),
    "default answer": (ask_rules.LARGEST_DEFAULT_BYTES,),
    "rounds with tools": (1, parameters.PROPERTIES["maxRounds"]["maximum"]),
    "result of a tool": (conversation.LONGEST_RESULT,),
    "time of a request": (int(events.MAX_SECONDS),),
}


def test_the_limits_are_those_of_the_code() -> None:
    rows = page("reference/limits").rows()

    found = {
        name: tuple(int(number.replace(",", "")) for number in re.findall(r"\b[\d,]*\d\b", row[0]))
        for name, row in rows.items()
    }

    assert {name: found[name][: len(numbers)] for name, numbers in LIMITS.items()} == LIMITS
    assert rows.keys() == LIMITS.keys()
    reading = f"{reads.MOST_READS_OF_A_PAGE} times {reads.ROWS_OF_A_FILTERED_READ} rows"
    assert reading in rows["page"][1]
    assert f"1 to {MAX_TENANT_ID_CHARACTERS} printable characters" in page("concepts/tenancy").text
    of_groups = rows["groups of a caller"][1]
    assert f"1 to {MAX_GROUP_CHARACTERS} printable characters" in of_groups
    assert f"at most {MAX_USER_ID_CHARACTERS}" in of_groups
    assert validation.LONGEST_KEY == validation.LONGEST_NAME == MAX_GROUP_CHARACTERS


def test_the_metrics_are_those_that_are_counted() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "ai_coordination").rglob("*.py"))
    sent = {*re.findall(r'(?:count|measure|add_metric)\("([A-Z]\w+)"', code)}
    computed = tuple(re.findall(r'telemetry\.count\(f"([A-Z]\w+){', code))

    metrics = page("reference/metrics-and-logs").rows("Metrics")

    assert sent <= metrics.keys()
    assert {*computed} == {"Agents", "Firings", "Sessions"}
    others = [name for name in metrics if not name.startswith(computed)]
    assert [name for name in others if f'"{name}"' not in code] == []


def test_the_alarms_are_those_of_the_template() -> None:
    found = re.findall(r"^  (\w+Alarm):$", (ROOT / "template.yaml").read_text(), re.MULTILINE)

    assert sorted(page("guides/operate").rows("Alarms")) == sorted(found)


def test_the_tables_and_indexes_are_those_of_the_models() -> None:
    storage = page("internals/storage")
    tables: dict[str, tuple[str, ...]] = {}
    indexes: list[tuple[str, ...]] = []
    for model in models.TABLES:
        described = model._get_schema()
        name = str(model.Meta.table_name).removeprefix(Settings().table_prefix)
        tables[name] = _keys(described["key_schema"])
        indexes += [
            (index["index_name"], name, *_keys(index["key_schema"]))
            for index in described["global_secondary_indexes"]
        ]

    shown = [tuple(cell.strip("`") for cell in row) for row in storage.table("Tables")]
    shown_indexes = [tuple(cell.strip("`") for cell in row) for row in storage.table("Indexes")]

    assert {name: keys for name, *keys, _ in shown} == {
        name: list(keys) for name, keys in tables.items()
    }
    assert sorted(row[:4] for row in shown_indexes) == sorted(indexes)


def _keys(schema: Sequence[Any]) -> tuple[str, str]:
    by_kind = {one["KeyType"]: one["AttributeName"] for one in schema}
    return by_kind["HASH"], by_kind.get("RANGE", "")


def test_the_decisions_are_all_listed_and_have_a_status_and_a_date() -> None:
    folder = ROOT / "docs" / "internals" / "decisions"
    records = sorted(path.name for path in folder.glob("0*.md"))

    listed = page("internals/decisions/index").table()

    assert len(listed) == len(records)
    for number, (row, name) in enumerate(zip(listed, records, strict=True), 1):
        lines = (folder / name).read_text().splitlines()
        title = lines[0].removeprefix("# ")
        assert row[:2] == [str(number), f"[{title}]({name})"]
        assert lines[2:4] == [f"- Status: {row[2]}", f"- Date: {row[3]}"]


def test_the_readme_is_short() -> None:
    assert len(README.text.splitlines()) <= 250


@each("one", PAGES, ids=name_of)
def test_what_is_named_is_there(one: Page) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = "\n".join([*CODE.findall(one.text), *one.texts("sh")])

    made = re.findall(r"\bmake ([a-z][a-z-]*)", code)
    events = re.findall(r"\bevents/[\w-]+\.json", code.replace("NAME", "direct"))
    files = [path for path in CODE.findall(one.prose) if _is_file(path)]

    assert set(made) <= targets
    assert [path for path in [*events, *files] if not (ROOT / path).exists()] == []


def _is_file(code: str) -> bool:
    """Whether it names a file or folder of the repository by its path from the root."""
    first = r"(ai_coordination|benchmarks|docs|docs_tools|events|tests|\.ci|\.github)"
    return re.fullmatch(rf"{first}/[\w./-]*", code) is not None


@each("one", PAGES, ids=name_of)
def test_links_lead_somewhere(one: Page) -> None:
    broken = [link for link in one.links if not _leads_somewhere(one, link)]

    assert broken == []


def _leads_somewhere(one: Page, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (one.path.parent / name).resolve() if name else one.path
    if target.parent == GENERATED:
        return True  # `make docs` makes these, and checks the links to them
    if not target.is_file():
        return False
    # `#only-light` tells the site in which colour scheme it shows a picture.
    return not anchor or target.suffix == ".png" or anchor in Page(target).anchors
