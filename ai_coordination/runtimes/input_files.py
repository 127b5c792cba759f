"""The session's input files, as the parts of a message to a model.

A file's uri is the tenant's text, and the engine reads it with the engine's own rights. So it must
be under a place that the operator has listed for this tenant.
"""

import base64
import mimetypes
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote, urlsplit

from ai_coordination import models
from ai_coordination.clients import files
from ai_coordination.clients.files import FileUnavailable
from ai_coordination.config import settings
from ai_coordination.runtimes.base import RunFailed

MOST_FILES: Final = 20
LARGEST_IMAGE_BYTES: Final = 3_750_000
LARGEST_DOCUMENT_BYTES: Final = 4_500_000
LARGEST_TOGETHER_BYTES: Final = 18_000_000

_IMAGES = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
_TEXTS = frozenset({"application/json", "application/xml", "application/yaml"})
_PDF = "application/pdf"


def parts(tenant: str, input_files: Iterable[models.InputFile]) -> list[dict[str, Any]]:
    """The parts of a user's message, in chat completions, that are the files. Raises RunFailed.

    A file that cannot be sent fails the attempt: it is never left out silently.
    """
    given = list(input_files)
    if len(given) > MOST_FILES:
        raise RunFailed(f"A model is sent at most {MOST_FILES} input files", retryable=False)
    found = []
    left = LARGEST_TOGETHER_BYTES
    for file in given:
        media_type = _media_type(file)
        largest = LARGEST_IMAGE_BYTES if media_type in _IMAGES else LARGEST_DOCUMENT_BYTES
        try:
            content = files.read(*_place(tenant, file), min(largest, left))
            found.append(_part(file.name, media_type, content))
        except FileUnavailable as error:
            notes = f"The input file {file.name!r} {error.notes}"
            raise RunFailed(notes, retryable=error.retryable) from error
        left -= len(content)
    return found


def _media_type(file: models.InputFile) -> str:
    """The file's own media type, or else the one that its name suggests. Raises RunFailed."""
    media_type = file.media_type or mimetypes.guess_type(file.name)[0] or "unknown"
    media_type = media_type.partition(";")[0].strip().lower()
    is_text = media_type.startswith("text/") or media_type in _TEXTS
    if not is_text and media_type not in _IMAGES and media_type != _PDF:
        notes = (
            f"The input file {file.name!r} ({media_type}) is not an image, a PDF or a text. With"
            " inputFiles: NONE the model is not sent any"
        )
        raise RunFailed(notes, retryable=False)
    return media_type


def _place(tenant: str, file: models.InputFile) -> tuple[str, str]:
    """The bucket and key of a file that the tenant may have the engine read."""
    parsed = urlsplit(file.uri)
    bucket, key = parsed.netloc, file.uri.removeprefix(f"s3://{parsed.netloc}/")
    path = f"{bucket}/{key}"
    is_allowed = any(path.startswith(place) for place in _places(tenant))
    if parsed.scheme != "s3" or bucket == settings().texts_bucket or not is_allowed:
        raise FileUnavailable("is not at a place of the setting AI_COORDINATION_INPUT_PLACES")
    return bucket, key


def _places(tenant: str) -> list[str]:
    endpoint_id, part_id = (quote(name, safe="") for name in tenant.split("#"))
    return [
        f"{place.strip('/')}/".replace("{endpointId}", endpoint_id).replace("{partId}", part_id)
        for place in settings().input_places
    ]


def _part(name: str, media_type: str, content: bytes) -> dict[str, Any]:
    if media_type not in _IMAGES and media_type != _PDF:
        try:
            return {"type": "text", "text": f"{name}\n\n{content.decode()}"}
        except UnicodeDecodeError:
            raise FileUnavailable("is not UTF-8") from None
    url = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    if media_type == _PDF:
        return {"type": "file", "file": {"filename": name, "file_data": url}}
    return {"type": "image_url", "image_url": {"url": url}}
