"""The files of the console."""

import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

DIRECTORY = Path(__file__).with_name("static")
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
# Neither `..` nor an absolute path.
_NAME = re.compile(r"(?:[a-z0-9_-]+/)*[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_MODULES = (".js", ".mjs")
_DIGITS = 16


def digest_of(content: bytes) -> str:
    """Return 16 hexadecimal digits that differ from those of any other content."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def is_digest(text: str) -> bool:
    """Return whether a text looks like a digest."""
    return re.fullmatch(rf"[0-9a-f]{{{_DIGITS}}}", text) is not None


class File(NamedTuple):
    """A file, and its type as HTTP names it."""

    content: bytes
    content_type: str


class Files:
    """The files below a directory, by names such as `vendor/preact.mjs`."""

    def __init__(self, directory: Path = DIRECTORY, *, fixed: bool = False) -> None:
        """`fixed`: the files never change, so each is read once."""
        self._directory = directory
        self._fixed = fixed
        self._read: dict[str, File] = {}

    @property
    def fixed(self) -> bool:
        """Return whether the files never change."""
        return self._fixed

    def get(self, name: str) -> File | None:
        """Return a file, or None if there is none with this name that browsers may have."""
        if name in self._read:
            return self._read[name]
        content_type = _TYPES.get(Path(name).suffix)
        path = self._directory / name
        if content_type is None or not _NAME.fullmatch(name) or not path.is_file():
            return None
        file = File(path.read_bytes(), f"{content_type}; charset=utf-8")
        if self._fixed:
            self._read[name] = file
        return file

    def modules(self) -> list[str]:
        """Return the names of all modules."""
        paths = (path for path in self._directory.rglob("*") if path.suffix in _MODULES)
        return sorted(path.relative_to(self._directory).as_posix() for path in paths)

    @cached_property
    def digest(self) -> str:
        """Return 16 hexadecimal digits that change with any file."""
        paths = sorted(path for path in self._directory.rglob("*") if path.is_file())
        lines = (
            f"{path.relative_to(self._directory).as_posix()} {digest_of(path.read_bytes())}\n"
            for path in paths
        )
        return digest_of("".join(lines).encode())
