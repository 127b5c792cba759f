"""A worker as before there were handovers: `python -m tests.processes.earlier_worker OPTION...`.

The options are those of `python -m ai_coordination.local worker`.
"""

import sys
from unittest.mock import patch

from ai_coordination.engine.agent import handover
from ai_coordination.local.__main__ import main

if __name__ == "__main__":
    patch.object(handover, "hand_over", return_value=False).start()
    sys.argv[1:] = ["worker", *sys.argv[1:]]
    sys.exit(main())
