"""Errors of a test, or of how it uses this package."""


class TestingError(Exception):
    """The test asks for something that cannot be. The message says what, and what to do."""

    # pytest must not collect it: its name begins with Test.
    __test__ = False


class NeverAtRest(TestingError):
    """There is always more to do. The message has the sessions, and what they wait for."""


class NeverHappened(TestingError):
    """Nothing is left to do, and the condition of `Engine.run(until=...)` is still false."""


class WorkerDied(BaseException):
    """A fault: the worker's process ends here. Nothing in the engine catches it."""
