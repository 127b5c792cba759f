"""Models that delegate: each member is a tool, and its result is that of the call."""

from typing import Any

import pytest

from ai_coordination import models
from tests.api.asking import AT_ONCE
from tests.api.delegating import all_agents, begin, boss, runs, shown, work
from tests.api.execution import after, agents, echo, function, report, session, tell
from tests.api.tool_calls import ASKS, FUNCTION, STOCK
from tests.support.graph_api import Place
from tests.support.lambda_service import LambdaService, returning
from tests.support.model_kinds import Chat, Converse, Model, Result, Use
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")

FIND, PRICE = "delegate_to_B", "delegate_to_C"
FINDS = Use("c1", FIND, {"work": "Find it"})
NUMBER = (
    "The function returned a number. "
    "A function returns a text, or an object with agentOutput, question or delegate"
)
PRICES = Use("c2", PRICE, {"work": "Price it"})


def run(model: Model, *others: dict[str, Any], rules: Any = None, **parameters: Any) -> Place:
    """A session of a model that may delegate to all others."""
    named = [one["agentUuid"] for one in others]
    return begin([model.member("boss", **parameters), *others], boss(*named, **(rules or {})))


def test_a_model_delegates_by_tools_and_gets_the_results_of_its_calls(any_model: Model) -> None:
    any_model.answers(any_model.calls(FINDS, PRICES), any_model.says("7 euros"))
    others = [{**echo("b"), "agentDescription": "Finds things."}, echo("c")]

    place = run(any_model, *others, instructions="Lead")

    assert shown(place) == [
        ("boss", "completed", "7 euros"),
        ("b", "completed", "Find it"),
        ("c", "completed", "Price it"),
    ]
    pieces = [work("b", "Find it"), work("c", "Price it")]
    assert runs(place) == [(1, 1, "DELEGATED", pieces), (2, 1, "COMPLETED", "7 euros")]
    tools = any_model.tools_in(any_model.server.requests[0])
    assert [(name, told) for name, told, _ in tools] == [
        (FIND, "Let another agent do a piece of work, and get its result: B. Finds things."),
        (PRICE, "Let another agent do a piece of work, and get its result: C."),
    ]
    assert all(schema["required"] == ["work"] for _, _, schema in tools)
    assert any_model.results() == [
        Result("c1", "Find it", is_error=False),
        Result("c2", "Price it", is_error=False),
    ]
    # The model is sent the same messages as before, and then what followed.
    first, second = [one.body["messages"] for one in any_model.server.requests]
    assert second[: len(first)] == first
    assert len(second) == len(first) + 1 + len(any_model.results()) - int(
        isinstance(any_model, Converse)
    )
    used = stored(models.Session, place.coordination, place.session).total_usage
    assert used is not None
    assert int(used.output_tokens) == 2 * any_model.usage["outputTokens"]


def test_a_model_gets_what_a_person_said_about_a_result_with_it(any_model: Model) -> None:
    any_model.answers(any_model.calls(FINDS), any_model.says("Done"))
    ask = {"kind": "CHOICE", "options": ["Red", "Green"]}
    actions = boss("b"), after("b", ask=ask)
    place = begin([any_model.member("boss"), echo("b")], *actions)

    said = {"choice": "Red", "userInput": "It is warmer"}
    tell("answerSessionAgent", {**report(place, "b"), **said})

    chosen = "A person's choice, after agent B:\nRed"
    remark = "A person, to agent B:\nIt is warmer"
    text = f"Find it\n\n{chosen}\n\n{remark}"
    assert any_model.results() == [Result("c1", text, is_error=False)]
    assert session(place)["status"] == "COMPLETED"


def test_other_tools_are_called_first_and_keep_their_results(
    any_model: Model, functions: LambdaService
) -> None:
    functions.deploy(FUNCTION, returning(60))
    calls = FINDS, ASKS._replace(id="c9"), PRICES
    any_model.answers(any_model.calls(*calls), any_model.says("Done"))

    run(any_model, echo("b"), echo("c"), tools=[STOCK])

    assert len(functions.invocations) == 1
    assert any_model.results() == [
        Result("c1", "Find it", is_error=False),
        Result("c9", "60", is_error=False),
        Result("c2", "Price it", is_error=False),
    ]


def test_a_question_in_the_same_round_is_asked_first_and_nothing_is_called_twice(
    any_model: Model, functions: LambdaService
) -> None:
    functions.deploy(FUNCTION, returning(60))
    asks = Use("c8", "ask_user", {"question": "How many?"})
    calls = FINDS, ASKS._replace(id="c9"), asks
    any_model.answers(any_model.calls(*calls), any_model.says("Done"))
    place = run(any_model, echo("b"), tools=[STOCK], askUser=True)
    assert len(all_agents(place)) == 1

    tell("answerSessionAgent", {**report(place, "boss"), "userInput": "7"})

    assert session(place)["status"] == "COMPLETED"
    assert [(turn, outcome) for turn, _, outcome, _ in runs(place)] == [
        (1, "INPUT_REQUIRED"),
        (2, "DELEGATED"),
        (3, "COMPLETED"),
    ]
    assert len(functions.invocations) == 1
    assert [one.text for one in any_model.results()] == ["Find it", "60", "7"]
    assert len(any_model.server.requests) == 2


def test_a_failure_is_the_result_of_the_call(any_model: Model, functions: LambdaService) -> None:
    functions.deploy("agent-b", returning(5))
    any_model.answers(any_model.calls(FINDS), any_model.says("Sorry"))
    failing = function("b", "agent-b", invocation="RequestResponse")

    run(any_model, failing)

    (result,) = any_model.results()
    assert result.text == f"FAILED: {NUMBER}"
    # Chat completions tell errors by their text alone.
    assert result.is_error is isinstance(any_model, Converse)


def test_in_its_last_turn_a_model_has_no_tool_to_delegate_and_is_told_so(
    any_model: Model,
) -> None:
    calls = any_model.calls(FINDS)
    any_model.answers(calls, any_model.says("Done"))

    place = run(any_model, echo("b"), rules={"maxTurns": 2})

    assert agents(place)["boss"]["agentOutput"] == "Done"
    (result,) = any_model.results()
    assert result.text == "Find it\n\n(Nothing more can be delegated. Answer now.)"
    tools = [name for name, _, _ in any_model.tools_in(any_model.server.requests[-1])]
    # Converse refuses calls in a request that names no tools.
    assert tools == ([FIND] if isinstance(any_model, Converse) else [])


def test_a_model_that_delegates_in_its_last_turn_fails(any_model: Model) -> None:
    any_model.answers(any_model.calls(FINDS))

    place = run(any_model, echo("b"), rules={"maxTurns": 1, "retry": AT_ONCE})

    assert shown(place) == [("boss", "failed", "The model called a tool, and the agent has none")]


@pytest.mark.parametrize("arguments", [{}, {"work": " "}, {"work": 7}])
def test_work_without_a_text_is_not_delegated(chat: Chat, arguments: Any) -> None:
    chat.answers(chat.calls(Use("c1", FIND, arguments)), chat.says("Done"))

    place = run(chat, echo("b"))

    assert len(all_agents(place)) == 1
    assert [one.text for one in chat.results()] == ["Error: The work is missing"]


def test_turns_are_no_rounds_of_tools(chat: Chat) -> None:
    turns = [chat.calls(FINDS._replace(id=f"c{turn}")) for turn in range(9)]
    chat.answers(*turns, chat.says("Done"))

    place = run(chat, echo("b"))

    assert agents(place)["boss"]["agentOutput"] == "Done"
    assert [turn for turn, _, _, _ in runs(place)] == list(range(1, 11))
    (last,) = chat.results()
    assert last.text == "Find it\n\n(Nothing more can be delegated. Answer now.)"


def test_the_next_attempt_of_a_turn_has_the_same_results(any_model: Model) -> None:
    any_model.answers(any_model.calls(FINDS), any_model.fails(), any_model.says("Done"))

    place = run(any_model, echo("b"))

    assert agents(place)["boss"]["agentOutput"] == "Done"
    assert any_model.results(1) == any_model.results(2) == [Result("c1", "Find it", is_error=False)]
    assert [agent.agent_uuid for agent in all_agents(place)] == ["boss", "b"]


def test_tools_have_names_that_every_provider_takes_and_no_two_the_same(
    chat: Chat, functions: LambdaService
) -> None:
    names = ["Chinese translation", "chinese_translation", "中文", "x" * 80, "Chinese translation"]
    others = [{**echo(f"m{place}"), "agentName": name} for place, name in enumerate(names)]
    taken = {**STOCK, "name": "delegate_to_Chinese_translation"}
    chat.answers(chat.says("Done"))

    run(chat, *others, tools=[taken])

    assert [name for name, _, _ in chat.tools_in(chat.server.requests[0])] == [
        "delegate_to_Chinese_translation",
        "delegate_to_Chinese_translation_2",
        "delegate_to_chinese_translation",
        "delegate_to_m2",
        f"delegate_to_{'x' * 52}",
        "delegate_to_Chinese_translation_3",
    ]
