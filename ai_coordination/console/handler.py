"""The Lambda function of the console: the standard library, and no permissions."""

import os
from typing import Any

from ai_coordination.console.files import Files
from ai_coordination.console.sign_in import SignIn
from ai_coordination.console.site import Site

_SITE = Site(Files(fixed=True), SignIn.from_environment(os.environ))


def handler(event: Any, _: Any) -> dict[str, Any]:
    """Answer an event of an HTTP API (payload format 2.0)."""
    return _SITE.answer(event)
