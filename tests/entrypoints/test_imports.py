"""What importing an entry point leaves behind, in a process of its own as in Lambda."""

import subprocess
import sys

import pytest

SEEN = """
import gc
older = []
gc.callbacks.append(lambda phase, info: older.append(info["generation"] > 0))
import {module}
gc.callbacks.clear()
print(any(older), gc.isenabled(), gc.get_freeze_count() > 50_000)
"""


@pytest.mark.parametrize("module", ["ai_coordination.handler", "ai_coordination.worker"])
def test_what_an_entry_point_imports_is_never_searched_for_garbage(module: str) -> None:
    script = SEEN.format(module=module)
    seen = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert seen.stdout.split() == ["False", "True", "True"], seen.stderr
