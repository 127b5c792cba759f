"""`make try`: the examples run to their ends, people are asked, and files are applied again."""

import builtins
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.local import blueprints, fake_converse, follow
from ai_coordination.local.blueprints import InvalidBlueprint
from ai_coordination.local.client import Unreachable
from ai_coordination.local.embedded import models_answered_by
from ai_coordination.local.try_blueprint import Options, Trial
from ai_coordination.runtimes.base import Answer, Call
from ai_coordination.runtimes.base import Question as Asked
from ai_coordination.runtimes.echo_runtime import Echo
from tests.api.execution import outcomes, states
from tests.support import agent_file
from tests.support.clients import InProcess
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place, change, data, new_coordination
from tests.support.lambda_service import serving
from tests.support.stored import everything_stored
from tests.support.terminal import types

EXAMPLES = Path(__file__).parents[2] / "examples"

BLUEPRINT = """\
coordination:
  coordinationName: Offers
  agents:
    - { agentUuid: draft, agentName: Draft, runtime: { kind: ECHO } }
    - { agentUuid: mail, agentName: Mail, runtime: { kind: ECHO } }
task:
  taskName: Offer
  initialTaskQuery: Tea
  agentActions:
    - { agentUuid: draft, userInTheLoop: APPROVAL }
    - { agentUuid: mail, predecessors: [draft] }
"""


@pytest.fixture
def queue(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = clients("sqs").create_queue(QueueName=SYSTEM.new_uuid())
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", made["QueueUrl"])
    settings.cache_clear()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "SECONDS_BETWEEN_LOOKS", 0.02)


@pytest.fixture
def functions(queue: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The functions of the examples, as Lambda serves them."""
    with serving() as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", service.url)
        clients.forget()
        agent_file.deploy(service, EXAMPLES / "agents.py")
        yield
    clients.forget()


@pytest.fixture
def models(queue: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripted model, in the place of Bedrock."""
    monkeypatch.setenv("AI_COORDINATION_BEDROCK_MODELS", "*")
    settings.cache_clear()
    with models_answered_by(fake_converse.answer):
        yield


@pytest.fixture
def file(queue: None, tmp_path: Path) -> Path:
    written = tmp_path / "offers.yaml"
    written.write_text(BLUEPRINT)
    return written


def attempt(file: Path, **options: Any) -> int:
    """The exit code of the command for a file."""
    blueprint = blueprints.read(str(file))
    client = InProcess("http://127.0.0.1:8000/graphql")
    return Trial(Options(str(file), **options), blueprint, client, server_is_own=False).run()


def sessions() -> list[Place]:
    """All sessions, the newest first."""
    query = "{ sessions { nodes { coordinationUuid sessionUuid } } }"
    nodes = data(query)["sessions"]["nodes"]
    return [Place(node["coordinationUuid"], node["sessionUuid"]) for node in nodes]


def states_by_name() -> dict[str, str]:
    return states(sessions()[0])


RESEARCH = """\
# Does green tea sell in summer?

- In summer, shops sell a third less hot tea. [1]
- Green tea grew by 8 percent last year. [1]
- Forty shops in the region sell tea. [2]
- Nine of twelve customers drink green tea every day. [3]
- Some would buy more in summer if they knew how to make iced tea. [3]
- In summer, customers ask for cold drinks first. [4]

[1] Market report, spring
[2] Trade register
[3] Interviews with customers
[4] Survey at the counter
"""
TRIAGE = """\
[delivery, high urgency]

Hello,

I am sorry that your parcel is not with you yet.
Please send us the number of your order. It has the form A-1234.

Your tea shop
"""
SUMMARY = """\
The tea shop had a good year. The shop signed a contract with a second supplier of green tea in \
May. The training on cold tea was the most popular, and customers praise the advice that they \
get. The owner expects that one tenth of all tea will be sold online within two years.

(54 of 176 words)
"""
QUOTE = """\
Subject: Quote for Acme

Hello,

here is your quote.

  12 oolong       at   12.50     150.00
   3 kettle       at   45.00     135.00
     teapot: we do not sell this
     Total in euros              285.00

Delivery to DE within 3 days. Payment within 30 days.

Your tea shop
"""
REVIEW = """\
Request changes, 5 findings

Style: 1
  line 1: `loadOrders` is not snake_case
Risks: 3
  line 1: `loadOrders` shares its default between all calls
  line 9: a bare except hides every error, Ctrl-C included
  line 11: `eval` executes what it is given
Complexity: 1
  line 1: `loadOrders` has 7 branches
"""
COMPLETED = "COMPLETED"
# The examples, the runs of their agents, and the output of the last one.
RUNS: dict[str, tuple[list[tuple[str, int, str]], str]] = {
    "research-with-review": (
        [
            ("customers", 1, COMPLETED),
            ("market", 1, COMPLETED),
            ("publisher", 1, COMPLETED),
            ("reviewer", 1, COMPLETED),
            ("writer", 1, COMPLETED),
        ],
        RESEARCH,
    ),
    "support-triage": (
        [("classify", 1, COMPLETED), ("order", 1, "FAILED"), ("reply", 1, COMPLETED)],
        TRIAGE,
    ),
    "document-map-reduce": (
        [
            ("combine", 1, COMPLETED),
            ("split", 1, COMPLETED),
            *[("summarise", 1, COMPLETED)] * 4,
        ],
        SUMMARY,
    ),
    "sales-quote": (
        [
            ("mail", 1, COMPLETED),
            ("order", 1, COMPLETED),
            ("prices", 1, "FAILED"),
            ("prices", 2, COMPLETED),
            ("quote", 1, COMPLETED),
            ("terms", 1, COMPLETED),
        ],
        QUOTE,
    ),
    "code-review": (
        [
            ("complexity", 1, COMPLETED),
            ("risks", 1, COMPLETED),
            ("style", 1, COMPLETED),
            ("verdict", 1, COMPLETED),
        ],
        REVIEW,
    ),
    "order-desk": (
        [
            ("clerk", 1, COMPLETED),
            ("order", 1, COMPLETED),
            ("order", 1, "INPUT_REQUIRED"),
        ],
        "Thank you. We send 12 pieces. They arrive in three days.\n",
    ),
}


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == RUNS.keys()


@pytest.mark.parametrize("name", RUNS)
def test_an_example_runs_to_its_end_with_this_output(
    functions: None, models: None, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, output = RUNS[name]

    code = attempt(EXAMPLES / f"{name}.yaml", approve=True)

    printed = capsys.readouterr().out
    assert code == 0
    assert outcomes(sessions()[0]) == runs
    assert "\nThe session is COMPLETED after " in printed
    assert printed.endswith(f":\n\n{output}")


def test_an_example_works_on_a_query_of_ones_own(
    functions: None, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "My kettle arrived broken. It is order B-1042"

    attempt(EXAMPLES / "support-triage.yaml", query=query, approve=True)

    assert "This is about order B-1042: Kettle, delivered yesterday." in capsys.readouterr().out
    assert states_by_name() == {"classify": COMPLETED, "order": COMPLETED, "reply": COMPLETED}


def test_a_person_says_in_the_terminal_what_is_to_be_sent(
    functions: None,
    models: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    prompts = types(monkeypatch, "7", "y")

    code = attempt(EXAMPLES / "order-desk.yaml", query='call: stock {"item": "Sencha"}')

    printed = capsys.readouterr().out
    assert code == 0
    assert prompts == [
        "Pieces (integer, Enter: 12):",
        "Express delivery (true or false, Enter: false):",
    ]
    assert 'The tools said: {"item": "sencha", "pieces": 25}' in printed
    assert "We send 7 pieces. They arrive tomorrow." in printed


def test_a_person_adds_a_discount_and_variables_replace_the_defaults(
    functions: None,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    prompts = types(monkeypatch, "10 %", "y", "Well done")
    example = (EXAMPLES / "sales-quote.yaml").read_text()
    file.write_text(example.replace("intervalSeconds: 0.5", "intervalSeconds: 0"))
    variables = {"customer": "Globex", "order": "20 sencha"}

    code = attempt(file, variables=variables, labels={"customer": "Globex"})

    printed = capsys.readouterr().out
    assert code == 0
    found = '{ sessions(filter: {label: {key: "customer", value: "Globex"}}) { nodes { status } } }'
    assert data(found)["sessions"]["nodes"] == [{"status": "COMPLETED"}]
    assert prompts == [
        "Your answer:",
        "Do you approve? Yes, no, or revise [y/n/r]",
        "Remark, or Enter for none:",
    ]
    assert "    |   20 sencha       at    9.80     196.00\n" in printed
    assert "Subject: Quote for Globex\n" in printed
    assert "     Discount 10 %               -19.60\n" in printed
    assert "     Total in euros              176.40\n" in printed


def test_a_rejection_with_a_remark_fails_the_session(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts = types(monkeypatch, "perhaps", "n", " Too long ")

    code = attempt(file)

    printed = capsys.readouterr().out
    assert code == 1
    assert prompts == [
        *["Do you approve? Yes, no, or revise [y/n/r]"] * 2,
        "Remark, or Enter for none:",
    ]
    assert "FAILED             attempt 1" in printed
    assert "Too long" in printed
    assert re.search(r"The session is FAILED after [\d.]+ s: Draft has failed: Too long\n", printed)
    assert states_by_name() == {"draft": "FAILED", "mail": "CANCELLED"}


def test_what_agents_say_does_not_control_the_terminal(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attempt(file, approve=True, query="Tea\x1b[2J")
    file.write_text(f"{BLUEPRINT}  output: outputs.mail\n")
    attempt(file, approve=True, query="Tea\x1b[2J")

    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert printed.count("Tea␛[2J\n") == 4  # two questions and two outputs


def test_a_file_that_is_tried_again_updates_what_it_has_made(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new_coordination(coordinationName="offers")  # another one: names differ by their case
    attempt(file, approve=True)
    assert "Created coordination 'Offers'\nCreated task 'Offer'\n" in capsys.readouterr().out
    lines = BLUEPRINT.replace("agentName: Mail", "agentName: Post").splitlines()
    file.write_text("\n".join(line for line in lines if "initialTaskQuery" not in line))

    attempt(file, approve=True, query="Coffee")

    assert "Updated coordination 'Offers'\nUpdated task 'Offer'\n" in capsys.readouterr().out
    stored = data("""{ coordinations { nodes { coordinationName agents { agentName }
        tasks { nodes { taskName initialTaskQuery } } } } }""")["coordinations"]["nodes"]
    assert stored[1:] == [
        {
            "coordinationName": "Offers",
            "agents": [{"agentName": "Draft"}, {"agentName": "Post"}],
            "tasks": {"nodes": [{"taskName": "Offer", "initialTaskQuery": None}]},
        }
    ]
    assert len(stored) == len(sessions()) == 2


def test_a_name_that_several_have_is_not_guessed(file: Path) -> None:
    made = [new_coordination(coordinationName="Offers") for _ in range(2)]
    before = everything_stored()

    with pytest.raises(RuntimeError) as refused:
        attempt(file)

    assert str(refused.value) == (
        "Several coordinations are named 'Offers', so it is not clear which one to update: "
        f"{made[0]}, {made[1]}. "
        "Give the one in the file another name, or rename or delete all but one"
    )
    assert everything_stored() == before


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "predecessors: [draft]",
            "predecessors: [mail]",
            ":10:5: task.agentActions: ",
        ),
        (
            "runtime: { kind: ECHO } }\ntask",
            "runtime: { kind: LAMBDA, target: writer } }\ntask",
            ":5:76: coordination.agents[1].runtime.target: ",
        ),
        (
            "APPROVAL }",
            "APPROVAL, retry: { maxAttempts: 0 } }",
            ":10:74: task.agentActions[0].retry.maxAttempts: ",
        ),
        ("coordinationName: Offers", 'coordinationName: "a\\tb"', ":2:21: coordination."),
        ("coordinationName: Offers", 'coordinationName: ""', ":2:21: coordination."),
    ],
)
def test_what_the_engine_refuses_is_shown_at_its_place_in_the_file(
    file: Path, old: str, new: str, problem: str
) -> None:
    file.write_text(BLUEPRINT.replace(old, new, 1))

    with pytest.raises(InvalidBlueprint) as refused:
        attempt(file)

    assert str(refused.value).startswith(f"{file}{problem}")
    # The coordination is created before its task, and the next try updates it.
    stored = data("{ coordinations { nodes { tasks { nodes { taskUuid } } } } }")
    is_created = "task." in problem
    assert stored["coordinations"]["nodes"] == [{"tasks": {"nodes": []}}] * is_created
    assert sessions() == []


def test_an_unknown_variable_is_shown_at_the_query_that_names_it(file: Path) -> None:
    query = '  subtaskQueries: [{ agentUuid: mail, subtaskQuery: "To {customer}" }]\n'
    file.write_text(BLUEPRINT.replace("  initialTaskQuery: Tea\n", query))

    with pytest.raises(InvalidBlueprint) as refused:
        attempt(file, variables={"costumer": "Acme"})

    assert str(refused.value).startswith(f"{file}:8:53: task.subtaskQueries[0].subtaskQuery: ")
    assert "'customer'" in str(refused.value)
    assert not any(everything_stored().values())


def test_a_variable_that_stays_because_the_query_is_a_text_is_pointed_out(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = '  subtaskQueries: [{ agentUuid: mail, subtaskQuery: "To {customer}" }]\n'
    file.write_text(BLUEPRINT.replace("  initialTaskQuery: Tea\n", query))

    code = attempt(file, query="Tea", approve=True)

    printed = capsys.readouterr().out
    assert code == 0
    assert printed.startswith(f"{file}:8:53: task.subtaskQueries[0].subtaskQuery: ")
    assert "so the variable stays as it is: see --variable\n" in printed
    assert printed.endswith("\nMail:\n\nTo {customer}\n")


def test_a_session_on_a_server_of_its_own_ends_with_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    types(monkeypatch, KeyboardInterrupt())
    client = InProcess("http://127.0.0.1:8000/graphql")

    code = Trial(Options(str(file)), blueprints.read(str(file)), client, server_is_own=True).run()

    assert code == 130
    assert capsys.readouterr().out.endswith("`make run` starts one that keeps running.\n")


@pytest.mark.parametrize("end", [KeyboardInterrupt(), EOFError()], ids=repr)
def test_ctrl_c_leaves_the_session_running_and_it_can_be_followed_again(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    end: BaseException,
) -> None:
    monkeypatch.delenv("MAKELEVEL", raising=False)
    types(monkeypatch, end)

    code = attempt(file)

    (place,) = sessions()
    assert code == 130
    assert capsys.readouterr().out.endswith(
        "You have stopped following the session.\nThe session continues. To follow it again:\n\n"
        f"  python -m ai_coordination.local try {quote(str(file))} --port 8000"
        f" --session {place.session}\n"
    )
    assert states_by_name() == {"draft": "WAITING_FOR_INPUT", "mail": "INITIAL"}

    assert attempt(file, session=place.session, approve=True) == 0
    assert states_by_name() == {"draft": COMPLETED, "mail": COMPLETED}
    assert sessions() == [place]
    assert "Updated" not in capsys.readouterr().out


def test_without_a_terminal_a_question_is_left_to_others(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    monkeypatch.setenv("MAKELEVEL", "1")

    code = attempt(file)

    (place,) = sessions()
    printed = capsys.readouterr().out
    assert code == 3
    assert "Draft waits, and there is no terminal to ask. OPTIONS=--approve approves all" in printed
    assert f"  make try BLUEPRINT={quote(str(file))} PORT=8000 SESSION={place.session}\n" in printed
    assert states_by_name() == {"draft": "WAITING_FOR_INPUT", "mail": "INITIAL"}


def test_a_function_that_the_server_lacks_is_explained(
    functions: None, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = "agentName: Draft, runtime: { kind: "
    file.write_text(BLUEPRINT.replace(f"{draft}ECHO", f"{draft}LAMBDA, target: agent-none"))

    code = attempt(file)

    printed = capsys.readouterr().out
    assert code == 1
    assert "  Draft  FAILED             attempt 1" in printed
    assert printed.endswith(
        "The server has no function agent-none. `make run AGENTS=file.py` serves those of a file.\n"
    )


def test_a_session_is_followed_only_where_its_blueprint_is(file: Path) -> None:
    with pytest.raises(RuntimeError, match="There is no coordination 'Offers' at http://"):
        attempt(file, session=SYSTEM.new_uuid())

    attempt(file, approve=True)
    missing = SYSTEM.new_uuid()
    with pytest.raises(RuntimeError, match=f"There is no session {missing}"):
        attempt(file, session=missing)


ASKING = """
coordination: { coordinationName: Ask, agents: [{ agentName: Clerk, runtime: { kind: ECHO } }] }
task: { taskName: Ask, agentActions: [{ agentUuid: Clerk }] }
"""
FORM = {
    "type": "object",
    "properties": {
        "pieces": {"type": "integer", "title": "Pieces", "minimum": 1},
        "when": {"type": "string", "enum": ["now", "later"], "description": "The day"},
        "gift": {"type": "boolean"},
        "colours": {"type": "array", "items": {"type": "string"}},
        "note": {"type": "string"},
    },
    "required": ["pieces", "gift"],
    "additionalProperties": False,
}


@pytest.fixture
def asking(file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A blueprint whose agent asks with a form, and answers with what was said."""

    def invoke(runtime: Any, call: Call) -> Any:
        if call.reply is None:
            return Asked("How many?", form=FORM)
        return Answer(json.dumps(call.reply.value))

    monkeypatch.setattr(Echo, "invoke", invoke)
    file.write_text(ASKING)
    return file


def test_a_person_fills_a_form_and_is_asked_again_if_it_is_refused(
    asking: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = ["", "many", "", "true", "", ""]
    prompts = types(monkeypatch, *wrong, "7", "later", "true", "red, blue", "")

    assert attempt(asking) == 0

    printed = capsys.readouterr().out
    assert "    | How many?\n" in printed
    assert prompts[6:] == [
        "Pieces (integer):",
        "when (The day, now or later):",
        "gift (true or false):",
        "colours (array):",
        "note:",
    ]
    assert "This is required." in printed
    assert "That was refused: " in printed
    answer = {"pieces": 7, "when": "later", "gift": True, "colours": ["red", "blue"]}
    assert json.dumps(answer) in printed


def test_a_form_that_nobody_reads_is_filled_with_its_defaults(
    asking: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attempt(asking, approve=True) == 0

    assert 'Answered without asking: {"pieces": 1, "gift": true}' in capsys.readouterr().out


def test_an_answer_that_somebody_else_has_given_is_not_given_again(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)

    def typed(prompt: str) -> str:
        if "Remark" in prompt:
            _approve_elsewhere()
        return "n"

    monkeypatch.setattr(builtins, "input", typed)

    assert attempt(file) == 0
    assert "Draft does not take this answer" in capsys.readouterr().out


def _approve_elsewhere() -> None:
    nodes = data("""{ openSessionAgents(state: WAITING_FOR_INPUT) {
        nodes { sessionUuid sessionAgentUuid currentRun { runUuid } } } }""")
    (agent,) = nodes["openSessionAgents"]["nodes"]
    run = agent.pop("currentRun")
    change("answerSessionAgent", {**agent, **run, "approved": True}, "__typename")


def test_a_server_that_is_gone_leaves_the_session_to_be_followed_again(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(*arguments: object) -> None:
        raise Unreachable("No server of the engine answers")

    monkeypatch.setattr("ai_coordination.local.follow.look", gone)

    assert attempt(file) == 3
    assert (
        "No server of the engine answers.\nThe session continues when the server does"
        in capsys.readouterr().out
    )
