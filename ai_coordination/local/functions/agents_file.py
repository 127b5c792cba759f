"""The functions of a Python file as Lambda functions. A changed file is loaded again."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ai_coordination.local.functions.instance import Instance, Loaded, Print, Request, Returned

# The longest timeout of a Lambda function.
MAX_SECONDS = 900.0
# More calls at the same time wait.
MAX_INSTANCES = 32
# Each holds the memory of everything that the file imports.
MAX_IDLE = 8
SECONDS_BETWEEN_LOOKS = 0.5
PARAMETERS = "An agent has one parameter, its input, or two, event and context"

Version = Mapping[str, tuple[int, int]]
"""The time and the size of each file."""


@dataclass(frozen=True, slots=True)
class _Generation:
    """One version of the file, and the processes that have loaded it and are not busy."""

    version: Version
    loaded: Loaded
    idle: list[Instance] = field(default_factory=list)


class AgentsFile:
    """Calls the functions of a file, each call in a process that does nothing else meanwhile.

    With the prefix `agent-`, `find_facts` is the function `agent-find-facts`.
    """

    def __init__(
        self,
        file: Path,
        out: Print,
        *,
        python: str,
        environment: Mapping[str, str],
        prefix: str,
        seconds: float = MAX_SECONDS,
    ) -> None:
        self.file = file
        self.say = out
        self._python = python
        self._environment = environment
        self._prefix = prefix
        self._seconds = seconds
        self._places = threading.BoundedSemaphore(MAX_INSTANCES)
        self._lock = threading.Lock()
        self._instances: set[Instance] = set()
        self._generation = self._load()

    def names(self) -> list[str]:
        """The names of the functions."""
        return sorted(map(self._name, self._current().loaded.functions))

    def description(self) -> str:
        """What is in the file, or why it cannot be loaded, for the console."""
        return _describe(self._current().loaded, self._name)

    def has_others(self) -> bool:
        """Whether the description says more than the names: something is no agent."""
        loaded = self._current().loaded
        return loaded.failure is not None or bool(loaded.others) or not loaded.functions

    def has(self, name: str) -> bool:
        """Whether there is such a function. While the file cannot be loaded there may be any."""
        if self.failure() is not None:
            return name.startswith(self._prefix)
        return name in self.names()

    def takes_text(self, name: str) -> bool:
        """Whether the function gets only the agent's input, and not the event."""
        functions = self._current().loaded.functions
        return any(self._name(key) == name and functions[key] == 1 for key in functions)

    def failure(self) -> Returned | None:
        """The error of loading the file, if there was one."""
        return self._current().loaded.failure

    def call(self, name: str, payload: str, request_id: str) -> Returned | None:
        """Call a function, and wait for its result. None if there is no such function."""
        generation = self._current()
        if generation.loaded.failure is not None:
            return generation.loaded.failure
        functions = {self._name(function): function for function in generation.loaded.functions}
        if name not in functions:
            return None
        request = Request(functions[name], name, payload, request_id, self._seconds)
        with self._places, self._instance(generation) as instance:
            return instance.loaded.failure or instance.call(request)

    def watch(self, stop: threading.Event) -> None:
        """Load the file again soon after it has changed, until `stop` is set."""
        while not stop.wait(SECONDS_BETWEEN_LOOKS):
            self._current()

    def close(self) -> None:
        """End all processes. Calls in progress fail."""
        with self._lock:
            instances = list(self._instances)
        for instance in instances:
            instance.stop()

    def _name(self, function: str) -> str:
        return self._prefix + function.replace("_", "-")

    def _current(self) -> _Generation:
        with self._lock:
            if _version(self._generation.version) != self._generation.version:
                for instance in self._generation.idle:
                    self._stop(instance)
                self._generation = self._load()
                self.say(self.file.name, _describe(self._generation.loaded, self._name))
            return self._generation

    def _load(self) -> _Generation:
        """Start a process. What changes while it loads the file is noticed at the next look."""
        before = _version([str(self.file.resolve())])
        instance = self._start()
        version = {**_version(instance.loaded.files), **before}
        return _Generation(version, instance.loaded, [instance])

    def _start(self) -> Instance:
        instance = Instance(self._python, self.file, self._environment, self.say)
        self._instances.add(instance)
        return instance

    def _stop(self, instance: Instance) -> None:
        self._instances.discard(instance)
        instance.stop()

    @contextmanager
    def _instance(self, generation: _Generation) -> Iterator[Instance]:
        """A process that has loaded this version of the file, for one call."""
        with self._lock:
            instance = generation.idle.pop() if generation.idle else None
        if instance is not None and not instance.is_alive:
            self._stop(instance)
            instance = None
        instance = instance or self._start()
        try:
            yield instance
        finally:
            with self._lock:
                is_current = generation is self._generation and len(generation.idle) < MAX_IDLE
                if is_current and instance.is_alive:
                    generation.idle.append(instance)
                else:
                    self._stop(instance)


def _describe(loaded: Loaded, name: Callable[[str], str]) -> str:
    """What was loaded, for the console."""
    if loaded.failure is None:
        listed = ", ".join(sorted(map(name, loaded.functions))) or "no agents"
        others = ", ".join(sorted(loaded.others))
        return f"loaded: {listed}" + (f"\nnot agents: {others}. {PARAMETERS}" if others else "")
    error = json.loads(loaded.failure.payload)
    frames = "".join(error.get("stackTrace", ()))
    return f"cannot be loaded\n{frames}{error['errorType']}: {error['errorMessage']}"


def _version(files: Iterable[str]) -> Version:
    return {file: _stat(file) for file in files}


def _stat(file: str) -> tuple[int, int]:
    try:
        found = Path(file).stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
