"""What the notes of an attempt say about an error that its function has raised."""

import json
from typing import Any

import pytest

from ai_coordination.runtimes.lambda_runtime import notes_of

OWN = '  File "/var/task/app/reader.py", line 12, in read\n    raise ValueError("No")\n'
LIBRARY = '  File "/var/lang/lib/python3.13/json/__init__.py", line 346, in loads\n    return x\n'
PACKAGE = '  File "/home/me/.venv/lib/python3.12/site-packages/openai/client.py", line 9, in post\n'
ERROR = {"errorType": "ValueError", "errorMessage": "No"}


@pytest.mark.parametrize(
    ("error", "notes"),
    [
        (ERROR, "ValueError: No"),
        ({"errorMessage": "No"}, "No"),
        ({"errorType": "Sandbox.Timedout", "errorMessage": ""}, "Sandbox.Timedout"),
        ({}, "The function has failed"),
        ("No", "The function has failed"),
        ({**ERROR, "stackTrace": [OWN]}, "ValueError: No (reader.py:12)"),
        ({**ERROR, "stackTrace": [OWN, LIBRARY, PACKAGE]}, "ValueError: No (reader.py:12)"),
        ({**ERROR, "stackTrace": [LIBRARY]}, "ValueError: No (__init__.py:346)"),
        ({**ERROR, "stackTrace": ["at handler (/var/task/index.js:3:9)"]}, "ValueError: No"),
        ({**ERROR, "stackTrace": "File"}, "ValueError: No"),
        ({**ERROR, "stackTrace": [None, 7, []]}, "ValueError: No"),
        ({"errorMessage": "x" * 3_000, "stackTrace": [OWN]}, "x" * 2_000 + " (reader.py:12)"),
        ({"errorMessage": "half \ud800 of a pair"}, "half ? of a pair"),
    ],
)
def test_the_notes_have_type_message_and_the_last_line_of_its_own_code(
    error: Any, notes: str
) -> None:
    assert notes_of(json.dumps(error).encode()) == notes


def test_an_error_that_is_not_json_is_named() -> None:
    assert notes_of(b"\xff") == "The function has failed"
