"""How the clients of botocore get their answers from this process.

botocore itself asks its handlers for the answer to each call before it sends anything: a handler of
the event `before-call` may return one. So every client is answered that was made since these
handlers were installed, and a request is neither signed nor written to a socket.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from botocore.handlers import BUILTIN_HANDLERS, generate_idempotent_uuid
from botocore.session import Session

# S3 is not one of them: what botocore does with its requests says more than their parameters.
_SHORTENED = ("dynamodb", "eventbridge", "lambda", "scheduler", "sqs")
# Where botocore's context of a call keeps its parameters, as the caller has given them.
_PARAMETERS = "ai_coordination_parameters"


class Answering(Protocol):
    """What answers requests to some endpoints."""

    def answers(self, service: str, url: str) -> bool: ...

    def answer(
        self, service: str, operation: str, request: Mapping[str, Any], seconds: float
    ) -> tuple[int, dict[str, Any]]: ...


# The last one answers. It belongs to `embedded`.
_running: Sequence[Answering] = ()


def install(running: Sequence[Answering]) -> None:
    """Ask the last one of `running`, whenever it has any, for the answers to all calls.

    Of the clients that are made after the first such call. A process without it has botocore as it
    is, so the engine may send its requests without botocore.
    """
    global _running  # noqa: PLW0603 - botocore's handlers belong to the process, too
    _running = running
    if _HANDLERS[0] not in BUILTIN_HANDLERS:
        BUILTIN_HANDLERS.extend(_HANDLERS)


def _remember(params: Any, context: dict[str, Any], **_: Any) -> None:
    """Keep the parameters of a call for its answer: the request has them as bytes."""
    if _running:
        context[_PARAMETERS] = params


def _answer(
    model: Any, params: Mapping[str, Any], context: Mapping[str, Any], **_: Any
) -> tuple[AWSResponse, dict[str, Any]] | None:
    """The answer to a call; None where it goes to an emulator, or nothing is embedded now."""
    service, url = model.service_model.service_name, params["url"]
    if not _running or not _running[-1].answers(service, url):
        return None
    config = context.get("client_config")
    seconds = config.read_timeout if config is not None else math.inf
    try:
        status, answer = _running[-1].answer(service, model.name, context[_PARAMETERS], seconds)
    except TimeoutError as error:
        raise ReadTimeoutError(endpoint_url=url) from error
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
    answer["ResponseMetadata"] = metadata
    return AWSResponse(url, status, HTTPHeaders(), None), answer


class _Unserialized:
    """A client that writes no request where one is answered here: nobody reads it.

    That takes as long as the answer. The methods below are botocore's: `super()` is its client.
    """

    meta: Any

    def _is_answered_here(self) -> bool:
        service, url = self.meta.service_model.service_name, self.meta.endpoint_url
        return bool(_running) and _running[-1].answers(service, url)

    def _emit_api_params(self, api_params: Any, operation_model: Any, context: Any) -> Any:
        if self._is_answered_here():
            # The only one of botocore's handlers that adds something to the parameters.
            generate_idempotent_uuid(api_params, operation_model)
            _remember(api_params, context)
            return api_params
        return super()._emit_api_params(api_params, operation_model, context)  # type: ignore[misc] # see above

    def _resolve_endpoint_ruleset(self, *given: Any, **more: Any) -> Any:
        if self._is_answered_here():
            return self.meta.endpoint_url, {}, {}
        return super()._resolve_endpoint_ruleset(*given, **more)  # type: ignore[misc] # see above

    def _convert_to_request_dict(self, *, endpoint_url: str, context: Any, **more: Any) -> Any:
        if self._is_answered_here():
            return {"url": endpoint_url, "headers": {}, "context": context}
        more |= {"endpoint_url": endpoint_url, "context": context}
        return super()._convert_to_request_dict(**more)  # type: ignore[misc] # see above


def _shorten(base_classes: list[type], **_: Any) -> None:
    base_classes.insert(0, _Unserialized)


# botocore registers these with each session that it makes.
_HANDLERS = [
    *((f"creating-client-class.{name}", _shorten) for name in _SHORTENED),
    ("before-parameter-build", _remember),
    ("before-call", _answer),
]


def not_embedded(session: Session) -> None:
    """Let the clients that a session makes from now on reach AWS itself."""
    session.unregister("before-parameter-build", cast(Any, _remember))
    session.unregister("before-call", cast(Any, _answer))
