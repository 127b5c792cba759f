"""AWS inside this process: moto, made thread-safe and isolated from the real AWS."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from threading import RLock
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session
from moto import mock_aws
from moto.core.models import MockAWS, botocore_stubber

from ai_coordination.local.moto_patches import light_transactions

_SEALED: dict[str, str | None] = {
    # The user's own profile and credentials must not be used.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_PROFILE": None,
    "AWS_DEFAULT_PROFILE": None,
}
_NO_ENDPOINTS = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class EmbeddedAws:
    """AWS in memory, from `start()` to `stop()` or for a `with` block.

    It answers every botocore client of the process, including clients created earlier. Requests
    are handled one at a time, because moto's backends are not thread-safe. Requests to endpoints
    that the environment names (`AWS_ENDPOINT_URL…`) are sent there, unless `everything` is set.
    No request reaches AWS. `stop()` discards the data.
    """

    def __init__(self, *, everything: bool = False) -> None:
        self._environment = {**_SEALED, **(_NO_ENDPOINTS if everything else {})}
        self._lock = RLock()
        self._undo = ExitStack()
        self._aws: MockAWS = mock_aws()

    def start(self) -> Self:
        """Start answering, with empty storage."""
        for name, value in {**self._environment, "AWS_DEFAULT_REGION": usual_region()}.items():
            self._undo.callback(_put_environment, name, os.environ.get(name))
            _put_environment(name, value)
        self._aws.start()
        self._undo.callback(self._aws.stop)
        answer = self._serialized(botocore_stubber.process_request)
        self._undo.enter_context(patch.object(botocore_stubber, "process_request", answer))
        send = _instead_of_sending(URLLib3Session.send)
        self._undo.enter_context(patch.object(URLLib3Session, "send", send))
        self._undo.enter_context(light_transactions())
        return self

    def stop(self) -> None:
        """Discard all data and restore the process to its state before `start()`."""
        self._undo.close()

    def reset(self) -> None:
        """Discard all data, including the tables, and keep answering."""
        with self._lock:
            self._aws.reset()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _serialized(self, answer: Callable[[AWSPreparedRequest], Any]) -> Callable[..., Any]:
        def locked(request: AWSPreparedRequest) -> Any:
            with self._lock:
                return answer(request)

        return locked


def _instead_of_sending(send: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `send` to answer clients created before moto was imported, and to keep AWS unreached."""

    def answer(session: URLLib3Session, request: AWSPreparedRequest) -> Any:
        embedded: AWSResponse | None = botocore_stubber("before-send", request)
        if embedded is not None:
            return embedded
        if is_aws(request.url):
            raise RuntimeError(f"Embedded AWS does not support {request.url}. Nothing was sent.")
        return send(session, request)

    return answer


def is_aws(url: str) -> bool:
    """Return whether a URL belongs to AWS, not to an emulator."""
    return (urlsplit(url).hostname or "").endswith(_AWS_DOMAINS)


def usual_region() -> str:
    """Return the default region. Unlike botocore, reads AWS_REGION too."""
    return os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "us-east-1"


def _put_environment(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
