"""Check webhooks with the library standardwebhooks: a line of JSON in, `null` or an error out.

It runs in the environment of `make peers`, so it imports nothing of the engine.
"""

import json
import sys
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def checked(asked: dict[str, Any]) -> str | None:
    """What the library says about a request."""
    try:
        Webhook(asked["secret"]).verify(asked["body"], asked["headers"])
    except WebhookVerificationError as error:
        return str(error)
    return None


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(checked(json.loads(line)))}\n")
