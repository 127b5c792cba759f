"""The pages about events: their template, and what they say of the members of events."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from ai_coordination.engine.events import contents
from ai_coordination.runtimes import json_schema
from tests.docs.pages import CODE, page

GUIDE = page("guides/get-notified")
REFERENCE = page("reference/events")
TEMPLATE = GUIDE.texts("yaml")[0]
QUESTION: dict[str, Any] = json.loads(GUIDE.texts("json")[0])
SCHEMA: dict[str, Any] = json.loads(REFERENCE.texts("json")[0])
END = {
    **QUESTION,
    "detail-type": "Session Ended",
    "detail": {**QUESTION["detail"], "id": "ended-1", "status": "FAILED"},
}


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions as what they are given."""


_Loader.add_multi_constructor("!", lambda loader, name, node: getattr(node, "value", None))
RESOURCES: dict[str, Any] = yaml.load(TEMPLATE, _Loader)["Resources"]


def test_the_template_is_one_that_cloudformation_takes() -> None:
    # Here, because it takes almost a second: not each process of the tests runs this one.
    from cfnlint.api import lint_all  # type: ignore[import-untyped]  # noqa: PLC0415

    found = [one for one in lint_all(TEMPLATE) if one.rule.severity != "informational"]

    assert found == []


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether a rule's pattern selects an event: by lists of values, in nested objects."""
    return all(
        matches(wanted, event.get(name, {}))
        if isinstance(wanted, Mapping)
        else event.get(name) in wanted
        for name, wanted in pattern.items()
    )


def test_each_rule_selects_its_events_and_no_others() -> None:
    questions = RESOURCES["MailQuestions"]["Properties"]["EventPattern"]
    failures = RESOURCES["OnFailure"]["Properties"]["Events"]["Failed"]["Properties"]["Pattern"]
    completed = {**END, "detail": {**END["detail"], "status": "COMPLETED"}}
    of_another = {**QUESTION, "detail": {**QUESTION["detail"], "partId": "legal"}}

    events = (QUESTION, of_another, END, completed)
    assert [matches(questions, event) for event in events] == [True, False, False, False]
    assert [matches(failures, event) for event in events] == [False, False, True, False]


def test_the_mail_has_what_the_event_says() -> None:
    (target,) = RESOURCES["MailQuestions"]["Properties"]["Targets"]
    paths, text = (target["InputTransformer"][name] for name in ("InputPathsMap", "InputTemplate"))

    values = {
        name: QUESTION["detail"][path.removeprefix("$.detail.")] for name, path in paths.items()
    }
    written = re.sub(r"<(\w+)>", lambda found: str(values[found[1]]), text)

    place = f"{values['coordination']}/{values['session']}"
    assert json.loads(written) == (
        "Draft asks, in a session of Write an offer: "
        f"https://console.example/console/#/session/{place}"
    )


def test_the_function_reads_the_end_of_a_session(capsys: pytest.CaptureFixture[str]) -> None:
    space: dict[str, Any] = {}
    exec(RESOURCES["OnFailure"]["Properties"]["InlineCode"], space)

    space["handler"](END, None)

    assert capsys.readouterr().out == "ended-1 FAILED {'customer': '4711'}\n"


def test_the_example_is_an_event() -> None:
    assert not [*json_schema.problems(SCHEMA, QUESTION["detail"])]
    wrong = {**QUESTION["detail"], "kind": "GUESS"}
    assert [*json_schema.problems(SCHEMA, wrong)]


def test_each_member_is_in_its_table() -> None:
    both = SCHEMA["properties"].keys()
    assert _names(REFERENCE.rows("Both events")) == both
    assert QUESTION["detail"].keys() - both <= SCHEMA["$defs"]["AgentAsks"]["properties"].keys()
    for heading, name in ((contents.ASKS, "AgentAsks"), (contents.ENDED, "SessionEnded")):
        rows = REFERENCE.rows(f"`{heading}`")
        own = SCHEMA["$defs"][name]["properties"]
        assert _names(rows) == own.keys()
        for member, values in own.items():
            if "enum" in values:
                assert {*values["enum"]} <= {*CODE.findall(rows[member][0])}
    assert GUIDE.rows().keys() == {contents.ASKS, contents.ENDED}


def _names(rows: Mapping[str, Any]) -> set[str]:
    return {*rows}
