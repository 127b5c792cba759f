"""The reference for a cold start: `python first_client.py STARTED` creates botocore's client.

On stderr it tells, as `first_answer` does, how long that took.
"""

import sys
import time

from botocore.session import get_session

get_session().create_client("dynamodb")
sys.stderr.write(str(time.monotonic_ns() - int(sys.argv[1])))
