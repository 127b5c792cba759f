"""What tools of MCP servers ask people: their requests as questions, and replies as responses."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self

from ai_coordination.runtimes.base import Reply
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.tools.conversation import Asked

MOST_ROUNDS: Final = 10
MOST_REQUESTS: Final = 10
LONGEST_MESSAGE: Final = 10_000
LARGEST_FORM_BYTES: Final = 16_384

_ELICITATION: Final = "elicitation/create"
_TYPES: Final = frozenset({"array", "boolean", "integer", "number", "string"})
_TEXTS: Final = ("title", "description", "format")
_NUMBERS: Final = ("minimum", "maximum")
_COUNTS: Final = ("minLength", "maxLength", "minItems", "maxItems")

# Of a question that wants nothing but consent.
_CONSENT: Final[Schema] = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}},
    "required": ["approved"],
    "additionalProperties": False,
}


class NotOffered(Exception):
    """The server wants what the engine does not do. `notes` are for the model."""

    def __init__(self, notes: str) -> None:
        super().__init__(notes)
        self.notes = notes


class Questions(NamedTuple):
    """The requests of a server that are open, and what people have answered so far.

    `open` has the requests by the server's keys, `given` the responses to them. `earlier` are all
    requests with their responses, from the beginning of the call on, as [key, request, response];
    and `replay` those of a call that has to be made again.
    """

    open: Mapping[str, Any] = MappingProxyType({})
    given: Mapping[str, Any] = MappingProxyType({})
    earlier: tuple[Any, ...] = ()
    replay: tuple[Any, ...] = ()

    def next(self) -> Asked | None:
        """The next question for a person. None if all are answered. Raises NotOffered."""
        for key, request in self.open.items():
            if key not in self.given:
                return Asked(_message_of(request), None, _form_of(request))
        return None

    def answered(self, reply: Reply) -> Self:
        """With the reply to the question that was the next one."""
        key = next(key for key in self.open if key not in self.given)
        response = _response(self.open[key], reply)
        return self._replace(
            given={**self.given, key: response},
            earlier=(*self.earlier, [key, self.open[key], response]),
        )

    def responses(self) -> Mapping[str, Any] | None:
        """What the server is sent. None if it has asked nothing."""
        return self.given or None

    def from_the_beginning(self) -> Self:
        """The same answers, for a call from the beginning."""
        return self._replace(open={}, given={}, earlier=(), replay=self.earlier)

    def of_server(self, requests: Mapping[str, Any]) -> Self:
        """With the server's new requests. What was answered already is answered again.

        Raises NotOffered.
        """
        if len(requests) > MOST_REQUESTS:
            raise NotOffered("The tool asks too much at once")
        for request in requests.values():
            _check(request)
        known = [
            entry
            for entry in self.replay
            if entry[0] in requests and _is_same(requests[entry[0]], entry[1])
        ]
        return self._replace(
            open=dict(requests),
            given={key: response for key, _, response in known},
            earlier=(*self.earlier, *known),
            replay=tuple(entry for entry in self.replay if entry not in known),
        )

    def to_json(self) -> dict[str, Any]:
        """What continues the call in another invocation."""
        return {
            "open": dict(self.open),
            "given": dict(self.given),
            "earlier": [*self.earlier],
            "replay": [*self.replay],
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """The questions that were kept."""
        earlier, replay = tuple(kept["earlier"]), tuple(kept["replay"])
        return cls(kept["open"], kept["given"], earlier, replay)


def _check(request: Mapping[str, Any]) -> None:
    if request.get("method") != _ELICITATION:
        method = str(request.get("method"))[:64]
        raise NotOffered(f"The tool asks the engine for {method}, which it does not offer")
    if _params(request).get("mode", "form") != "form":
        raise NotOffered("The tool asks the person to open a page, which the engine does not offer")
    _form_of(request)


def _params(request: Mapping[str, Any]) -> Mapping[str, Any]:
    params = request.get("params")
    return params if isinstance(params, Mapping) else {}


def _message_of(request: Mapping[str, Any]) -> str:
    message = _params(request).get("message")
    text = message if isinstance(message, str) and message.strip() else "The tool needs an answer"
    return text.encode(errors="replace").decode()[:LONGEST_MESSAGE]


def _is_same(request: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    """Whether a person would be asked the same."""
    message, form = _message_of(request), _form_of(request)
    return (message, form) == (_message_of(earlier), _form_of(earlier))


def _form_of(request: Mapping[str, Any]) -> Schema:
    """The form of the answer: an object with simple members.

    What a server writes is not trusted: only what is known of a form is taken. Raises NotOffered.
    """
    wanted = _params(request).get("requestedSchema")
    properties = wanted.get("properties") if isinstance(wanted, Mapping) else None
    if not isinstance(properties, Mapping) or not properties:
        return _CONSENT
    form: dict[str, Any] = {
        "type": "object",
        "properties": {str(name): _member(member) for name, member in properties.items()},
        "additionalProperties": False,
    }
    required = wanted.get("required") if isinstance(wanted, Mapping) else None
    if isinstance(required, list):
        form["required"] = [name for name in required if name in form["properties"]]
    if len(json.dumps(form).encode()) > LARGEST_FORM_BYTES:
        raise NotOffered("The tool asks with too large a form")
    return form


def _member(member: Any) -> Schema:
    if not isinstance(member, Mapping) or member.get("type") not in _TYPES:
        raise NotOffered("The tool asks with a form that has other members than simple ones")
    taken: dict[str, Any] = {"type": member["type"]}
    taken |= {name: member[name] for name in _TEXTS if isinstance(member.get(name), str)}
    taken |= {name: member[name] for name in _NUMBERS if _is_number(member.get(name))}
    taken |= {name: member[name] for name in _COUNTS if type(member.get(name)) is int}
    if (options := _options(member)) is not None:
        taken["enum"] = options
    if isinstance(member.get("items"), Mapping):
        items = _options(member["items"])
        taken["items"] = {"type": "string"} if items is None else {"enum": items}
    if isinstance(member.get("default"), str | int | float | bool):
        taken["default"] = member["default"]
    return taken


def _options(member: Mapping[str, Any]) -> list[str] | None:
    """The values among which a person chooses: listed, or each with a title."""
    listed = member.get("enum")
    if not isinstance(listed, list):
        titled = member.get("oneOf", member.get("anyOf"))
        if not isinstance(titled, list):
            return None
        listed = [one.get("const") for one in titled if isinstance(one, Mapping)]
    options = [value for value in listed if isinstance(value, str)]
    return options or None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _response(request: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    """A person's reply, which fits the form, as the server wants it."""
    value = reply.value if isinstance(reply.value, Mapping) else {}
    if _form_of(request) is not _CONSENT:
        return {"action": "accept", "content": dict(value)}
    if value.get("approved") is not True:
        return {"action": "decline"}
    return {"action": "accept", "content": {}}
