"""The reply of an HTTP agent's server: what it says, or why it says nothing."""

import json
from datetime import datetime
from typing import Final

from ai_coordination.clients.http import Reply
from ai_coordination.runtimes import agent_report
from ai_coordination.runtimes.agent_report import Failed, Heartbeat, Malformed
from ai_coordination.runtimes.base import Accepted, Result, RunFailed

LONGEST_MESSAGE: Final = 500
_RETRYABLE: Final = frozenset({408, 409, 425, 429})


def read(reply: Reply, now: datetime) -> Result:
    """What the agent says. Raises RunFailed for each reply that says nothing or a failure.

    docs/guides/http-agents.md has the table.
    """
    if reply.status == 202:
        return _acceptance(reply)
    if reply.status != 200:
        raise _error(reply, now)
    try:
        report = agent_report.read(reply.headers.get("content-type"), reply.body)
    except Malformed as malformed:
        place = f" ({'.'.join(map(str, malformed.path))})" if malformed.path else ""
        notes = f"The agent's answer cannot be read: {malformed.message}{place}"
        raise RunFailed(notes, retryable=malformed.is_about_delegation) from malformed
    if isinstance(report, Heartbeat):
        notes = "The agent's answer cannot be read: a heartbeat answers no request"
        raise RunFailed(notes, retryable=False)
    if isinstance(report, Failed):
        raise RunFailed(report.notes, retryable=report.retryable, usage=report.usage)
    return report


def _acceptance(reply: Reply) -> Accepted:
    """202 is an acceptance whatever the body. It may have the name of the task."""
    try:
        report = agent_report.read(reply.headers.get("content-type"), reply.body)
    except Malformed:
        return Accepted()
    return report if isinstance(report, Accepted) else Accepted()


def _error(reply: Reply, now: datetime) -> RunFailed:
    status = reply.status
    notes = f"The agent's server answered {status}"
    if 300 <= status < 400:
        return RunFailed(f"{notes}, a redirect, which is not followed", retryable=False)
    retryable = status in _RETRYABLE or status >= 500
    after_seconds = reply.retry_after(now) if retryable else None
    # A server that is down answers 503 too, but does not know for how long.
    is_busy = status == 429 or (status == 503 and after_seconds is not None)
    return RunFailed(
        f"{notes}{_said(reply)}",
        retryable=retryable,
        timed_out=status == 408,
        throttled=is_busy,
        after_seconds=after_seconds,
    )


def _said(reply: Reply) -> str:
    """The server's own words, shortened, with a colon before them."""
    text = reply.body.decode(errors="replace").strip()
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == agent_report.JSON:
        text = _message(text)
    elif kind != agent_report.TEXT:
        return ""
    return f": {text[:LONGEST_MESSAGE]}" if text else ""


def _message(text: str) -> str:
    """The text of an error that is JSON, under one of the names that servers use."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    members = value if isinstance(value, dict) else {}
    inner = members.get("error")
    for found in (
        inner.get("message") if isinstance(inner, dict) else inner,
        members.get("message"),
        members.get("detail"),
    ):
        if isinstance(found, str):
            return found
    return ""
