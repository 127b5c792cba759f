"""AWS inside this process: moto, made safe for threads and sealed against the real one."""

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

from ai_coordination.local.transactions import light_transactions

_SEALED: dict[str, str | None] = {
    # A profile or a file of the person at the keyboard must neither answer nor be asked.
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
    """DynamoDB and the rest of AWS in memory, from `start()` to `stop()` or for a `with` block.

    Every botocore client of the process is answered from here, those made before it started
    too; one request at a time, because moto's backends are not safe for threads. What an
    endpoint url (`AWS_ENDPOINT_URL…`) sends elsewhere goes there, unless `everything` is to be
    answered from here; nothing reaches AWS itself. All that is stored is gone after `stop()`.
    """

    def __init__(self, *, everything: bool = False) -> None:
        self._environment = {**_SEALED, **(_NO_ENDPOINTS if everything else {})}
        self._lock = RLock()
        self._undo = ExitStack()
        self._aws: MockAWS = mock_aws()

    def start(self) -> Self:
        """Answers from now on, beginning empty."""
        for name, value in {**self._environment, "AWS_DEFAULT_REGION": usual_region()}.items():
            self._undo.callback(_put_environment, name, os.environ.get(name))
            _put_environment(name, value)
        self._aws.start()
        self._undo.callback(self._aws.stop)
        answer = self._one_at_a_time(botocore_stubber.process_request)
        self._undo.enter_context(patch.object(botocore_stubber, "process_request", answer))
        send = _instead_of_sending(URLLib3Session.send)
        self._undo.enter_context(patch.object(URLLib3Session, "send", send))
        self._undo.enter_context(light_transactions())
        return self

    def stop(self) -> None:
        """Forgets everything and lets the process reach AWS again, as before `start()`."""
        self._undo.close()

    def reset(self) -> None:
        """Forgets everything stored, tables included, and goes on."""
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

    def _one_at_a_time(self, answer: Callable[[AWSPreparedRequest], Any]) -> Callable[..., Any]:
        def locked(request: AWSPreparedRequest) -> Any:
            with self._lock:
                return answer(request)

        return locked


def _instead_of_sending(send: Callable[..., Any]) -> Callable[..., Any]:
    """Answers clients made before moto was imported, and refuses what moto does not know."""

    def answer(session: URLLib3Session, request: AWSPreparedRequest) -> Any:
        embedded: AWSResponse | None = botocore_stubber("before-send", request)
        if embedded is not None:
            return embedded
        if is_aws(request.url):
            raise RuntimeError(f"Embedded AWS does not know {request.url}; nothing was sent.")
        return send(session, request)

    return answer


def is_aws(url: str) -> bool:
    """Whether it is an address of AWS itself, and not of an emulator."""
    return (urlsplit(url).hostname or "").endswith(_AWS_DOMAINS)


def usual_region() -> str:
    """The region for clients that are told of none: botocore does not read AWS_REGION."""
    return os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "us-east-1"


def _put_environment(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
