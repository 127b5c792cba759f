"""Measure a cold start: `python first_answer.py STARTED < EVENT` lets the handler answer an event.

On stderr it tells the nanoseconds from STARTED, of the monotonic clock, to the answer.
"""

import json
import sys
import time

from ai_coordination.handler import handler


class Context:
    """Lambda's context object, with what the handler uses."""

    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


answer = handler(json.load(sys.stdin), Context())
elapsed = time.monotonic_ns() - int(sys.argv[1])
if answer["statusCode"] != 200 or not json.loads(answer["body"])["data"]["session"]:
    sys.exit(f"the handler answered something else: {answer}")
sys.stderr.write(str(elapsed))
