"""Logs and metrics: one log line and a few metrics for each request and step, never user data."""

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

# The only logger. During a request each line has the request's ids. They are kept in the context
# variables of the thread, so that threads do not mix them up.
logger = Logger(service=SERVICE)

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}")

# Each value of a dimension is a metric of its own, and costs. So dimensions have few values.
_OPERATION_TYPES = frozenset({"query", "mutation"})

_first = iter((True,))


@dataclass(slots=True)
class RequestRecord:
    """What is logged about a request when it has been answered."""

    transport: str
    cold_start: bool
    started: float = field(default_factory=time.perf_counter)
    operation_type: str | None = None
    operation_name: str | None = None
    status: int | None = None
    errors: Counter[str] = field(default_factory=Counter)

    def name_operation(self, operation_type: str | None, name: str | None) -> None:
        """Record the operation. A name that is not a valid GraphQL name is not logged."""
        self.operation_type = operation_type if operation_type in _OPERATION_TYPES else None
        self.operation_name = name if name and _NAME.fullmatch(name) else None

    def name_caller(self, tenant: str, user: str | None) -> None:
        """Add the caller to every further log line of the request."""
        logger.thread_safe_append_keys(tenant=tenant, user=user)

    def count_errors(self, result: Mapping[str, Any]) -> None:
        """Record the error codes of a GraphQL result."""
        errors = (error.get("extensions", {}) for error in result.get("errors", ()))
        self.errors = Counter(extensions.get("code", "INTERNAL") for extensions in errors)


@dataclass(slots=True)
class Tally:
    """Counts and durations of a request or a step, which become metrics at its end."""

    counts: Counter[str] = field(default_factory=Counter)
    durations: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """In milliseconds."""

    def add(self, other: "Tally") -> None:
        """Add the counts and durations of `other`."""
        self.counts.update(other.counts)
        for metric, durations in other.durations.items():
            self.durations[metric] += durations


@dataclass(slots=True)
class StepRecord:
    """What is logged about a message when it has been processed, or has failed."""

    tally: Tally
    outcome: str = "done"
    started: float = field(default_factory=time.perf_counter)


_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)
_current: ContextVar[RequestRecord | None] = ContextVar("request_record", default=None)


@contextmanager
def recording(transport: str, request_id: str, correlation_id: str) -> Iterator[RequestRecord]:
    """Log and measure one request. The log line is written even if the request fails."""
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
    """Collect the counts and durations within the block, and write them as metrics at its end."""
    tally = Tally()
    token = _tally.set(tally)
    try:
        yield
    finally:
        _tally.reset(token)
        _write_tally(tally)


@contextmanager
def invocation(request_id: str) -> Iterator[None]:
    """Log and measure one invocation of the worker. Every log line has its request id."""
    logger.thread_safe_clear_keys()
    logger.thread_safe_append_keys(request_id=request_id)
    try:
        with tallying():
            yield
    finally:
        logger.thread_safe_clear_keys()


@contextmanager
def step(request_id: str, **keys: Any) -> Iterator[StepRecord]:
    """Log and measure the processing of one message. The log line is written even if it fails.

    Every log line within the block has `keys`.
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
    """Add `keys` to every further log line of the step."""
    logger.thread_safe_append_keys(**keys)


def count(metric: str, number: int = 1) -> None:
    """Increment a counter metric, within a request or a step."""
    if tally := _tally.get():
        tally.counts[metric] += number


def measure(metric: str, milliseconds: float) -> None:
    """Add a duration to a metric, within a request or a step."""
    if tally := _tally.get():
        tally.durations[metric].append(round(max(milliseconds, 0.0), 1))


def name_operation(operation_type: str, name: str | None) -> None:
    """Record the operation of the current request. Called when its document has been parsed."""
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
    with _whole_lines():
        for metric, number in tally.counts.items():
            measured.add_metric(metric, MetricUnit.Count, number)
        for metric, durations in tally.durations.items():
            for milliseconds in durations:
                measured.add_metric(metric, MetricUnit.Milliseconds, milliseconds)
        measured.flush_metrics()


@contextmanager
def _whole_lines() -> Iterator[None]:
    """Keep other threads from logging or measuring. Metrics print a line in two parts."""
    logger.registered_handler.acquire()
    try:
        yield
    finally:
        logger.registered_handler.release()


def _metrics(**dimensions: str) -> EphemeralMetrics:
    """Return a new set of metrics. The ordinary class of Powertools shares one among threads."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    return metrics
