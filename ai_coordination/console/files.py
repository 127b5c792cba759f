"""The files of the console, with the headers that browsers need to show them safely."""

import base64
import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_INLINE = re.compile(r"<script type=\"importmap\">(.*?)</script>", re.DOTALL)
INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent. The ETag is of its content."""

    body: bytes
    media_type: str
    etag: str


def _read(folder: Traversable, path: str = "") -> dict[str, File]:
    """Return all files below a folder by their path."""
    found: dict[str, File] = {}
    for entry in folder.iterdir():
        name = f"{path}{entry.name}"
        if entry.is_dir():
            found |= _read(entry, f"{name}/")
        elif (media_type := _TYPES.get(name.rpartition(".")[2])) is not None:
            body = entry.read_bytes()
            found[name] = File(body, media_type, hashlib.sha256(body).hexdigest()[:32])
    return found


FILES = _read(files("ai_coordination.console").joinpath("static"))


def _hash_of_import_map() -> str:
    """Return the source by which the policy allows the import map, the only inline script."""
    match = _INLINE.search(FILES[INDEX].body.decode())
    if match is None:
        raise ValueError(f"{INDEX} has no import map")
    return f"'sha256-{base64.b64encode(hashlib.sha256(match[1].encode()).digest()).decode()}'"


def headers(*connects_to: str) -> dict[str, str]:
    """Return the headers of every file. Scripts may connect to their own origin and to these."""
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' {_hash_of_import_map()}",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": " ".join(["'self'", *connects_to]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "cross-origin-opener-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
