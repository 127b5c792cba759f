"""What a model is told in addition to its input: turns of its thread, and the input files.

A claim reserves the session's budget for both, by their sizes. When they are read, they may be
larger: other runs of the thread have completed meanwhile, or a file was replaced. Then the rest is
reserved before the model is asked.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ai_coordination import models
from ai_coordination.runtimes import history, input_files
from ai_coordination.runtimes.base import Call
from ai_coordination.runtimes.history import Place, Turn
from ai_coordination.runtimes.input_files import FileContent
from ai_coordination.runtimes.model_parameters import AUTO


class Sizes(NamedTuple):
    """The most bytes of both, as far as a model reads them as text."""

    history: int
    files: int


def sizes(place: Place | None, session: models.Session, parameters: Mapping[str, Any]) -> Sizes:
    """What a call would be told now. Nothing of it is read. Raises Throttled."""
    given = _given(session, parameters)
    of_files = input_files.size_of_texts(session.partition_key, given)
    return Sizes(history.size(place, parameters), of_files)


def read(
    call: Call,
    parameters: Mapping[str, Any],
    documents: Collection[str] = frozenset({input_files.PDF}),
) -> tuple[list[Turn], list[FileContent]]:
    """The earlier turns, and the files to send: images, texts and `documents`, by media type.

    The budget has enough left for them. Raises RunFailed, TextUnavailable, Throttled.
    """
    given = _given(call.session, parameters)
    files = input_files.read(call.agent.partition_key, given, documents)
    turns = history.read(call, parameters)
    of_files = sum(len(file.text.encode()) for file in files if file.text is not None)
    call.cover(history.size_of(turns) + of_files)
    return turns, files


def _given(session: models.Session, parameters: Mapping[str, Any]) -> list[models.InputFile]:
    wants_files = parameters.get("inputFiles", AUTO) == AUTO
    return list(session.input_files or ()) if wants_files else []
