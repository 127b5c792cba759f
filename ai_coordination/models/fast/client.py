"""The clients of DynamoDB: a lean one, and botocore's, which is created and parses faster here."""

from functools import partial
from typing import Any

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session, get_session

from ai_coordination import telemetry
from ai_coordination.models.fast.lean import endpoint
from ai_coordination.models.fast.lean.client import LeanClient
from ai_coordination.models.fast.response_parser import FastParserFactory


class OneServiceLoader(Loader):
    """Knows the service without searching for it.

    botocore's own loader searches the directories of all AWS services twice to check that the
    service exists. That is half the time it takes to create a client.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's
        return [endpoint.SERVICE]


def new_client(config: Config) -> Any:
    """Create a botocore client for the endpoint and region that the environment names."""
    return _client_of(_new_session(), config)


def new_lean_client(config: Config) -> Any:
    """Create a lean client; botocore's if something is configured that only botocore handles."""
    session = _new_session()
    try:
        found = endpoint.find(session)
    except endpoint.NeedsBotocore as reason:
        facts = {"reason": str(reason)}
        telemetry.logger.info("the client of the database is botocore's", extra=facts)
        return _client_of(session, config)
    return LeanClient(session, found, config, partial(_client_of, session, config))


def _new_session() -> Session:
    session = get_session()
    session.register_component("data_loader", OneServiceLoader())
    session.register_component("response_parser_factory", FastParserFactory())
    return session


def _client_of(session: Session, config: Config) -> Any:
    return session.create_client(endpoint.SERVICE, config=config)
