"""Check addresses of input files, which agents read and people may open as links."""

import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

# The engine itself reads no file. Excluded are `http`, which can be changed on the way, what runs
# in a browser (`javascript`, `data`), and what names the reader's own machine (`file`).
SCHEMES = ("https", "s3", "gs")

_LONGEST_HOST = 253
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_ADDRESS = re.compile(r"\[[0-9A-Fa-f:.]+\]")


def problem(uri: str) -> str | None:
    """Return what is wrong with the address of a file, or None."""
    if any(unicodedata.category(character)[0] in "ZC" for character in uri):
        return "A uri may not contain spaces or invisible characters"
    try:
        parts = urlsplit(uri)
        has_port = parts.port is not None
    except ValueError:
        return "This is not a uri: its host is not valid"
    if parts.scheme not in SCHEMES:
        return f"A uri must begin with {', '.join(f'{scheme}://' for scheme in SCHEMES)}"
    if "@" in parts.netloc:
        return "A uri may not contain a user or a password"
    return _host_problem(parts, has_port=has_port)


def _host_problem(parts: SplitResult, *, has_port: bool) -> str | None:
    host = parts.netloc.rpartition(":")[0] if has_port else parts.netloc
    if host.endswith(":"):
        return "This is not a uri: its host is not valid"
    if parts.scheme != "https":
        bucket = _HOST.fullmatch(host) and not has_port and len(host) <= _LONGEST_HOST
        return None if bucket else "This does not name a bucket"
    if _ADDRESS.fullmatch(host) or (_HOST.fullmatch(host) and len(host) <= _LONGEST_HOST):
        return None
    return "This is not a uri: its host is not valid"
