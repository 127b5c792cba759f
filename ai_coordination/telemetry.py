"""What the operator sees of a request or a step: one log line and a few metrics, never texts."""

import os
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "ai-coordination")
NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "AiCoordination")

# Everything that is logged goes through this one. While a request is answered, each line carries
# its ids; these keys are of the context, so that threads do not mix them up.
logger = Logger(service=SERVICE)

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}")

# A dimension of a metric costs by the value: so only values from a short list become one.
_OPERATION_TYPES = frozenset({"query", "mutation"})

_first = iter((True,))


@dataclass(slots=True)
class RequestRecord:
    """What is known of a request by the time it is answered."""

    transport: str
    cold_start: bool
    started: float = field(default_factory=time.perf_counter)
    operation_type: str | None = None
    operation_name: str | None = None
    status: int | None = None
    errors: Counter[str] = field(default_factory=Counter)

    def name_operation(self, operation_type: str | None, name: str | None) -> None:
        """A name that a client chose is logged only where it is one."""
        self.operation_type = operation_type if operation_type in _OPERATION_TYPES else None
        self.operation_name = name if name and _NAME.fullmatch(name) else None

    def name_caller(self, tenant: str, user: str | None) -> None:
        """Who asks is in each line that is logged from here on."""
        logger.thread_safe_append_keys(tenant=tenant, user=user)

    def count_errors(self, result: Mapping[str, Any]) -> None:
        """The codes of a GraphQL result's errors."""
        errors = (error.get("extensions", {}) for error in result.get("errors", ()))
        self.errors = Counter(extensions.get("code", "INTERNAL") for extensions in errors)


@dataclass(slots=True)
class Tally:
    """What was counted and measured (milliseconds) while something was done."""

    counts: Counter[str] = field(default_factory=Counter)
    durations: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, other: "Tally") -> None:
        self.counts.update(other.counts)
        for metric, durations in other.durations.items():
            self.durations[metric] += durations


@dataclass(slots=True)
class StepRecord:
    """What is known of a message by the time it is worked off, or not."""

    tally: Tally
    outcome: str = "done"
    started: float = field(default_factory=time.perf_counter)


_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)
_current: ContextVar[RequestRecord | None] = ContextVar("request_record", default=None)


@contextmanager
def recording(transport: str, request_id: str, correlation_id: str) -> Iterator[RequestRecord]:
    """Around the answering of one request, whose record is written at the end, come what may."""
    record = RequestRecord(transport, cold_start=next(_first, False))
    logger.thread_safe_clear_keys()
    logger.thread_safe_append_keys(request_id=request_id, correlation_id=correlation_id)
    token = _current.set(record)
    try:
        with tallying():
            yield record
    finally:
        _write(record)
        _current.reset(token)
        logger.thread_safe_clear_keys()


@contextmanager
def tallying() -> Iterator[None]:
    """Around a request, or an invocation of the worker: its counts are written once, at the end."""
    tally = Tally()
    token = _tally.set(tally)
    try:
        yield
    finally:
        _tally.reset(token)
        _write_tally(tally)


@contextmanager
def invocation(request_id: str) -> Iterator[None]:
    """Around one invocation of the worker, whose id is in each line."""
    logger.thread_safe_clear_keys()
    logger.thread_safe_append_keys(request_id=request_id)
    try:
        with tallying():
            yield
    finally:
        logger.thread_safe_clear_keys()


@contextmanager
def step(request_id: str, **keys: Any) -> Iterator[StepRecord]:
    """Around one message of an invocation: one line says what came of it, come what may.

    The keys are in each line that is logged meanwhile.
    """
    outer = _tally.get()
    record = StepRecord(Tally())
    logger.thread_safe_clear_keys()
    logger.thread_safe_append_keys(request_id=request_id, **keys)
    token = _tally.set(record.tally)
    try:
        yield record
    finally:
        _tally.reset(token)
        if outer is not None:
            outer.add(record.tally)
        _write_step(record)
        logger.thread_safe_clear_keys()
        logger.thread_safe_append_keys(request_id=request_id)


def name(**keys: Any) -> None:
    """What a step is about, in each line that is logged from here on."""
    logger.thread_safe_append_keys(**keys)


def count(metric: str, number: int = 1) -> None:
    """So many more of something. The values of a metric's dimensions are part of its name."""
    if tally := _tally.get():
        tally.counts[metric] += number


def measure(metric: str, milliseconds: float) -> None:
    """How long something took."""
    if tally := _tally.get():
        tally.durations[metric].append(round(max(milliseconds, 0.0), 1))


def name_operation(operation_type: str, name: str | None) -> None:
    """Record the operation of the current request. Called after its document was parsed."""
    if record := _current.get():
        record.name_operation(operation_type, name)


def _write(record: RequestRecord) -> None:
    duration_ms = round((time.perf_counter() - record.started) * 1000, 1)
    logger.info(
        "request",
        extra={
            "transport": record.transport,
            "operation_type": record.operation_type,
            "operation_name": record.operation_name,
            "status": record.status,
            "errors": dict(record.errors),
            "duration_ms": duration_ms,
            "cold_start": record.cold_start,
        },
    )
    measured = _metrics(operation=record.operation_type or "none")
    measured.add_metric("Requests", MetricUnit.Count, 1)
    measured.add_metric("Duration", MetricUnit.Milliseconds, duration_ms)
    if record.cold_start:
        measured.add_metric("ColdStart", MetricUnit.Count, 1)
    measured.flush_metrics()
    for code, count in record.errors.items():
        failed = _metrics(code=code)
        failed.add_metric("Errors", MetricUnit.Count, count)
        failed.flush_metrics()


def _write_step(record: StepRecord) -> None:
    logger.info(
        "step",
        extra={
            "outcome": record.outcome,
            "counted": dict(record.tally.counts),
            "duration_ms": round((time.perf_counter() - record.started) * 1000, 1),
        },
    )


def _write_tally(tally: Tally) -> None:
    if not tally.counts and not tally.durations:
        return
    measured = _metrics()
    for metric, number in tally.counts.items():
        measured.add_metric(metric, MetricUnit.Count, number)
    for metric, durations in tally.durations.items():
        for milliseconds in durations:
            measured.add_metric(metric, MetricUnit.Milliseconds, milliseconds)
    measured.flush_metrics()


def _metrics(**dimensions: str) -> EphemeralMetrics:
    """One of its own each time: the ordinary kind is shared by all threads."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    return metrics
