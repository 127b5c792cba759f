"""The documents of a frontend's usual screens are valid, and stay well within the limits."""

from pathlib import Path

import pytest

from ai_coordination.api.documents import prepare
from ai_coordination.api.schema import schema
from ai_coordination.config import Settings

SCREENS = sorted(Path(__file__).parent.glob("*.graphql"))
PAGE_SIZES = ("first", "agents", "runs", "tasks", "sessions")


def test_the_usual_screens_are_there() -> None:
    assert [screen.stem for screen in SCREENS] == [
        "coordination_editor",
        "coordination_list",
        "inbox",
        "run_details",
        "schedules",
        "session_list",
        "session_live",
        "task_editor",
    ]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.stem)
@pytest.mark.parametrize("introspection", [True, False], ids=["introspection", "none"])
def test_a_screen_is_served_even_with_the_largest_pages(screen: Path, introspection: bool) -> None:
    largest = dict.fromkeys(PAGE_SIZES, 100)
    settings = Settings(introspection=introspection)

    document = prepare(schema.graphql_schema, screen.read_text(), settings)

    for operation in document.operations.values():
        document.check_cost(operation, largest, settings.max_cost // 2)
