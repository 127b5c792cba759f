"""The input files of a session, checked."""

from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination import models
from ai_coordination.services import validation


def input_files_of(
    input_files: Sequence[Mapping[str, Any]], *path: str | int
) -> list[models.InputFile]:
    """Check and build the input files of a session."""
    return [
        models.InputFile(
            name=validation.name(file["name"], *path, index, "name"),
            uri=validation.uri(file["uri"], *path, index, "uri"),
            media_type=validation.shown_label(file.get("media_type"), *path, index, "media_type"),
        )
        for index, file in enumerate(validation.bounded(input_files, *path))
    ]
