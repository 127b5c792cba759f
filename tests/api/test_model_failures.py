"""What models and their servers answer in place of an answer: outcome, notes, another attempt."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.execution import after, agents, session, started
from tests.support import chat_server, converse
from tests.support.http_server import Reply
from tests.support.model_kinds import Chat, Converse, Model, Use

pytestmark = pytest.mark.usefixtures("worked_queue")

TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 600}}
LONG = "The model's answer was cut off: it needs more than maxTokens, or than its context"
REFUSED = "The model refuses to answer"
NOTHING = "The model has answered nothing"
MALFORMED = "The model's answer is malformed"
TOO_LONG = "the input is too long for the model"

Table = dict[str, tuple[Reply, str]]
"""By name: the reply, and the run's notes."""


def run(model: Model, reply: Reply) -> tuple[dict[str, Any], dict[str, Any]]:
    """The agent and its only run, after one request; another attempt is far away."""
    model.answers(reply)
    place = started([model.member()], [after("a", **TWICE)])
    assert len(model.server.requests) == 1
    (ended,) = session(place)["sessionRuns"]["nodes"]
    return agents(place)["a"], ended


# What both kinds say, each in its protocol. The value says whether another attempt follows.
SAME: dict[str, tuple[Callable[[Model], Reply], bool, str]] = {
    "empty": (lambda model: model.says(""), True, NOTHING),
    "refused": (lambda model: model.says("Do", "refused"), False, REFUSED),
    "cut off": (lambda model: model.says("Do", "cut off"), False, LONG),
    "a tool": (
        lambda model: model.calls(Use("1", "answer", {"verdict": "yes"})),
        False,
        "The model called a tool, and the agent has none",
    ),
    "an answer that cannot be stored": (
        lambda model: model.says("\ud800"),
        False,
        "The agent's output: This contains half a surrogate pair, which is not text",
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_a_message_without_an_answer_fails_the_attempt(any_model: Model, name: str) -> None:
    reply, again, notes = SAME[name]

    agent, ended = run(any_model, reply(any_model))

    assert (ended["outcome"], ended["notes"]) == ("FAILED", notes)
    assert agent["state"] == ("INITIAL" if again else "FAILED")


# Chat completions.
SAID = "The model's server answered"
NO_COMPLETION = f"{SAID} 200 without a completion"
NO_KEY = "it does not accept the key, or not for this"
refusing, replying, saying = chat_server.refusing, chat_server.replying, chat_server.saying
NO_QUOTA = refusing(429, "pay", "insufficient_quota")
NO_CONTEXT = refusing(400, "It has 8192", "context_length_exceeded")
REDIRECT = {"location": "http://169.254.169.254/"}
CHAT_AGAIN: Table = {
    "409": (refusing(409), f"{SAID} 409: t no"),
    "425": (refusing(425), f"{SAID} 425: t no"),
    "429": (refusing(429), f"Throttled: {SAID} 429: t no"),
    "503, for a while": (refusing(503, retry_after="30"), f"Throttled: {SAID} 503: t no"),
    "500": (refusing(500), f"{SAID} 500: t no"),
    "503": (refusing(503), f"{SAID} 503: t no"),
    "529, no JSON": (Reply(b"<html>", 529), f"{SAID} 529"),
    "500, a text": (replying({"error": "down"}, 500), f"{SAID} 500: down"),
    "500, another form": (replying({"message": "down"}, 500), f"{SAID} 500: down"),
    "no choices": (replying({}), NO_COMPLETION),
    "empty choices": (replying({"choices": []}), NO_COMPLETION),
    "an error": (replying({"error": {"message": "upstream"}}), f"{NO_COMPLETION}: upstream"),
    "no JSON": (Reply(b"<html>"), NO_COMPLETION),
    "deep JSON": (Reply(b"[" * 200_000), NO_COMPLETION),
    "a list": (Reply(b"[1]"), NO_COMPLETION),
    "null": (saying(None), NOTHING),
    "a number": (saying(7), NOTHING),
}
CHAT_NOT_AGAIN: Table = {
    "400": (refusing(400, "bad field"), f"{SAID} 400: t bad field"),
    "too long": (NO_CONTEXT, f"{SAID} 400: {TOO_LONG}: t context_length_exceeded It has 8192"),
    "filtered": (refusing(400, "no", "content_filter"), f"{SAID} 400: t content_filter no"),
    "401": (refusing(401, "Incorrect: sk-01**"), f"{SAID} 401: {NO_KEY}"),
    "403": (refusing(403, "sk-01**"), f"{SAID} 403: {NO_KEY}"),
    "402": (refusing(402, "pay"), f"{SAID} 402: t pay"),
    "404": (refusing(404, "no model"), f"{SAID} 404: t no model"),
    "413": (refusing(413), f"{SAID} 413: {TOO_LONG}: t no"),
    "422": (refusing(422), f"{SAID} 422: t no"),
    "429, no quota": (NO_QUOTA, f"{SAID} 429: t insufficient_quota pay"),
    "redirect": (Reply(b"{}", 307, REDIRECT), f"{SAID} 307, a redirect, which is not followed"),
    "204": (Reply(b"", 204), f"{SAID} 204"),
    "refusal": (saying(None, refusal="I cannot"), f"{REFUSED}: I cannot"),
    "half a surrogate pair": (saying(None, refusal="I cannot \ud800"), f"{REFUSED}: I cannot ?"),
}

# Converse.
BEDROCK = "Bedrock answered"
NO_ACCESS = "the engine may not invoke this model, or the account has no access"
LARGE = "Bedrock gave no usable answer. The answer is larger than 4,194,304 bytes"
INPUT = "Input is too long for requested model."
GUARDED = converse.saying("Not about that.", "guardrail_intervened")
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}}}


def error(
    status: int, code: str, message: str = "no", notes: str | None = None
) -> tuple[Reply, str]:
    """An exception of Bedrock; without notes, its message is shown."""
    shown = f"{BEDROCK} {code}Exception: {notes or message}"
    return converse.refusing(status, f"{code}Exception", message), shown


THROTTLED, THROTTLED_NOTES = error(429, "Throttling", "Too many tokens per day")
CONVERSE_AGAIN: Table = {
    "throttled": (THROTTLED, f"Throttled: {THROTTLED_NOTES}"),
    "not ready": error(429, "ModelNotReady"),
    "internal": error(500, "InternalServer"),
    "unavailable": error(503, "ServiceUnavailable"),
    "the model's error": error(424, "ModelError"),
    "a gateway's error": (Reply(b"<html>", 502), f"{BEDROCK} 502: Bad Gateway"),
    "no JSON": (Reply(b"<html>"), f"{BEDROCK} without a message"),
    "no message": (Reply(b"{}"), f"{BEDROCK} without a message"),
    "no blocks": (converse.replying([]), NOTHING),
    "thoughts alone": (converse.replying([THOUGHT]), NOTHING),
    "malformed": (converse.saying("D", "malformed_model_output"), MALFORMED),
    "a malformed call": (converse.saying("D", "malformed_tool_use"), MALFORMED),
}
CONVERSE_NOT_AGAIN: Table = {
    "invalid": error(400, "Validation", "temperature and topP"),
    "too long": error(400, "Validation", INPUT, f"{TOO_LONG}. {INPUT}"),
    "access denied": error(403, "AccessDenied", "arn:aws:sts::1:assumed-role/x", NO_ACCESS),
    "expired": error(403, "ExpiredToken", "AKIA", "the engine's credentials have expired"),
    "unknown model": error(404, "ResourceNotFound"),
    "quota": error(400, "ServiceQuotaExceeded"),
    "a redirect": (Reply(b"{}", 307, REDIRECT), f"{BEDROCK} 307"),
    "a text too long": (Reply(b" " * 4_194_305), LARGE),
    "a guardrail": (GUARDED, f"{REFUSED}: the guardrail intervened. Not about that."),
    "a full context": (converse.saying("Do", "model_context_window_exceeded"), LONG),
}

TIMED_OUT: list[tuple[type[Model], tuple[Reply, str]]] = [
    (Chat, (refusing(408), f"{SAID} 408: t no")),
    (Converse, error(408, "ModelTimeout")),
]
FAILURES = [
    *(
        pytest.param(kind, *failure, "FAILED", state, id=f"{kind.__name__}: {name}")
        for kind, state, table in [
            (Chat, "INITIAL", CHAT_AGAIN),
            (Chat, "FAILED", CHAT_NOT_AGAIN),
            (Converse, "INITIAL", CONVERSE_AGAIN),
            (Converse, "FAILED", CONVERSE_NOT_AGAIN),
        ]
        for name, failure in table.items()
    ),
    *((kind, *failure, "TIMED_OUT", "INITIAL") for kind, failure in TIMED_OUT),
]


@pytest.mark.parametrize(
    ("any_model", "reply", "notes", "outcome", "state"), FAILURES, indirect=["any_model"]
)
def test_a_reply_without_an_answer_fails_the_attempt(
    any_model: Model, reply: Reply, notes: str, outcome: str, state: str
) -> None:
    agent, ended = run(any_model, reply)

    assert (ended["outcome"], ended["notes"]) == (outcome, notes)
    assert agent["state"] == state
