"""People of scenarios: they choose, fill in a form, reject, claim, and do not come."""

from ai_coordination.states import SessionAgentState
from tests.api.execution import after, blueprint, echo, start
from tests.compatibility.completion import FORM, LAST_WORDS, caller_of, finish, key_of
from tests.compatibility.life import Life
from tests.compatibility.scenarios_of_runs import agent_of, tell
from tests.support.graph_api import CALLER, change

COLOURS = ["Red", "Green"]


def choosing(life: Life) -> None:
    """Each agent asks in another way. Nobody answers the last one, so its default counts."""
    asks = {
        "a": {"kind": "CHOICE", "title": "Which colour?", "options": COLOURS, "default": "Green"},
        "b": {"kind": "INPUT", "form": FORM},
        "c": {"kind": "APPROVAL", "onRejection": "CONTINUE"},
        "d": {"kind": "CHOICE", "options": COLOURS, "default": "Red", "onTimeout": "DEFAULT"},
    }
    actions = [after(name, ask=ask, answerTimeoutSeconds=600) for name, ask in asks.items()]
    members = [*map(echo, asks), echo("end")]
    start(blueprint(members, [*actions, after("end", *asks)]), taskQuery="Which?")
    life.idle()
    life.recording = True
    tell(life, "answerSessionAgent", "a", choice="Red", userInput="It is warmer")
    tell(life, "answerSessionAgent", "b", answer={"days": 3})
    tell(life, "answerSessionAgent", "c", approved=False, userInput="Too dear")
    while agent_of(life, "d").state == SessionAgentState.WAITING_FOR_INPUT:
        life.step()
    life.recording = False
    finish(life)


def claiming(life: Life) -> None:
    """One question is to a user, and one to a group. Both are claimed, and one is released."""
    asks = {
        "a": {"kind": "APPROVAL", "title": "Pay it?", "assignee": CALLER.user_id},
        "b": {"kind": "INPUT", "title": "Which account?", "group": "finance"},
    }
    actions = [after(name, ask=ask, answerTimeoutSeconds=600) for name, ask in asks.items()]
    members = [*map(echo, asks), echo("end")]
    start(blueprint(members, [*actions, after("end", *asks)]), taskQuery="Which?")
    life.recording = True
    life.idle()
    for mutation, name in [("claim", "a"), ("claim", "b"), ("release", "b")]:
        agent = agent_of(life, name)
        change(f"{mutation}SessionAgent", key_of(agent), LAST_WORDS, caller_of(agent))
    tell(life, "answerSessionAgent", "a", approved=True)
    life.recording = False
    finish(life)
