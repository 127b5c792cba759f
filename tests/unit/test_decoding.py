"""Items are read as pynamodb reads them."""

from typing import Any

import pytest
from pynamodb.attributes import AttributeContainer, MapAttribute
from pynamodb.models import Model

from ai_coordination import models
from ai_coordination.models.base import Item

UUID = "01900000-0000-7000-8000-000000000001"
KEYS = {"coordination_uuid": {"S": UUID}, "session_uuid": {"S": UUID}}
MEMBER = {
    "agent_uuid": {"S": "rag"},
    "agent_name": {"S": "Retrieval"},
    "runtime": {"M": {"kind": {"S": "LAMBDA"}, "parameters": {"S": '{"seconds": 1.5}'}}},
}
ACTION = {
    "agent_uuid": {"S": "rag"},
    "predecessors": {"L": [{"S": "zh"}, {"S": "en"}]},
    "primary_path": {"BOOL": True},
    "timeout_seconds": {"N": "300"},
    "retry": {
        "M": {
            "max_attempts": {"N": "3"},
            "interval_seconds": {"N": "0.5"},
            "backoff_rate": {"N": "2"},
        }
    },
    "on_failure": {"S": "CONTINUE"},
    "position": {"N": "-1"},
}
ITEMS: dict[str, tuple[type[Model], dict[str, Any]]] = {
    "nothing but keys": (models.Session, KEYS),
    "numbers": (
        models.Session,
        {"agent_count": {"N": "0"}, "run_count": {"N": "-12"}, "version": {"N": "1E+2"}},
    ),
    "a set": (models.Session, {"asking": {"NS": ["3", "1"]}}),
    "a null": (models.Session, {"task_query": {"NULL": True}, "logs": {"NULL": True}}),
    "what no attribute is called": (models.Session, {"of_tomorrow": {"S": "x"}}),
    "an empty list": (models.Session, {"logs": {"L": []}}),
    "a list of maps": (
        models.Session,
        {"input_files": {"L": [{"M": {"name": {"S": "a"}, "uri": {"S": "s3://a/a"}}}]}},
    ),
    "a list of maps of maps": (models.Coordination, {"agents": {"L": [{"M": MEMBER}]}}),
    "a map of maps": (models.Task, {"agent_actions": {"M": {"rag": {"M": ACTION}}}}),
    "maps": (models.SessionAgent, {"agent": {"M": MEMBER}, "agent_action": {"M": ACTION}}),
    "a record": (models.Idempotency, {"key": {"S": "k"}, "expires_at": {"N": "1764000000"}}),
}


def plain(value: Any) -> Any:
    """All that can be read of a value, with its types."""
    if isinstance(value, AttributeContainer):
        names = value.get_attributes()
        return type(value), {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return type(value), value


@pytest.mark.parametrize("name", ITEMS)
def test_an_item_is_read_as_pynamodb_reads_it(name: str) -> None:
    kind, item = ITEMS[name]

    ours = kind.from_raw_data(item)

    assert plain(ours) == plain(Model.from_raw_data.__func__(kind, item))  # type: ignore[attr-defined]


def test_what_was_read_is_written_as_it_was() -> None:
    item: Item = {**KEYS, "status": {"S": "initial"}, "logs": {"L": []}, "version": {"N": "7"}}

    session = models.Session.of(item)

    written = session._container_serialize(null_check=False)
    assert item.items() <= written.items()
    assert written["iteration_count"] == {"N": "0"}


def test_what_was_read_can_be_changed() -> None:
    task = models.Task.of({"agent_actions": {"M": {"rag": {"M": ACTION}}}})

    task.task_name = "Other"
    task.agent_actions["rag"].retry.max_attempts = 9

    written = task._container_serialize(null_check=False)
    assert written["task_name"] == {"S": "Other"}
    retry = written["agent_actions"]["M"]["rag"]["M"]["retry"]["M"]
    assert retry["max_attempts"] == {"N": "9"}


def test_two_rows_share_no_list() -> None:
    first, second = models.Session.of(KEYS), models.Session.of(KEYS)

    first.logs.append(models.LogEntry())  # type: ignore[no-untyped-call]

    assert second.logs == []


def test_a_map_that_was_read_is_no_attribute() -> None:
    [member] = models.Coordination.of({"agents": {"L": [{"M": MEMBER}]}}).agents

    assert isinstance(member, MapAttribute)
    assert member.agent_name == "Retrieval"
    assert member.runtime.parameters == {"seconds": 1.5}
    assert member.runtime.target is None
