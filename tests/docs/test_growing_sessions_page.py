"""The page about sessions that grow: its task runs as its picture shows, and names what exists."""

import json
import re
from pathlib import Path
from typing import Any

from ai_coordination.api.schema import schema
from ai_coordination.testing import Engine
from tests.docs.pages import page

PAGE = page("concepts/growing-sessions")
PICTURE = "query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) { mermaid } }"


def test_the_task_runs_as_the_picture_shows(tmp_path: Path) -> None:
    (text,), (expected,) = PAGE.texts("yaml"), PAGE.texts("mermaid")
    blueprint = tmp_path / "report.yaml"
    blueprint.write_text(text)
    drafts: list[str] = []
    listed = re.findall(r"`(\[\{.+?\}\])`", PAGE.text)

    def read(query: str) -> str:
        if "b.pdf" in query:
            raise ValueError("It cannot be read")
        return f"Read: {query}"

    def write(query: str) -> str:
        drafts.append(query)
        return f"Draft {len(drafts)}"

    with Engine() as engine:
        engine.load(blueprint)
        engine.agent("finder", lambda text: str(listed[0]))
        engine.agent("reader", read)
        engine.agent("writer", write)
        engine.agent("critic", lambda text: json.dumps({"good": "Draft 2" in text}))
        engine.agent("editor", lambda text: "Final")
        session = engine.start(query="Report")
        engine.run()
        assert (session.status, session.output) == ("COMPLETED", "Final")
        key = {"c": session.coordination_uuid, "s": session.session_uuid}
        drawn = engine.graphql(PICTURE, key)["session"]["mermaid"]

    assert drawn == expected
    assert '["Read: Summarise a.pdf.", null, "Read: Summarise c.pdf."]' in drafts[0]
    assert "Critic" in drafts[1]


def test_the_fields_of_the_table_exist() -> None:
    for first, *_ in PAGE.table("In the API"):
        type_name, *fields = re.findall(r"\w+", first)
        kind: Any = schema.graphql_schema.type_map[type_name]
        assert {*fields} <= kind.fields.keys()
