"""Settings: the environment as one typed value, read and checked once at the start."""

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from ai_coordination import agent_hosts, prices

PREFIX = "AI_COORDINATION_"
# Clients keep so many connections.
MOST_CALL_THREADS = 200
MOST_DAYS = 9_999
DYNAMODB_CLIENTS = ("lean", "botocore")


class ConfigurationError(Exception):
    """An environment variable is missing or invalid. The message names it."""


class Settings(NamedTuple):
    """All settings. docs/reference/configuration.md describes each of them."""

    table_prefix: str = "ai-coordination-"
    dynamodb_client: str = "lean"
    endpoint_id: str | None = None
    part_id: str | None = None
    endpoint_claim: str = "endpoint_id"
    part_claim: str = "part_id"
    user_claim: str = "sub"
    groups_claim: str = "cognito:groups"
    cors_origins: tuple[str, ...] = ()
    introspection: bool = True
    max_body_bytes: int = 5_500_000
    max_answer_bytes: int = 5_500_000
    max_tokens: int = 4_000
    max_depth: int = 15
    max_cost: int = 20_000
    agent_function_prefix: str = "agent-"
    account_id: str | None = None
    region: str | None = None
    queue_url: str | None = None
    calls_queue_url: str | None = None
    call_threads: int = 50
    texts_bucket: str | None = None
    api_function: str | None = None
    schedule_group: str | None = None
    schedule_role_arn: str | None = None
    worker_function_arn: str | None = None
    schedule_dead_letters_arn: str | None = None
    agent_hosts: tuple[str, ...] = ()
    secrets_prefix: str | None = None
    input_places: tuple[str, ...] = ()
    bedrock_models: tuple[str, ...] = ()
    callback_url: str | None = None
    model_prices: tuple[prices.Price, ...] = ()
    event_bus: str | None = None
    retention_days: int = 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings. Raises ConfigurationError for an invalid variable."""
        read, usual = _Reader(environment), cls()
        settings = cls(
            table_prefix=read.text("TABLE_PREFIX", usual.table_prefix),
            dynamodb_client=read.choice("DYNAMODB_CLIENT", usual.dynamodb_client, DYNAMODB_CLIENTS),
            endpoint_id=read.optional("ENDPOINT_ID"),
            part_id=read.optional("PART_ID"),
            endpoint_claim=read.text("ENDPOINT_CLAIM", usual.endpoint_claim),
            part_claim=read.text("PART_CLAIM", usual.part_claim),
            user_claim=read.text("USER_CLAIM", usual.user_claim),
            groups_claim=read.text("GROUPS_CLAIM", usual.groups_claim),
            cors_origins=read.words("CORS_ORIGINS"),
            introspection=read.switch("INTROSPECTION", usual.introspection),
            max_body_bytes=read.positive("MAX_BODY_BYTES", usual.max_body_bytes),
            max_answer_bytes=read.positive("MAX_ANSWER_BYTES", usual.max_answer_bytes),
            max_tokens=read.positive("MAX_TOKENS", usual.max_tokens),
            max_depth=read.positive("MAX_DEPTH", usual.max_depth),
            max_cost=read.positive("MAX_COST", usual.max_cost),
            agent_function_prefix=read.text("AGENT_FUNCTION_PREFIX", usual.agent_function_prefix),
            account_id=read.optional("ACCOUNT_ID"),
            queue_url=read.optional("QUEUE_URL"),
            calls_queue_url=read.optional("CALLS_QUEUE_URL"),
            call_threads=read.positive("CALL_THREADS", usual.call_threads, MOST_CALL_THREADS),
            texts_bucket=read.optional("TEXTS_BUCKET"),
            api_function=read.optional("API_FUNCTION"),
            schedule_group=read.optional("SCHEDULE_GROUP"),
            schedule_role_arn=read.optional("SCHEDULE_ROLE_ARN"),
            worker_function_arn=read.optional("WORKER_FUNCTION_ARN"),
            schedule_dead_letters_arn=read.optional("SCHEDULE_DEAD_LETTERS_ARN"),
            agent_hosts=read.words("AGENT_HOSTS"),
            secrets_prefix=read.optional("SECRETS_PREFIX"),
            input_places=read.words("INPUT_PLACES"),
            bedrock_models=read.words("BEDROCK_MODELS"),
            callback_url=read.url("CALLBACK_URL"),
            model_prices=read.prices("MODEL_PRICES"),
            event_bus=read.optional("EVENT_BUS"),
            retention_days=read.days("RETENTION_DAYS"),
            region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or None,
        )
        if invalid := agent_hosts.invalid_entries(settings.agent_hosts):
            raise ConfigurationError(
                f"{PREFIX}AGENT_HOSTS has {invalid[0]!r}, which is not a host, host:port, "
                "*.domain or http://host:port"
            )
        if (settings.endpoint_id is None) != (settings.part_id is None):
            raise ConfigurationError(
                f"{PREFIX}ENDPOINT_ID and {PREFIX}PART_ID together name a tenant: set both or none"
            )
        scheduler = (
            settings.schedule_group,
            settings.schedule_role_arn,
            settings.worker_function_arn,
        )
        if len({name is None for name in scheduler}) > 1:
            raise ConfigurationError(
                f"{PREFIX}SCHEDULE_GROUP, {PREFIX}SCHEDULE_ROLE_ARN and "
                f"{PREFIX}WORKER_FUNCTION_ARN are all needed for schedules: set all or none"
            )
        return settings

    def required_queue_url(self) -> str:
        """Return the URL of the queue. Raises ConfigurationError if it is not set."""
        if self.queue_url is None:
            raise ConfigurationError(
                f"{PREFIX}QUEUE_URL is not set: it must be the URL of the engine's queue"
            )
        return self.queue_url


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def optional(self, name: str) -> str | None:
        return self._environment.get(PREFIX + name, "").strip() or None

    def text(self, name: str, default: str) -> str:
        return self.optional(name) or default

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            known = " or ".join(choices)
            raise ConfigurationError(f"{PREFIX}{name} must be {known}, not {value!r}")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in (self.optional(name) or "").split(",") if word)

    def url(self, name: str) -> str | None:
        """A URL without a query, and without a slash at its end."""
        value = self.optional(name)
        if value is None:
            return None
        try:
            has_query = bool(agent_hosts.parse(value).query)
        except agent_hosts.HostRefused as refused:
            raise ConfigurationError(f"{PREFIX}{name} is not a URL: {refused}") from None
        if has_query:
            raise ConfigurationError(f"{PREFIX}{name} must be a URL without a query")
        return value.rstrip("/")

    def prices(self, name: str) -> tuple[prices.Price, ...]:
        value = self.optional(name)
        try:
            return () if value is None else prices.parse(value)
        except prices.InvalidPrices as invalid:
            raise ConfigurationError(f"{PREFIX}{name} {invalid}") from None

    def switch(self, name: str, default: bool) -> bool:
        value = (self.optional(name) or str(default)).lower()
        if value not in ("true", "false"):
            raise ConfigurationError(f"{PREFIX}{name} must be true or false, not {value!r}")
        return value == "true"

    def days(self, name: str) -> int:
        """A number of days. 0, for never, is the default."""
        value = self.optional(name) or "0"
        if not value.isdecimal() or int(value) > MOST_DAYS:
            raise ConfigurationError(
                f"{PREFIX}{name} must be a whole number from 0 to {MOST_DAYS}, not {value!r}"
            )
        return int(value)

    def positive(self, name: str, default: int, most: int | None = None) -> int:
        value = self.optional(name) or str(default)
        if not value.isdecimal() or not 1 <= int(value) <= (most or int(value)):
            values = f"from 1 to {most}" if most else "of at least 1"
            raise ConfigurationError(
                f"{PREFIX}{name} must be a whole number {values}, not {value!r}"
            )
        return int(value)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of the process. After changing a variable, call `cache_clear()`."""
    return Settings.from_environment(os.environ)
