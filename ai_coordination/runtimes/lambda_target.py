"""Which functions a LAMBDA agent may be: those of this account and region with the prefix."""

import re

from ai_coordination import config

_QUALIFIED = r"(?P<function>[A-Za-z0-9_-]{1,64})(:(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?"
_NAME = re.compile(_QUALIFIED)
_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:" + _QUALIFIED
)


def refusal(target: str | None) -> str | None:
    """Why the engine does not invoke this target. None if it does."""
    if target is None:
        return "A LAMBDA agent needs the name or ARN of its function"
    arn = _ARN.fullmatch(target)
    match = _NAME.fullmatch(target) or arn
    if match is None:
        return "This is not the name or ARN of a Lambda function"
    settings = config.settings()
    if arn and (arn["region"], arn["account"]) != (settings.region, settings.account_id):
        return "The function must be of this account and region"
    prefix = settings.agent_function_prefix
    if not match["function"].startswith(prefix):
        return f"The function's name must begin with {prefix!r}"
    if match["function"] == prefix:
        return f"The function's name must be longer than {prefix!r}"
    return None
