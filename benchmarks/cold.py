"""Measure cold starts: new processes, from their start to the handler's first response."""

import os
import resource
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
SCRIPTS = {"engine": HERE / "first_answer.py", "reference": HERE / "first_client.py"}
RUNS = 9


Taken = dict[str, float]


def measured(event: str, environment: dict[str, str]) -> dict[str, list[Taken]]:
    """Return the milliseconds of each run, without the first one, which writes the .pyc files.

    `elapsed` ends with the answer, `cpu` is the processor time of the whole process.
    """
    # As in Lambda: packages are on the path, and no .pth file of a developer's tools is executed.
    path = os.pathsep.join([str(HERE.parent), sysconfig.get_path("purelib")])
    taken: dict[str, list[Taken]] = {name: [] for name in SCRIPTS}
    with TemporaryDirectory() as cache:
        environment = environment | {"PYTHONPATH": path, "PYTHONPYCACHEPREFIX": cache}
        for _ in range(1 + RUNS):
            for name, script in SCRIPTS.items():
                taken[name].append(_start(script, event, environment))
    return {name: times[1:] for name, times in taken.items()}


def _start(script: Path, event: str, environment: dict[str, str]) -> Taken:
    command = [sys.executable, "-S", str(script), str(time.monotonic_ns())]
    before = _cpu_of_children()
    done = subprocess.run(
        command,
        env=environment,
        input=event,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return {"elapsed": int(done.stderr) / 1e6, "cpu": 1000 * (_cpu_of_children() - before)}


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
