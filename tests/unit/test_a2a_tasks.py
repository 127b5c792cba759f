"""What A2A agents answer, in the forms of both versions, and what servers make of them."""

import base64
from typing import Any

import pytest

from ai_coordination.clients import a2a_replies, a2a_tasks
from ai_coordination.clients.a2a_replies import Data
from ai_coordination.clients.a2a_tasks import Malformed, Said, Task, TaskState
from tests.support.cases import each


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"text": value, **more}


def task(state: Any = "TASK_STATE_WORKING", **more: Any) -> dict[str, Any]:
    return {"id": "t1", "contextId": "c1", "status": {"state": state}, **more}


def read(value: Any) -> Task:
    found = a2a_tasks.read(value)
    assert isinstance(found, Task)
    return found


@each("wrapped", [False, True])
@each(
    ("state", "known"),
    [
        ("TASK_STATE_SUBMITTED", "submitted"),
        ("TASK_STATE_INPUT_REQUIRED", "input-required"),
        ("input-required", "input-required"),
        ("TASK_STATE_CANCELED", "canceled"),
        ("cancelled", "canceled"),
        ("auth-required", "auth-required"),
        ("TASK_STATE_UNSPECIFIED", "unknown"),
        ("paused", "unknown"),
        (None, "unknown"),
        (3, "unknown"),
    ],
)
def test_a_state_is_read_as_either_version_writes_it(state: Any, known: str, wrapped: bool) -> None:
    given = task(state)

    found = read({"task": given} if wrapped else {**given, "kind": "task"})

    assert (found.task, found.context, found.state) == ("t1", "c1", TaskState(known))


@each(
    "result",
    [
        None,
        [],
        {},
        "done",
        {"task": None},
        {"task": {"id": "t1"}},
        {"task": {"status": {"state": "working"}}},
        task() | {"id": 7},
        task() | {"id": "x" * 257},
        {"message": {"parts": "x"}},
    ],
)
def test_what_is_neither_a_task_nor_a_message_is_malformed(result: Any) -> None:
    with pytest.raises(Malformed):
        a2a_tasks.read(result)


PARTS: dict[str, tuple[list[Any], str]] = {
    "texts": ([text("a"), {"kind": "text", "text": "b"}], "a\nb"),
    "data": ([{"data": {"é": 1}}, {"kind": "data", "data": [1.5]}], '{"é": 1}\n[1.5]'),
    "a file's address": (
        [{"url": "https://f.example/1", "filename": "a.pdf", "mediaType": "application/pdf"}],
        "[File: a.pdf, application/pdf, https://f.example/1]",
    ),
    "a file of 0.3": (
        [{"kind": "file", "file": {"uri": "https://f.example/1", "name": "a.pdf"}}],
        "[File: a.pdf, https://f.example/1]",
    ),
    "a text in a file": (
        [{"raw": base64.b64encode("Grün".encode()).decode(), "mediaType": "text/markdown"}],
        "Grün",
    ),
    "bytes": (
        [{"file": {"bytes": "AAEC", "name": "a.png", "mimeType": "image/png"}}],
        "[File: a.png, image/png]",
    ),
    "no UTF-8": ([{"raw": "/w==", "mediaType": "text/plain"}], "[File: text/plain]"),
    "no base64": (
        [{"raw": "a", "mediaType": "text/plain", "filename": "f"}],
        "[File: f, text/plain]",
    ),
    "a thought": ([text("hm", metadata={"adk_thought": True}), text("a")], "a"),
    "others": ([7, {}, {"kind": "new"}, {"text": 7}, text("a")], "a"),
    "none": ([], ""),
}


@each("name", PARTS)
def test_parts_become_a_text(name: str) -> None:
    parts, expected = PARTS[name]

    assert a2a_tasks.read({"message": {"parts": parts}}) == Said(expected)
    assert a2a_tasks.read({"kind": "message", "parts": parts}) == Said(expected)


AGENT = {"role": "agent", "parts": [text("from the history")]}
STATUS = {"state": "completed", "message": {"parts": [text("of the status")]}}
ARTIFACTS = [{"parts": [text("one"), text("more")]}, {"parts": []}, 7, {"parts": [text("two")]}]


@each(
    ("given", "output"),
    [
        ({"status": STATUS, "artifacts": ARTIFACTS, "history": [AGENT]}, "one\nmore\n\ntwo"),
        ({"status": STATUS, "history": [AGENT]}, "of the status"),
        ({"history": [AGENT, {"role": "user", "parts": [text("mine")]}]}, "from the history"),
        ({"history": [{"role": "ROLE_AGENT", "parts": [text("new form")]}]}, "new form"),
        ({"history": "x", "artifacts": {}}, ""),
    ],
)
def test_the_output_is_of_the_artifacts_or_else_what_the_agent_said_last(
    given: dict[str, Any], output: str
) -> None:
    assert read({**task("completed"), **given}).output == output


def test_a_mark_tells_one_question_from_the_next() -> None:
    marks = [
        read(task() | {"status": {"state": "input-required", **status}}).mark
        for status in (
            {"message": {"messageId": "m1"}, "timestamp": "2026-11-29T10:00:00Z"},
            {"timestamp": "2026-11-29T10:00:00Z"},
            {"message": {"messageId": 7}},
        )
    ]

    assert marks == ["m1", "2026-11-29T10:00:00Z", None]


def test_a_list_has_the_tasks_with_the_messages_of_their_histories() -> None:
    listed = [task(history=[{"messageId": "m1"}, {}, {"messageId": "m2"}]), {"id": 7}, "x"]

    (found,) = a2a_tasks.listed({"tasks": listed, "nextPageToken": ""})

    assert found.message_ids == {"m1", "m2"}
    assert list(a2a_tasks.listed(None)) == []


USAGE = {"inputTokens": 11, "outputTokens": 3}


@each(
    "given",
    [
        {"metadata": {"usage": {**USAGE, "model": "m"}}},
        {"metadata": {"usage": {"input_tokens": 11.0, "output_tokens": 3.0}}},
        {"status": {"state": "working", "message": {"metadata": {"usage": USAGE}}}},
        {"artifacts": [{"metadata": {"usage": {"prompt_tokens": 11, "completion_tokens": 3}}}]},
        {
            "artifacts": [
                {
                    "metadata": {
                        "adk_usage_metadata": {"promptTokenCount": 11, "candidatesTokenCount": 3}
                    }
                }
            ]
        },
    ],
)
def test_the_usage_is_taken_from_metadata_by_its_usual_names(given: dict[str, Any]) -> None:
    usage = read({**task(), **given}).usage

    assert {name: usage[name] for name in USAGE} == USAGE
    assert {type(usage[name]) for name in USAGE} == {int}


@each("metadata", [None, 7, {}, {"usage": 7}, {"usage": {"inputTokens": 1}}], ids=str)
def test_without_two_counts_there_is_no_usage(metadata: Any) -> None:
    assert read(task(metadata=metadata)).usage is None


CALL = {
    "data": {"id": "f1", "name": "approve", "args": {"price": 5}},
    "metadata": {"adk_type": "function_call", "adk_is_long_running": True},
}
INTERRUPTS = {
    "kind": "data",
    "data": {"interrupts": [{"interruptId": "i1", "name": "approve"}, {"interruptId": 7}, 7]},
}


def asking(*parts: Any) -> Task:
    status = {"state": "input-required", "message": {"parts": list(parts)}}
    return read(task() | {"status": status})


def test_the_adk_is_replied_to_with_the_result_of_its_function() -> None:
    found = asking(CALL)

    assert found.said == 'approve {"price": 5}'
    assert a2a_replies.replies(found.awaited, "yes") == [
        Data(
            {"id": "f1", "name": "approve", "response": {"result": "yes"}},
            {"adk_type": "function_response"},
        )
    ]


def test_strands_is_replied_to_with_what_its_interrupt_wants() -> None:
    found = asking(text("Agent requires input"), INTERRUPTS)

    assert found.said == "Agent requires input"
    assert a2a_replies.replies(found.awaited, "yes") == [
        Data({"interruptResponse": {"interruptId": "i1", "response": "yes"}}, {})
    ]


@each(
    "part",
    [
        text("Which?"),
        {"data": [1]},
        {"data": {"interrupts": "x"}},
        {**CALL, "metadata": {"adk_type": "function_call"}},
        {**CALL, "data": {"id": "x" * 257, "name": "approve"}},
    ],
)
def test_every_other_agent_is_replied_to_with_a_text(part: dict[str, Any]) -> None:
    assert asking(part).awaited == []
