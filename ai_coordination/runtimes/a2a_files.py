"""A session's input files as an A2A agent gets them: addresses, at which it reads them itself."""

import math
from typing import Final

from ai_coordination import models, timestamps
from ai_coordination.clients import files
from ai_coordination.clients.a2a_card import Card
from ai_coordination.clients.a2a_messages import File
from ai_coordination.clients.files import FileUnavailable
from ai_coordination.runtimes import input_files
from ai_coordination.runtimes.base import Call, RunFailed

MOST_FILES: Final = 20
# An address is good until the attempt is over, and a little longer for a slow download.
SECONDS_AFTER: Final = 60
# The credentials of a Lambda function, with which addresses are signed, are not good for longer.
LONGEST_SECONDS: Final = 6 * 3600


def addresses(call: Call, card: Card) -> list[File]:
    """The files, with addresses that are good for this attempt. Raises RunFailed.

    A file that has a public address keeps it: it is the agent that reads it.
    A file that the agent does not take fails the attempt: it is never left out silently.
    """
    given = list(call.session.input_files)
    if len(given) > MOST_FILES:
        raise RunFailed(f"An agent is sent at most {MOST_FILES} input files", retryable=False)
    return [_addressed(call, card, file) for file in given]


def _addressed(call: Call, card: Card, file: models.InputFile) -> File:
    media_type = input_files.media_type_of(file)
    if not card.takes(media_type):
        notes = (
            f"The agent's card does not list the type of the input file {file.name!r}"
            f" ({media_type}). With inputFiles: NONE the agent is not sent any"
        )
        raise RunFailed(notes, retryable=False)
    if file.uri.startswith("https://"):
        return File(file.name, media_type, file.uri)
    left = (timestamps.parse(call.deadline_at) - call.context.utc()).total_seconds()
    seconds = max(1, math.ceil(left)) + SECONDS_AFTER
    try:
        place = input_files.place_of(call.agent.partition_key, file)
        return File(file.name, media_type, files.address(*place, min(seconds, LONGEST_SECONDS)))
    except FileUnavailable as error:
        notes = f"The input file {file.name!r} {error.notes}"
        raise RunFailed(notes, retryable=error.retryable) from error
