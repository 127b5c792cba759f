"""The example of the guide that checks what an agent says."""

import pytest
import yaml

from tests.api.execution import agents, echo, started
from tests.docs.pages import page

pytestmark = pytest.mark.usefixtures("messages")

PAGE = page("guides/write-an-agent")
(EXAMPLE,) = (yaml.safe_load(text) for text in PAGE.texts("yaml"))


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ('{"score": 7, "remarks": ["Too long"]}', None),
        ('{"score": 11}', "This must be a whole number from 0 to 10 (score)"),
    ],
)
def test_the_schema_of_the_guide_is_checked(output: str, said: str | None) -> None:
    (action,) = EXAMPLE["agentActions"]
    once = {**action, "retry": {"maxAttempts": 1}}

    agent = agents(started([echo("Critic")], [once], taskQuery=output))["Critic"]

    if said is None:
        assert (agent["state"], agent["notes"]) == ("COMPLETED", None)
    else:
        assert said in agent["notes"]
        assert said in " ".join(PAGE.prose.split())
