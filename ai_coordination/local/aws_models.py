"""Models of Amazon Bedrock itself for the development server: `MODELS=aws`.

Everything else of AWS stays embedded. Embedded AWS replaces the credentials of the environment by
dummy ones, and answers every client of the process. So the person's own credentials are read before
it starts, by a session that makes the clients of Bedrock alone.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session, get_session

from ai_coordination.clients import clients
from ai_coordination.local.botocore_hooks import not_embedded
from ai_coordination.local.embedded import is_aws

SERVICE: Final = "bedrock-runtime"
# A key of Bedrock, which botocore uses in place of a signature.
BEARER_TOKEN: Final = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 - the name of a variable


class CannotUseModels(RuntimeError):
    """There are no credentials or there is no region. The message says how to name them."""


@dataclass(frozen=True)
class OwnBedrock:
    """Bedrock as the person's environment names it. `endpoint` is None for AWS's own."""

    session: Session
    region: str
    endpoint: str | None

    def new_client(self, config: Config) -> Any:
        """Create a client. Embedded AWS has changed the environment since."""
        return self.session.create_client(
            SERVICE, region_name=self.region, endpoint_url=self.endpoint, config=config
        )

    @contextmanager
    def used(self) -> Iterator[str]:
        """Let `BEDROCK` agents call it within the block. Yields a description for the banner."""
        with clients.made_by(self.new_client, SERVICE):
            yield f"Amazon Bedrock in {self.region}; calls cost money"


def own_bedrock() -> OwnBedrock:
    """Return Bedrock with the person's credentials and region. Raises CannotUseModels.

    To be called before AWS is embedded. Credentials that expire are renewed by AWS itself.
    """
    session = get_session()
    not_embedded(session)
    region = _region(session)
    if not os.environ.get(BEARER_TOKEN):
        _check_credentials(session)
    url = session.create_client(SERVICE, region_name=region).meta.endpoint_url
    return OwnBedrock(session, region, None if is_aws(url) else url)


def _region(session: Session) -> str:
    region = os.environ.get("AWS_REGION") or session.get_config_variable("region")
    if not region:
        raise CannotUseModels(
            "MODELS=aws needs the region of the models: set AWS_REGION, such as us-east-1"
        )
    return str(region)


def _check_credentials(session: Session) -> None:
    """Raise CannotUseModels if the session has no credentials now. It keeps those that it has."""
    try:
        credentials = session.get_credentials()
        if credentials is not None:
            credentials.get_frozen_credentials()
    except (BotoCoreError, ClientError) as error:
        raise CannotUseModels(f"MODELS=aws has no valid credentials of AWS: {error}") from error
    if credentials is None:
        raise CannotUseModels(
            "MODELS=aws needs credentials of AWS, and there are none: set AWS_PROFILE, or"
            " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in (aws sso login)"
        )
