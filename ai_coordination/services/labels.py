"""Labels of sessions: a key and a value, such as `customer` and `ACME`, by which they are found.

Labels are set when a session is created, and do not change. The session has all of them, to show
them, and each is an item of its own, by which the session is found. Both are written, and deleted,
in one transaction.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination import models
from ai_coordination.errors import BadUserInput
from ai_coordination.models.writes import Transaction
from ai_coordination.services import validation

MOST_LABELS = 10
LONGEST_VALUE = 256

_KEY = re.compile(r"[A-Za-z0-9_.\-/]{1,64}")


def labels_of(given: Sequence[Mapping[str, Any]] | None, *path: str | int) -> list[models.Label]:
    """Check and build the labels of a new session. Raises BadUserInput."""
    labels = given or []
    if len(labels) > MOST_LABELS:
        message = f"A session has at most {MOST_LABELS} labels, and this one has {len(labels)}"
        raise BadUserInput(message, *path)
    built = [checked(label, *path, index) for index, label in enumerate(labels)]
    validation.distinct([label.key for label in built], *path, within="key")
    return built


def checked(label: Mapping[str, Any], *path: str | int) -> models.Label:
    """Check and build one label. Raises BadUserInput."""
    if not _KEY.fullmatch(label["key"]):
        raise BadUserInput("A label's key has 1 to 64 of A-Z a-z 0-9 _ . - /", *path, "key")
    value = validation.one_line(label["value"], LONGEST_VALUE, *path, "value")
    return models.Label(key=label["key"], value=value)


def add(transaction: Transaction, session: models.Session) -> None:
    """Add the parts that write the labels of a new session."""
    absent = models.SessionLabel.session_uuid.does_not_exist()
    for item in _items(session):
        transaction.put(item, absent, lambda old: None)


def remove(transaction: Transaction, session: models.Session) -> None:
    """Add the parts that delete the labels of a session, also if some are gone already."""
    kind = models.SessionLabel
    for item in _items(session):
        owned = kind.partition_key == session.partition_key
        transaction.delete(item, owned | kind.session_uuid.does_not_exist(), lambda old: None)


def _items(session: models.Session) -> list[models.SessionLabel]:
    tenant = session.partition_key
    return [
        models.SessionLabel(
            models.tenant_label(tenant, label.key, label.value),
            session.session_uuid,
            partition_key=tenant,
            coordination_uuid=session.coordination_uuid,
        )
        for label in session.labels or ()
    ]
