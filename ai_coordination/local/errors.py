"""What the embedded services answer requests with that they refuse."""

from typing import Any

CLIENT_ERROR = 400


class Refused(Exception):
    """A request that is answered with an error: a code, a message, and perhaps more `fields`."""

    def __init__(self, code: str, message: str, status: int = CLIENT_ERROR, **fields: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields
