"""The session's input files, as models are sent them.

A file's uri is the tenant's text, and the engine reads it with the engine's own rights. So it must
be under a place that the operator has listed for this tenant.
"""

import mimetypes
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from ai_coordination import models
from ai_coordination.clients import files
from ai_coordination.clients.files import FileUnavailable
from ai_coordination.config import settings
from ai_coordination.runtimes import memory
from ai_coordination.runtimes.base import RunFailed

MOST_FILES: Final = 20
LARGEST_IMAGE_BYTES: Final = 3_750_000
LARGEST_DOCUMENT_BYTES: Final = 4_500_000
LARGEST_TOGETHER_BYTES: Final = 18_000_000

IMAGES: Final = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
PDF: Final = "application/pdf"
_TEXTS = frozenset({"application/json", "application/xml", "application/yaml"})
# The name of a text, and its content.
_HEADED: Final = "{}\n\n{}"


class FileContent(NamedTuple):
    """A file that is sent. `text` is its name and its content, if it is a text."""

    name: str
    media_type: str
    content: bytes
    text: str | None


def read(
    tenant: str,
    input_files: Iterable[models.InputFile],
    documents: Collection[str] = frozenset({PDF}),
) -> list[FileContent]:
    """The files to send: images, texts, and documents of these media types. Raises RunFailed.

    A file that cannot be sent fails the attempt: it is never left out silently.
    """
    given = list(input_files)
    if len(given) > MOST_FILES:
        raise RunFailed(f"A model is sent at most {MOST_FILES} input files", retryable=False)
    found = []
    left = LARGEST_TOGETHER_BYTES
    for file in given:
        media_type = _readable_type(file, documents)
        largest = LARGEST_IMAGE_BYTES if media_type in IMAGES else LARGEST_DOCUMENT_BYTES
        try:
            place = place_of(tenant, file)
            content = files.read(*place, min(largest, left), memory.calls.take)
            found.append(_content(file.name, media_type, content))
        except FileUnavailable as error:
            notes = f"The input file {file.name!r} {error.notes}"
            raise RunFailed(notes, retryable=error.retryable) from error
        left -= len(content)
    return found


def size_of_texts(tenant: str, input_files: Iterable[models.InputFile]) -> int:
    """The bytes of those files that are texts, with their names, as a model is sent them.

    Files that cannot be sent count as 0: they fail the call before a model is asked. Images and
    documents do too: how many tokens they are depends on pixels, pages and the model.
    """
    given = list(input_files)
    if len(given) > MOST_FILES:
        return 0
    of_texts = [file for file in given if _is_text(media_type_of(file))]
    return sum(_size_of_text(tenant, file) for file in of_texts)


def _size_of_text(tenant: str, file: models.InputFile) -> int:
    try:
        size = files.size(*place_of(tenant, file))
    except FileUnavailable:
        return 0
    return len(_HEADED.format(file.name, "").encode()) + size


def media_type_of(file: models.InputFile) -> str:
    """The file's own media type, or else the one that its name suggests, without parameters."""
    # Not of the whole name: Python 3.13 takes `http://[a.pdf` for a URL, and raises ValueError.
    suffix = PurePosixPath(file.name).suffix
    media_type = file.media_type or mimetypes.guess_type(f"file{suffix}")[0] or "unknown"
    return media_type.partition(";")[0].strip().lower()


def _readable_type(file: models.InputFile, documents: Collection[str]) -> str:
    """The media type of a file that models can read. Raises RunFailed."""
    media_type = media_type_of(file)
    if not (_is_text(media_type) or media_type in IMAGES or media_type in documents):
        document = "a PDF" if documents == {PDF} else "a document"
        notes = (
            f"The input file {file.name!r} ({media_type}) is not an image, {document} or a text."
            " With inputFiles: NONE the model is not sent any"
        )
        raise RunFailed(notes, retryable=False)
    return media_type


def place_of(tenant: str, file: models.InputFile) -> tuple[str, str]:
    """The bucket and key of a file that the tenant may have read. Raises FileUnavailable."""
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


def _is_text(media_type: str) -> bool:
    return media_type.startswith("text/") or media_type in _TEXTS


def _content(name: str, media_type: str, content: bytes) -> FileContent:
    if not _is_text(media_type):
        return FileContent(name, media_type, content, None)
    try:
        return FileContent(name, media_type, content, _HEADED.format(name, content.decode()))
    except UnicodeDecodeError:
        raise FileUnavailable("is not UTF-8") from None
