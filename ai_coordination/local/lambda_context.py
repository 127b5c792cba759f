"""The context object that the Lambda runtime passes to a handler."""

import time
from dataclasses import dataclass, field
from uuid import uuid4

ACCOUNT = "123456789012"
FUNCTION = "ai-coordination-local"
TIMEOUT_SECONDS = 29.0


@dataclass(frozen=True)
class LambdaContext:
    """The context of one invocation, with the attributes that AWS documents for Python."""

    aws_request_id: str = field(default_factory=lambda: str(uuid4()))
    function_name: str = FUNCTION
    function_version: str = "$LATEST"
    invoked_function_arn: str = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{FUNCTION}"
    memory_limit_in_mb: str = "1024"
    log_group_name: str = f"/aws/lambda/{FUNCTION}"
    log_stream_name: str = "local"
    identity: None = None
    client_context: None = None
    ends_at: float = field(default_factory=lambda: time.monotonic() + TIMEOUT_SECONDS)

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the timeout. Nothing stops the handler here."""
        return max(0, int((self.ends_at - time.monotonic()) * 1000))
