"""What an agent asks a person at the terminal or in a test, and what the person answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ai_coordination.local.client import Client


class Question(NamedTuple):
    """An agent that asks a person: to judge its `output`, or a `question` of its own."""

    name: str
    asks: str
    """APPROVAL, INPUT or CHOICE. INPUT for a question of the agent's own."""
    output: str
    """Empty for a question of the agent's own."""
    question: str | None = None
    form: Any = None
    """JSON Schema of the answer. None: the answer is a text, or what `asks` says."""
    title: str | None = None
    options: Sequence[str] = ()
    """What can be chosen."""
    default: Any = None
    """What the blueprint suggests as the answer. None: nothing."""
    continues: bool = False
    """Whether a rejection lets the session continue, instead of failing the agent."""
    assignee: str | None = None
    """The user to whom the question is. None: it is to a group, or to all."""
    group: str | None = None
    """The group to whose members the question is."""


class Answer(NamedTuple):
    """A person's answer: `approved` if the agent asks for approval, and a text or none.

    `revise` sends an output back that is not approved. `value` answers a question with a form, and
    `choice` one with options. `approved=False` refuses to answer a question.
    """

    approved: bool | None
    text: str | None
    revise: bool = False
    value: Any = None
    choice: str | None = None

    def as_input(self) -> dict[str, Any]:
        """Return the members of `AnswerSessionAgentInput` that say this."""
        members = {
            "approved": self.approved,
            "userInput": self.text,
            "revise": self.revise or None,
            "answer": self.value,
            "choice": self.choice,
        }
        return {name: value for name, value in members.items() if value is not None}


Ask = Callable[[Question], Answer]

ASKED = """query Asked($session: ID!, $agent: ID!) {
  sessionAgent(sessionUuid: $session, sessionAgentUuid: $agent) {
    agentOutput ask { kind question form title options default onRejection assignee group }
  }
}"""


def read(client: Client, session_uuid: str, session_agent_uuid: str, name: str) -> Question | None:
    """Read what an agent asks. Returns None if it asks nothing."""
    key = {"session": session_uuid, "agent": session_agent_uuid}
    agent: Mapping[str, Any] = client.execute(ASKED, **key)["sessionAgent"] or {}
    ask = agent.get("ask")
    if ask is None:
        return None
    output = str(agent["agentOutput"] or "")
    return Question(
        name,
        ask["kind"],
        output,
        ask["question"],
        ask["form"],
        ask["title"],
        tuple(ask["options"]),
        ask["default"],
        ask["onRejection"] == "CONTINUE",
        ask["assignee"],
        ask["group"],
    )
