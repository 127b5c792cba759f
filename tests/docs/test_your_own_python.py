"""The Python files of the README and of the guide are agents, as `make run AGENTS=` has them."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ai_coordination.local.functions.agents_file import AgentsFile
from tests.docs.pages import README, page


@contextmanager
def served(file: Path, code: str, printed: list[str]) -> Iterator[AgentsFile]:
    file.write_text(code)
    agents = AgentsFile(
        file,
        lambda name, text: printed.append(f"[{name}] {text}"),
        python=sys.executable,
        environment=os.environ,
        prefix="agent-",
    )
    yield agents
    agents.close()


def called(agents: AgentsFile, name: str, **event: Any) -> Any:
    returned = agents.call(name, json.dumps(event), "request")
    assert returned is not None
    assert not returned.failed, returned
    return json.loads(returned.payload)


def test_the_function_of_the_readme_is_an_agent(tmp_path: Path) -> None:
    (code,) = README.texts("python")
    printed: list[str] = []

    with served(tmp_path / "my_agents.py", code, printed) as agents:
        assert agents.names() == ["agent-write"]
        answer = called(agents, "agent-write", agentInput="Who sells tea?")

    assert answer == "Report on: Who sells tea?"
    assert printed == ["[agent-write] writes about Who sells tea?"]


def test_the_functions_of_the_guide_are_agents(tmp_path: Path) -> None:
    (code,) = page("guides/your-own-python").texts("python")
    printed: list[str] = []

    with served(tmp_path / "my_agents.py", code, printed) as agents:
        assert agents.names() == ["agent-critic", "agent-summarise"]
        summary = called(agents, "agent-summarise", agentInput="Tea. And coffee.")
        predecessors = [{"agentOutput": "a short draft"}]
        verdict = called(agents, "agent-critic", predecessors=predecessors)

    assert summary == "Tea."
    usage = {"inputTokens": 120, "outputTokens": 12}
    assert verdict == {"agentOutput": "3 words", "usage": usage}
    assert printed == ["[agent-critic] reads 13 characters"]
