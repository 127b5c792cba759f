"""Answers that are too large, and the field that caused it."""

import json
from typing import Any

import pytest

from ai_coordination.api import sizes
from ai_coordination.api.transport.response_size import limit_size


def test_a_result_is_written_compactly_and_in_its_own_letters() -> None:
    result, text = limit_size({"data": {"a": ["ä", 1]}}, sizes.body_bytes, 100, "request-1")

    assert result == {"data": {"a": ["ä", 1]}}
    assert text == '{"data":{"a":["ä",1]}}'


def test_the_limit_counts_bytes_and_not_characters() -> None:
    result: dict[str, Any] = {"data": {"a": "ä" * 100}}
    size = len('{"data":{"a":""}}') + 200

    assert limit_size(result, sizes.body_bytes, size, "request-1")[0] is result
    refused, text = limit_size(result, sizes.body_bytes, size - 1, "request-1")

    assert json.loads(text) == refused
    assert refused == {
        "errors": [
            {
                "message": (
                    f"The operation was executed, but its response has {size} bytes and the limit "
                    f"is {size - 1}: request fewer rows or fields at a time."
                ),
                "extensions": {"code": "PAYLOAD_TOO_LARGE", "requestId": "request-1"},
                "path": ["a"],
            }
        ],
        "data": None,
    }


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"task": {"taskName": "x" * 900, "version": 1}, "other": 1}, ["task", "taskName"]),
        ({"sessions": {"nodes": ["x" * 30] * 30}}, ["sessions", "nodes"]),
        ({"sessions": {"nodes": [{"logs": "x"}, {"logs": "x" * 900}]}}, ["sessions", "nodes", 1,
                                                                          "logs"]),
        ({"a": {"logs": "x" * 500}, "b": {"logs": "x" * 400}}, ["a", "logs"]),
        ({"a": "x" * 400, "b": "x" * 400, "c": "x" * 400}, None),
        (["x" * 900], [0]),
        ("x" * 900, None),
    ],
)  # fmt: skip
def test_the_path_leads_to_the_field_that_outweighs_the_rest(
    data: Any, path: list[str | int] | None
) -> None:
    refused, _ = limit_size({"data": data}, sizes.body_bytes, 700, "request-1")

    assert refused["errors"][0].get("path") == path


def test_a_list_a_byte_too_long_is_not_the_fault_of_one_row() -> None:
    result = {"data": {"sessions": {"nodes": ["x" * 30] * 30}}}

    refused, _ = limit_size(result, sizes.body_bytes, sizes.json_bytes(result) - 1, "request-1")

    assert refused["errors"][0]["path"] == ["sessions", "nodes"]


def test_errors_that_are_too_large_are_no_field_s_fault() -> None:
    result = {"data": {"a": 1}, "errors": [{"message": "x" * 900}]}

    refused, _ = limit_size(result, sizes.body_bytes, 700, "request-1")

    assert "path" not in refused["errors"][0]
    assert refused["data"] is None


def test_a_failure_that_is_too_large_still_has_no_data() -> None:
    refused, _ = limit_size(
        {"errors": [{"message": "x" * 900}]}, sizes.body_bytes, 700, "request-1"
    )

    assert "data" not in refused
    assert refused["errors"][0]["extensions"]["code"] == "PAYLOAD_TOO_LARGE"


def test_escaping_may_be_what_lambda_does_not_take() -> None:
    # A quote is two bytes to a client, and four in a body on its way through Lambda.
    quotes: dict[str, Any] = {"data": {"a": '"' * 2_000_000}}

    assert limit_size(quotes, sizes.result_bytes, 5_500_000, "request-1")[0] is quotes
    refused, _ = limit_size(quotes, sizes.body_bytes, 5_500_000, "request-1")

    assert refused["errors"][0]["path"] == ["a"]
    assert "has 8000025 bytes and the limit is 6281556" in refused["errors"][0]["message"]


@pytest.mark.parametrize(("escapes", "fits"), [(True, False), (False, True)])
def test_what_the_runtime_escapes_counts(
    escapes: bool, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "_RUNTIME_ESCAPES", escapes)
    result: dict[str, Any] = {"data": {"a": "ä" * 1_500_000}}

    assert (limit_size(result, sizes.result_bytes, 5_500_000, "request-1")[0] is result) is fits
    assert (limit_size(result, sizes.body_bytes, 5_500_000, "request-1")[0] is result) is fits


def test_a_number_that_json_lacks_is_not_written() -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        limit_size({"data": {"a": float("nan")}}, sizes.body_bytes, 100, "request-1")
