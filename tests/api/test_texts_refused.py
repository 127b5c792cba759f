"""Names that are invisible or misleading."""

from typing import Any

import pytest

from tests.support.cases import each
from tests.support.graph_api import create, new_coordination, refusal
from tests.support.ids import short
from tests.support.stored import everything_stored, refused

pytestmark = pytest.mark.usefixtures("tables")

INVISIBLE = [
    "\u200b",
    "\u200b\u200d",
    "\u2060 \ufeff",
    "\u00ad",
    "\u3164",
    "\u2800",
    "\ufe0f",
    "\t",
]
MISLEADING = [
    "User:\nyes",
    "a\x00b",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "a\u202eb",
    "a\u2066b\u2069",
]
FINE = [
    "Angebote",
    "\u0639\u0631\u0636",
    "\u200f\u05d4\u05e6\u05e2\u05d4\u200f",
    "\U0001f469\u200d\U0001f52c Lab",
    "\u0915\u094d\u0937\u093f",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "a\u00a0b",
    "…",
    " Ánfrage, Ş " + "n" * 244,
]


def named(name: str) -> dict[str, Any]:
    return {"coordinationName": name}


def member(name: str) -> dict[str, Any]:
    return {
        "coordinationName": "A",
        "agents": [{"agentName": name, "runtime": {"kind": "ECHO"}}],
    }


@each("name", [*INVISIBLE, *MISLEADING], ids=short)
def test_a_name_that_is_not_seen_or_misleads_is_refused(name: str) -> None:
    assert refusal("createCoordination", named(name)) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "coordinationName"],
    }
    assert refusal("createCoordination", member(name)) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "agents", 0, "agentName"],
    }
    assert not any(everything_stored().values())


@each("name", FINE, ids=short)
def test_a_name_in_any_script_is_taken_as_it_is(name: str) -> None:
    made = create("createCoordination", named(name), "coordinationName")

    assert made["coordinationName"] == name


@each("user", ["\u200b", " ", *MISLEADING], ids=short)
def test_a_user_that_is_not_seen_or_misleads_is_refused(user: str) -> None:
    key = {"coordinationUuid": new_coordination()}

    told = refused("createSession", {**key, "userId": user})

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "userId"]}


@each("field", ["name", "mediaType"])
def test_a_file_is_described_readably(field: str) -> None:
    key = {"coordinationUuid": new_coordination()}
    file = {"name": "x.pdf", "uri": "s3://bucket/x.pdf", field: "x\u202efdp.exe"}

    told = refused("createSession", {**key, "inputFiles": [file]})

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "inputFiles", 0, field]}
