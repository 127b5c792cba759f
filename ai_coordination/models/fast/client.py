"""botocore's client for DynamoDB: quicker to make, and quicker to read answers."""

from typing import Any

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import get_session

from ai_coordination.models.fast.response_parser import FastParserFactory

SERVICE = "dynamodb"


class OneServiceLoader(Loader):
    """Knows without looking which services there are.

    botocore's own loader searches the directories of all of AWS's services, twice a client, to
    say whether there is such a one: half the time that a client takes.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's
        return [SERVICE]


def new_client(config: Config) -> Any:
    """A client of the endpoint and region that the environment names."""
    session = get_session()
    session.register_component("data_loader", OneServiceLoader())
    session.register_component("response_parser_factory", FastParserFactory())
    return session.create_client(SERVICE, config=config)
