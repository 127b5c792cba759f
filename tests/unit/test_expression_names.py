"""What an expression names, and what is said of it when it is written."""

from ai_coordination import expressions
from ai_coordination.expressions import Scope, scope_of
from tests.support.cases import each

KNOWN = ["charge", "critic", "fact-checker"]
WHEN = scope_of("when", KNOWN)
INPUT = scope_of("input", KNOWN, for_each=True, repeat=True)


@each(
    ("text", "roots", "outputs", "states"),
    [
        ("outputs.critic.score > `7`", {"outputs"}, ["critic"], []),
        ('outputs."fact-checker"[0].a', {"outputs"}, ["fact-checker"], []),
        ("outputs.critic[?a == b].outputs", {"outputs"}, ["critic"], []),
        ("outputs.critic.list[*].outputs", {"outputs"}, ["critic"], []),
        ("outputs.critic[].a", {"outputs"}, ["critic"], []),
        ("states.charge && !(outputs.critic)", {"outputs", "states"}, ["critic"], ["charge"]),
        ("outputs.*.score", {"outputs"}, KNOWN, []),
        ("keys(outputs)", {"outputs"}, KNOWN, []),
        ("outputs.[critic]", {"outputs"}, KNOWN, []),
        ("outputs | critic", {"outputs"}, KNOWN, []),
        ("outputs.critic || outputs", {"outputs"}, KNOWN, []),
        ("outputs.stranger", {"outputs"}, [], []),
        ("map(&outputs, item)", {"item"}, [], []),
        ("query", {"query"}, [], []),
        ("`1`", set(), [], []),
        ("{a: item.x, b: [index]}", {"item", "index"}, [], []),
    ],
)  # fmt: skip
def test_the_roots_and_agents_that_it_names(
    text: str, roots: set[str], outputs: list[str], states: list[str]
) -> None:
    names = expressions.names(text)

    assert (names.all_roots, set(names.named)) == (False, roots)
    assert (names.agents("outputs", KNOWN), names.agents("states", KNOWN)) == (outputs, states)
    assert names.needs("query") is ("query" in roots)


@each("text", ["@", "*", "@ | outputs.critic", "[@]", "[0]", "[]", "keys(@)", "(("])
def test_what_looks_at_everything_needs_everything(text: str) -> None:
    names = expressions.names(text)

    assert names.needs("answers")
    assert names.agents("answers", KNOWN) == KNOWN


@each(
    "text",
    [
        "outputs.critic.approved",
        "!(outputs.critic.approved)",
        "!outputs",
        "!contains(outputs.critic, 'x')",
        "states.charge == 'FAILED'",
        'states."fact-checker" != `"FAILED"`',
        'outputs."fact-checker".x >= `5`',
        "outputs.critic.x == `null`",
        "outputs.critic.limit > outputs.charge.limit",
        "to_number(outputs.critic.score) >= `7`",
        "contains(outputs.critic || '', 'APPROVED')",
        "outputs.critic == '= \"x\"'",
        "length(outputs.critic.list[?severity == 'high']) > `0`",
        "contains(outputs.critic.list[*].name, 'x')",
        "sort_by(outputs.critic.list, &score)[0].approved",
        "outputs.critic.list[-1].ok || outputs.charge.ok",
        "answers.critic.choice == 'send'",
        "outputs.critic.true",
        "not_null(outputs.critic, outputs.charge).ok",
    ],
)
def test_a_usual_condition_has_no_problem(text: str) -> None:
    assert expressions.problems(text, WHEN) == []


@each(
    ("text", "said"),
    [
        ("!outputs.critic.approved", "write `!(a.b)`"),
        ("!outputs.critic[*].a == `[]`", "write `!(a.b)`"),
        ("!outputs[?a]", "write `!(a.b)`"),
        ('states.charge == "FAILED"', '"FAILED" is a name here'),
        ("outputs.critic.list[?state == \"OPEN\"] == `[]`", '"OPEN" is a name here'),
        ("states.charge == FAILED", "'FAILED' is an unknown name"),
        ("outputs.critic.ok == true", "true is written in backticks: `true`"),
        ("outputs.critic.list[?ok == true] == `[]`", "true is written in backticks"),
        ("true", "true is written in backticks"),
        ("outputs.critic.ok && null", "null is written in backticks"),
        ("outputs.critic.score > '7'", "> compares numbers"),
        ("outputs.critic.score <= `true`", "<= compares numbers"),
        ("outputs.critic.score > 7", "a number is written in backticks, as in `7`"),
        ("outputs.['critic'] == `[]`", "makes a list of the text 'b'"),
        ("outputs['critic']", "a name is chosen by a dot"),
        ("outputs.fact-checker.x", "a name with a hyphen is written in double quotes"),
        ("outputs.critic.x-1 > `1`", "a name with a hyphen is written in double quotes"),
        ("states.charge = 'FAILED'", "two values are compared by =="),
        ("outputs.critic.a and outputs.critic.b", "are written &&, || and !"),
        ("not outputs.critic.a", "are written &&, || and !"),
        ("$.outputs.critic", "there is no $"),
        ("states.charge == `FAILED`", "`FAILED` is no JSON"),
        ("outputs.critic.x == `Infinity`", "`Infinity` is no JSON"),
        ("approved", "'approved' is an unknown name. The names are answers, outputs, query, "),
        ("critic.approved", "'critic' is an agent: write outputs.critic or states.critic"),
        ("\"fact-checker\".ok", 'write outputs."fact-checker" or states."fact-checker"'),
        ("item.price > `3`", "'item' exists only with `forEach`"),
        ("round > `3`", "'round' exists only with `repeat`"),
        ("outputs.nobody.ok", "'nobody' is none of the agents that this sees, which are 'ch"),
        ("lowercase(outputs.critic) == 'a'", "There is no function lowercase(). The functions are"),
        ("contains(outputs.critic)", "contains() takes 2 values, and has 1"),
        ("not_null()", "not_null() takes at least 1 value, and has 0"),
        ("outputs.critic.list[?ok]", "A condition must give true or false"),
        ("length(outputs.critic.list)", "A condition must give true or false"),
        ("'true'", "A condition must give true or false"),
        ("outputs.critic | [ok]", "A condition must give true or false"),
        ("", "This expression is refused: it is empty"),
        ("(" * 100 + "query" + ")" * 100, "it nests more than 64 levels deep"),
        ("q" * 1_001, "it has 1,001 of at most 1,000 characters"),
        ("outputs.critic.ok ==", "it ends too early"),
    ],
)  # fmt: skip
def test_what_would_be_wrong_is_said_when_it_is_written(text: str, said: str) -> None:
    problems = expressions.problems(text, WHEN)

    assert any(said in problem for problem in problems)


def test_each_setting_has_its_names() -> None:
    def unknown(scope: Scope) -> set[str]:
        texts = ("query", "taskQuery", "item", "index", "round", "previous", "turn", "answers.a")
        return {text for text in texts if expressions.problems(text, scope)}

    rules = {"item", "index", "round", "previous"}
    assert unknown(scope_of("input", None)) == rules
    assert unknown(scope_of("input", None, for_each=True)) == {"round", "previous"}
    assert unknown(scope_of("input", None, repeat=True)) == {"item", "index"}
    assert unknown(scope_of("forEach.items", None)) == {*rules, "turn"}
    assert unknown(scope_of("output", None)) == {*rules, "turn", "query"}
    assert unknown(scope_of("when", None)) >= {*rules, "turn"}


def test_a_round_is_seen_by_what_ends_the_loop() -> None:
    scope = scope_of("repeat.until", ["critic"])

    assert expressions.problems("outputs.critic.ok || round >= `3`", scope) == []
    assert expressions.problems("length(previous) > `1` && states.critic == 'FAILED'", scope) == []
    assert expressions.problems("outputs.charge.ok", scope) != []


def test_a_long_list_of_agents_is_cut() -> None:
    many = scope_of("input", [f"agent-{number}" for number in range(900)])

    (problem,) = expressions.problems("outputs.nobody", many)

    assert problem.endswith("'agent-19', and 880 more")
    assert expressions.problems("outputs.nobody", scope_of("input", [])) == [
        "'nobody' is none of the agents that this sees: it sees predecessors, and there are none"
    ]
