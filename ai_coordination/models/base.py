"""The shared connection to DynamoDB, and the attributes that all entities have."""

import threading
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from botocore import exceptions
from botocore.config import Config
from pynamodb.connection.base import Connection
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import VerboseClientError
from pynamodb.models import Model

from ai_coordination import __version__, config, telemetry
from ai_coordination.errors import Throttled
from ai_coordination.models import allowance
from ai_coordination.models.fast.attributes import ListAttribute, NumberAttribute, UnicodeAttribute
from ai_coordination.models.fast.client import new_client, new_lean_client
from ai_coordination.models.fast.item_decoder import decoder, defaults
from ai_coordination.models.fast.item_encoder import encode
from ai_coordination.models.fast.lean.client import OPERATIONS

REMEMBERED_WRITES = 4

# For an API that has to respond within 29 s.
_CONFIG = Config(
    parameter_validation=False,
    # botocore would compose its own from twelve parts, twice for each call.
    user_agent=f"ai-coordination/{__version__}",
    connect_timeout=1,
    read_timeout=5,
    retries={"total_max_attempts": 3, "mode": "standard"},
    # Each thread of an invocation keeps one.
    max_pool_connections=config.MOST_CALL_THREADS,
)

THROTTLES = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)

BUSY = "The database is busy: try again later"
NO_ANSWER = "The database did not answer in time: try again later"
# DynamoDB applies a write or a transaction completely or not at all.
NO_ANSWER_TO_A_WRITE = (
    "The database did not answer in time. The write was applied completely or not at all: try "
    "again later, with the same idempotencyKey or expectedVersion"
)
FIRST_SERVER_ERROR = 500

Item = Mapping[str, Mapping[str, Any]]


class SharedConnection(Connection):
    """pynamodb's connection, with one client for all models: a lean one, or botocore's.

    pynamodb would create a botocore client for each model class, which takes 100 ms each time, and
    configure its retries itself. The endpoint is the one that the SDK's own variables name
    (`AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL`).
    """

    _made: ClassVar[threading.Lock] = threading.Lock()
    _own: Any = None

    @property
    def client(self) -> Any:
        # botocore's client factory is not thread-safe, and a cold start has several threads.
        with self._made:
            if self._own is None:
                is_lean = config.settings().dynamodb_client == "lean"
                self._own = (new_lean_client if is_lean else new_client)(_CONFIG)
            return self._own

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> Any:
        """Call DynamoDB. Raises Throttled if load makes it refuse the SDK's retries as well."""
        try:
            return self.attempt(operation_name, operation_kwargs)
        except VerboseClientError as error:
            if error.response["Error"]["Code"] in THROTTLES:
                raise Throttled(BUSY) from error
            raise

    def attempt(self, operation_name: str, operation_kwargs: dict[str, Any]) -> Any:
        """Call DynamoDB, and raise its own error if it refuses, so that the caller can handle it.

        Raises Throttled if DynamoDB answered none of the SDK's retries: the connection failed or
        was lost, the time was over, or a server on the way had an error.
        """
        try:
            return self._attempt(operation_name, operation_kwargs)
        except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
            raise _no_answer(operation_name, error) from error
        except VerboseClientError as error:
            if _is_server_error(error):
                raise _no_answer(operation_name, error) from error
            raise

    def _attempt(self, operation_name: str, operation_kwargs: dict[str, Any]) -> Any:
        allowed = allowance.current(operation_name)
        if allowed is None:
            if operation_name in OPERATIONS:
                # pynamodb would ask for it, and nobody reads it.
                operation_kwargs.setdefault("ReturnConsumedCapacity", "NONE")
            return super().dispatch(operation_name, operation_kwargs)
        counted = {**operation_kwargs, "ReturnConsumedCapacity": "TOTAL"}
        with allowed.turn():
            answer = super().dispatch(operation_name, counted)
            allowed.spend(answer)
        return answer

    def exchange_client(self, client: Any = None) -> Any:
        """Use another client from now on, None: a new one. Returns the client until now, if any."""
        with self._made:
            former, self._own = self._own, client
        return former

    def forget_client(self) -> None:
        """Create a new client for the next call. For tests that change the endpoint."""
        self.exchange_client()


def _no_answer(operation_name: str, error: Exception) -> Throttled:
    facts = {"operation": operation_name, "reason": type(error.__cause__ or error).__name__}
    telemetry.logger.warning("the database did not answer", extra=facts)
    return Throttled(NO_ANSWER if operation_name in allowance.READS else NO_ANSWER_TO_A_WRITE)


def _is_server_error(error: VerboseClientError) -> bool:
    """Whether a server failed, so that the request is not to blame."""
    cause = error.__cause__
    metadata = (
        cause.response.get("ResponseMetadata", {})
        if isinstance(cause, exceptions.ClientError)
        else {}
    )
    return bool(metadata.get("HTTPStatusCode", 0) >= FIRST_SERVER_ERROR)


connection = SharedConnection()


def table_name(name: str) -> str:
    """Return the name of a table, with the configured prefix."""
    return config.settings().table_prefix + name


class Table(Model):
    """A table on the shared connection."""

    # True for a row of an index that leaves out attributes which may be large.
    partial = False

    @classmethod
    def _get_connection(cls) -> TableConnection:
        own = super()._get_connection()
        if own.connection is not connection:
            connection.add_meta_table(own.get_meta_table())
            own.connection = connection
        return own

    @classmethod
    def key_names(cls) -> tuple[str, ...]:
        """Return the names of the hash key and, if the table has one, of the range key."""
        keys = (cls._hash_key_attribute(), cls._range_key_attribute())
        return tuple(key.attr_name for key in keys if key is not None)

    def primary_key(self) -> tuple[str, ...]:
        """Return the values of the item's hash key and range key."""
        return tuple(getattr(self, name) for name in self.key_names())

    @classmethod
    def of(cls, item: Item) -> Self:
        """Return the entity that a raw item of DynamoDB stores."""
        entity: Self = decoder(cls)(item)
        return entity

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """A copy with some attributes changed. None removes one. The entity itself stays."""
        kind = type(self)
        values = defaults(kind)()
        for name, value in self.attribute_values.items():
            if value is not None and name not in changes:
                values[name] = value
        copy = kind.__new__(kind)
        copy.attribute_values = values
        copy._set_attributes(**{name: one for name, one in changes.items() if one is not None})
        return copy

    def _set_defaults(self, _user_instantiated: bool = True) -> None:
        """Called by pynamodb for a new entity. pynamodb would look at each attribute."""
        self.attribute_values = defaults(type(self))()

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:
        """Called by pynamodb for what it writes."""
        return encode(self, null_check=null_check)

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """Called by pynamodb for what it has read."""
        return cls.of(data)


class Owned(Table):
    """An item of a tenant, its `partition_key`; all reads and writes check it."""

    partition_key = UnicodeAttribute()


class Entity(Owned):
    """What every entity has."""

    updated_by = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute()


class Versioned(Entity):
    """An entity that update mutations change.

    `version` counts these mutations and nothing else. `last_writes` has the tokens of the latest
    ones, newest first: so a write whose response was lost is recognized even if others followed.
    """

    version = NumberAttribute(default=1)
    last_writes = ListAttribute(of=UnicodeAttribute, default=lambda: [""] * REMEMBERED_WRITES)
    updated_at = UnicodeAttribute()
