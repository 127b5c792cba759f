"""Callbacks: a run can be reported with a token alone, by an agent that has no access to the API.

The run stores only a hash of the token, so who can read the tables cannot report. A worker that
takes a run over does not know the token of the first call, and work that was begun there may still
report. So each call adds a token to those that the run has.
"""

import base64
import hmac
import re
from hashlib import sha256
from typing import Final

from ai_coordination import models
from ai_coordination.config import settings
from ai_coordination.engine.context import Engine
from ai_coordination.models import writes
from ai_coordination.runtimes.base import Callback, RunFailed

TOKEN_BITS: Final = 256
PATH: Final = "/callbacks/"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def issue(engine: Engine, agent: models.SessionAgent) -> Callback | None:
    """Issue a callback of the agent's current run; None if no address is configured.

    Its token is stored before the agent can use it. Raises RunFailed if the run is over, Throttled.
    """
    base = settings().callback_url
    if base is None:
        return None
    token = new_token(engine, agent)
    place = f"{agent.session_uuid}/{agent.session_agent_uuid}/{agent.current_run_uuid}"
    return Callback(f"{base}{PATH}{place}", token, agent.deadline_at)


def new_token(engine: Engine, agent: models.SessionAgent) -> str:
    """Add a token to those of the agent's current run. Raises RunFailed if it is over."""
    token = _encoded(engine.context.random_bits(TOKEN_BITS))
    kind = models.SessionRun
    landed, _ = writes.update_if(
        kind(agent.session_uuid, agent.current_run_uuid),
        [kind.callback_tokens.add({_hash(token)})],
        kind.run_uuid.exists() & kind.outcome.does_not_exist(),
        engine.context,
    )
    if not landed:
        raise RunFailed("The run has ended")
    return token


def is_token(text: str) -> bool:
    """Whether a text looks like a token."""
    return _TOKEN.fullmatch(text) is not None


def is_token_of(run: models.SessionRun, token: str) -> bool:
    """Whether a token was issued for a run. It takes the same time for every token."""
    given = _hash(token)
    found = [hmac.compare_digest(given, known) for known in run.callback_tokens or ()]
    return any(found)


def _encoded(bits: int) -> str:
    """A token of 43 characters that needs no quoting anywhere."""
    return base64.urlsafe_b64encode(bits.to_bytes(TOKEN_BITS // 8)).decode().rstrip("=")


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
