"""What expressions see of agents: nothing is read that they do not name."""

from typing import Any

import pytest

from ai_coordination import expressions, models, texts
from ai_coordination.engine.agent import view
from ai_coordination.models.texts import LargeText, Text
from ai_coordination.states import SessionAgentState as State
from tests.support.ids import short

TENANT = "acme#sales"
BUCKET = {name: LargeText("c/s", name * 64, 5_000) for name in "abcq"}


@pytest.fixture(autouse=True)
def read(monkeypatch: pytest.MonkeyPatch) -> list[Text]:
    """What was read from the bucket. The text of a digest is the JSON of its letter."""
    asked: list[Text] = []

    def read_all(tenant: str, wanted: list[LargeText]) -> list[str]:
        assert tenant == TENANT
        asked.extend(wanted)
        return [f'{{"is": "{text.sha256[0]}"}}' for text in wanted]

    monkeypatch.setattr(texts, "read_all", read_all)
    return asked


def agent(ordinal: int, name: str, output: Text | None, **more: Any) -> models.SessionAgent:
    given = {"state": State.COMPLETED.value, "agent_action": models.AgentAction(), **more}  # type: ignore[no-untyped-call]
    return models.SessionAgent(ordinal=ordinal, agent_uuid=name, agent_output=output, **given)


def session(task_query: Text = "Which?") -> models.Session:
    return models.Session(partition_key=TENANT, task_query=task_query)


def seen(expression: str, *agents: models.SessionAgent, **more: Any) -> dict[str, Any]:
    return view.of(session(BUCKET["q"]), agents, expressions.names(expression), **more)


AGENTS = (
    agent(0, "a", BUCKET["a"]),
    agent(1, "b", BUCKET["b"]),
    agent(2, "c", "small"),
    agent(3, "d", "kept", state=State.FAILED.value),
)
NAMED = {
    "outputs.a.is": "a",
    "states.a == 'COMPLETED'": "",
    "outputs.c": "",
    "outputs.d": "",
    "answers.a.approved": "",
    "outputs.*.is": "ab",
    "taskQuery": "q",
    "[outputs.b, taskQuery]": "bq",
    "@": "abq",
    "item": "",
}


@pytest.mark.parametrize(("expression", "expected"), NAMED.items(), ids=short)
def test_only_what_is_named_is_read(read: list[Text], expression: str, expected: str) -> None:
    seen(expression, *AGENTS)

    assert set(read) == {BUCKET[name] for name in expected}
    assert len(read) == len(expected)


def test_an_agent_has_the_value_of_its_output_and_null_if_it_has_not_completed() -> None:
    context = seen("@", *AGENTS)

    assert context["outputs"] == {"a": {"is": "a"}, "b": {"is": "b"}, "c": "small", "d": None}
    assert context["states"]["d"] == "FAILED"
    assert context["taskQuery"] == '{"is": "q"}'
    assert "turn" not in context
    assert context["query"] is None


def test_several_agents_of_a_member_are_a_list_in_the_order_of_the_graph() -> None:
    skipped = agent(7, "a", None, state=State.SKIPPED.value)

    context = seen("@", skipped, agent(5, "a", "second"), agent(3, "a", "first"))

    assert context["outputs"] == {"a": ["first", "second", None]}
    assert context["states"] == {"a": ["COMPLETED", "COMPLETED", "SKIPPED"]}
    assert [answer["approved"] for answer in context["answers"]["a"]] == [None, None, None]


def test_earlier_rounds_are_loaded_if_they_are_named(read: list[Text]) -> None:
    rounds = [[agent(5, "critic", BUCKET["a"])], [agent(6, "critic", "no")]]
    own = agent(9, "x", None, subtask_query="Judge", turn=2)

    named = seen("previous[-1].critic", rounds=rounds, agent=own, round=3)
    assert read == [BUCKET["a"]]
    unnamed = seen("round", rounds=rounds, agent=own, round=3)

    assert named["previous"] == [{"critic": {"is": "a"}}, {"critic": "no"}]
    assert unnamed["previous"] == []
    assert (unnamed["round"], unnamed["turn"]) == (3, 2)
    assert seen("query", agent=own)["query"] == "Judge"
    of_copy = own.changed({"task_query": "Of the copy"})
    assert seen("taskQuery", agent=of_copy)["taskQuery"] == "Of the copy"
    assert len(read) == 1


def test_too_many_bytes_are_refused_before_any_is_read(read: list[Text]) -> None:
    large = LargeText("c/s", "d" * 64, 2_000_000)
    few, many = ([agent(at, "a", large) for at in range(count)] for count in (4, 5))

    with pytest.raises(view.SettingFailed) as failed:
        view.value("input", "outputs.a", session(), many)

    assert failed.value.message == (
        "`input` has failed: what it names has more than 8,000,000 bytes. Its expression is:"
        " outputs.a"
    )
    assert read == []
    assert view.value("input", "length(outputs.a)", session(), few) == 4
    assert view.value("input", "states.a[4]", session(), many) == "COMPLETED"


def test_values_that_need_much_more_memory_than_their_text_are_refused() -> None:
    nested = "[" + ",".join(["{}"] * 100_000) + "]"

    with pytest.raises(view.SettingFailed, match="32,000,000 bytes"):
        view.value("when", "outputs.a", session(), [agent(0, "a", nested)])
    prose = "a { margin: 0, color: red; } " * 70_000
    assert view.value("when", "outputs.a", session(), [agent(0, "a", prose)]) == prose.strip()


@pytest.mark.parametrize(("output", "expected"), [("true", None), ("[true]", True), ("[]", None)])
def test_a_condition_is_true_false_or_null(output: str, expected: bool | None) -> None:
    found = view.condition("when", "outputs.a[0]", session(), [agent(0, "a", output)])

    assert found is expected


def test_a_condition_of_another_kind_fails() -> None:
    with pytest.raises(view.SettingFailed) as failed:
        view.condition("when", "outputs.a", session(), [agent(0, "a", "true")])

    assert failed.value.message == (
        "`when` has failed: it gives a text, and a condition gives true or false. Its expression"
        " is: outputs.a"
    )
