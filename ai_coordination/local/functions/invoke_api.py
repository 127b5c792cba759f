"""Lambda's Invoke API: what `boto3.client("lambda").invoke` and the engine itself send.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import io
import json
import re
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from botocore.response import StreamingBody
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from ai_coordination.handler import handler
from ai_coordination.local.background import within
from ai_coordination.local.errors import Refused
from ai_coordination.local.functions import stored_texts
from ai_coordination.local.functions.agents_file import AgentsFile
from ai_coordination.local.functions.instance import Returned
from ai_coordination.local.functions.reports import handle_event
from ai_coordination.local.lambda_context import LambdaContext
from ai_coordination.local.services.pending_events import Event, PendingEvents

API_FUNCTION = "ai-coordination-api"
_PATH = re.compile(r"/2015-03-31/functions/(?P<function>[^/]+)/invocations/?")
# A name, or an ARN; and perhaps a qualifier.
_NAME = re.compile(r"(arn:aws[a-z-]*:lambda:[^:]*:[^:]*:function:)?(?P<name>[\w-]+)(:[^:]+)?")

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_BYTES = 6_291_456
MAX_EVENT_BYTES = 1_048_576

REQUEST_RESPONSE, EVENT = "RequestResponse", "Event"
VERSION, UNHANDLED = "$LATEST", "Unhandled"


@dataclass(frozen=True, slots=True)
class _Answered:
    """How an invocation was answered. Only one that was waited for has `returned` anything."""

    status: HTTPStatus
    returned: Returned | None = None


class Functions:
    """The functions that can be invoked: the API's own and, if there is a file, its agents."""

    def __init__(self) -> None:
        self.agents: AgentsFile | None = None
        # What keeps the events. Without it, those that wait are lost when the server stops.
        self._events: PendingEvents | None = None
        # The address of this server, if large texts are embedded in it.
        self.texts_at: str | None = None

    def answer(self, request: Request) -> Response | None:
        """The response to an invocation, or a large text. None for any other request."""
        if self.texts_at is not None and (text := stored_texts.answer(request)):
            return text
        match = _PATH.fullmatch(request.path)
        if match is None:
            return None
        request_id = str(uuid4())
        try:
            response = _response(self._requested(request, unquote(match["function"]), request_id))
        except Refused as refused:
            body = json.dumps({"Type": "User", "Message": refused.message})
            response = Response(body, refused.status, content_type="application/json")
            response.headers["x-amzn-ErrorType"] = refused.code
        response.headers["x-amzn-RequestId"] = request_id
        return response

    def call(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """The answer to an invocation from this process, in the form that boto3 uses.

        Raises Refused where Lambda answers with an error. Raises TimeoutError after so many
        `seconds`: as with Lambda, the function continues, and nobody gets what it returns.
        """
        kind = request.get("InvocationType") or REQUEST_RESPONSE
        payload = request.get("Payload") or b""
        content = payload.encode() if isinstance(payload, str) else bytes(payload)
        if len(content) > _most_bytes(kind):
            raise _too_large(kind)
        given = request["FunctionName"], kind, content, str(uuid4())
        answered = within(seconds, partial(self._invoke, *given))
        if answered.returned is None:
            return {"StatusCode": answered.status, "Payload": _stream(b"")}
        returned = answered.returned
        return {
            "StatusCode": answered.status,
            "ExecutedVersion": VERSION,
            "Payload": _stream(returned.payload),
            **({"FunctionError": UNHANDLED} if returned.failed else {}),
        }

    @contextmanager
    def keeping(self, events: PendingEvents | None) -> Iterator[None]:
        """Keep events there within the block. Begins with what an earlier server has left.

        Its process may have ended in the middle of one, so functions may get an event again.
        """
        self._events = events
        try:
            for number, event in (events.all() if events else {}).items():
                self._begin(number, event)
            yield
        finally:
            self._events = None

    def _requested(self, request: Request, function: str, request_id: str) -> _Answered:
        # A page of another site cannot send this header without being asked first, so it cannot
        # run functions here. The signature is not verified.
        if "authorization" not in request.headers:
            message, code = "Missing Authentication Token", "MissingAuthenticationTokenException"
            raise Refused(code, message, HTTPStatus.FORBIDDEN)
        kind = request.headers.get("x-amz-invocation-type", REQUEST_RESPONSE)
        request.max_content_length = _most_bytes(kind)
        try:
            content = request.get_data()
        except RequestEntityTooLarge as error:
            raise _too_large(kind) from error
        return self._invoke(function, kind, content, request_id)

    def _invoke(self, function: str, kind: str, content: bytes, request_id: str) -> _Answered:
        match = _NAME.fullmatch(function)
        name = match["name"] if match else function
        payload = _payload(content)
        if name != API_FUNCTION and not self._has_agent(name):
            message = f"Function not found: {name}"
            raise Refused("ResourceNotFoundException", message, HTTPStatus.NOT_FOUND)
        if kind == REQUEST_RESPONSE:
            returned = self._called(name, self._localized(payload), request_id)
            return _Answered(HTTPStatus.OK, _limited(returned))
        if kind == EVENT:
            event = Event(name, payload, request_id)
            self._begin(self._events.add(event) if self._events else None, event)
            return _Answered(HTTPStatus.ACCEPTED)
        if kind == "DryRun":
            return _Answered(HTTPStatus.NO_CONTENT)
        raise Refused("InvalidParameterValueException", f"{kind} is not an invocation type")

    def _localized(self, payload: str) -> str:
        """The payload with addresses of large texts at this server, if they are embedded in it."""
        at = self.texts_at
        return payload if at is None else stored_texts.localized(payload, at)

    def _has_agent(self, name: str) -> bool:
        return self.agents is not None and self.agents.has(name)

    def _called(self, name: str, payload: str, request_id: str) -> Returned:
        if name == API_FUNCTION:
            return invoke_api_function(payload)
        returned = self.agents and self.agents.call(name, payload, request_id)
        return returned or Returned.error("Runtime.Unknown", f"{name} is gone")

    def _begin(self, number: int | None, event: Event) -> None:
        given = number, event, self._events
        threading.Thread(target=self._handle_event, args=given, daemon=True).start()

    def _handle_event(self, number: int | None, event: Event, kept: PendingEvents | None) -> None:
        try:
            payload = self._localized(event.payload)
            if event.function == API_FUNCTION:
                invoke_api_function(payload)
            elif self.agents is not None:
                handle_event(
                    self.agents, event.function, payload, event.request_id, invoke_api_function
                )
            if number is not None and kept is not None:
                kept.remove(number)
        except Exception:  # noqa: BLE001 - an entry point: report the error and continue
            traceback.print_exc()


def invoke_api_function(payload: str) -> Returned:
    """Invoke the API's function."""
    try:
        return Returned(json.dumps(handler(json.loads(payload), LambdaContext())).encode())
    except Exception as error:  # noqa: BLE001 - an entry point: Lambda returns the error
        traceback.print_exc()
        frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
        return Returned.error(type(error).__name__, str(error), stackTrace=frames)


def _most_bytes(kind: str) -> int:
    return MAX_EVENT_BYTES if kind == EVENT else MAX_BYTES


def _too_large(kind: str) -> Refused:
    message = f"Request must be smaller than {_most_bytes(kind)} bytes for this invocation type"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return Refused("RequestEntityTooLargeException", message, status)


def _payload(content: bytes) -> str:
    """The payload, which is JSON. Without one, Lambda passes an empty object."""
    try:
        payload = (content or b"{}").decode()
        json.loads(payload)
    except (ValueError, RecursionError) as error:
        message = f"Could not parse request body into json: {error}"
        raise Refused("InvalidRequestContentException", message) from error
    return payload


def _limited(returned: Returned) -> Returned:
    size = len(returned.payload)
    if size <= MAX_BYTES:
        return returned
    message = f"Response payload size ({size} bytes) exceeded maximum ({MAX_BYTES} bytes)."
    return Returned.error("Function.ResponseSizeTooLarge", message)


def _response(answered: _Answered) -> Response:
    if answered.returned is None:
        return Response(status=answered.status)
    response = Response(answered.returned.payload, content_type="application/json")
    response.headers["x-amz-executed-version"] = VERSION
    if answered.returned.failed:
        response.headers["x-amz-function-error"] = UNHANDLED
    return response


def _stream(payload: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(payload), len(payload))
