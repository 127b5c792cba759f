"""The parameters of A2A agents, and their checks."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ai_coordination.runtimes import model_parameters
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.model_parameters import AUTO, NONE
from ai_coordination.runtimes.problems import Problem

POLL, BLOCK = "POLL", "BLOCK"
POLL_SECONDS: Final = 2.0
OUTPUT_MODES: Final = ("text/plain", "application/json")

SCHEMA: Final[Schema] = {
    "type": ["object", "null"],
    "properties": {
        "apiKeySecret": {
            "description": "The name of the secret that is the agent's key.",
            "type": "string",
        },
        "keyHeader": {
            "description": (
                "The header that has the key: `authorization` (default) as a bearer token, any"
                " other one as it is."
            ),
            "type": "string",
        },
        "mode": {
            "description": (
                "Whether the engine asks for the task until it is done (default), or lets the agent"
                " answer when it is done."
            ),
            "enum": [POLL, BLOCK],
        },
        "pollSeconds": {
            "description": "Seconds until the first poll. Each wait is 1.5 times the one before.",
            "type": "number",
            "minimum": 1,
            "maximum": 3_600,
        },
        "outputModes": {
            "description": "The media types that the answer may have.",
            "type": "array",
            "maxItems": 16,
            "items": {"type": "string", "minLength": 1, "maxLength": 127},
        },
        "useContext": {
            "description": "Whether runs of one thread are one conversation with the agent.",
            "type": "boolean",
        },
        "protocolVersion": {
            "description": (
                "The version of the protocol. Without it, the agent's card says which; with it,"
                " no card is read, and the target is where the agent is called."
            ),
            "enum": ["1.0", "0.3"],
        },
        "extensions": {
            "description": "The URIs of the protocol's extensions that are asked for.",
            "type": "array",
            "maxItems": 8,
            "items": {"type": "string", "minLength": 1, "maxLength": 256},
        },
        "inputFiles": {
            "description": "Whether the agent is sent addresses of the session's input files.",
            "enum": [AUTO, NONE],
        },
        "throttleSeconds": model_parameters.PROPERTIES["throttleSeconds"],
    },
    "additionalProperties": False,
}

_HEADER = re.compile(r"[a-z][a-z0-9-]{0,63}")
# The request's own headers. Those of the connection are among them.
_OWN_HEADERS: Final = re.compile(
    r"(x-)?a2a-.*|accept(-.*)?|connection|content-.*|cookie|expect|host|keep-alive|proxy-.*|te"
    r"|trailer|transfer-encoding|upgrade|user-agent|via|forwarded|x-forwarded-.*"
)
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9.+_*-]+/[A-Za-z0-9.+_*-]+")
_EXTENSION = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#-+.-~-]+")


def problems(parameters: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with parameters whose types are right."""
    yield from model_parameters.problems(parameters, ("apiKeySecret",))
    header = parameters.get("keyHeader", "authorization")
    if not _HEADER.fullmatch(header):
        reason = "The name of a header has lower-case letters, digits and hyphens"
        yield Problem(reason, ("parameters", "keyHeader"))
    elif _OWN_HEADERS.fullmatch(header):
        yield Problem("The request sets this header itself", ("parameters", "keyHeader"))
    if parameters.get("outputModes") == []:
        yield Problem("Name at least one media type", ("parameters", "outputModes"))
    for index, mode in enumerate(parameters.get("outputModes", ())):
        if not _MEDIA_TYPE.fullmatch(mode):
            yield Problem(
                "This is not a media type such as text/plain", ("parameters", "outputModes", index)
            )
    for index, extension in enumerate(parameters.get("extensions", ())):
        if not _EXTENSION.fullmatch(extension):
            reason = "This is not the URI of an extension"
            yield Problem(reason, ("parameters", "extensions", index))
