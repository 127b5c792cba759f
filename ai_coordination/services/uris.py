"""Where an input file may lie: addresses that agents read, and that people may follow as links."""

import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

# The engine reads none of them. Not `http`, which anybody on the way can change; nor what runs in a
# browser (`javascript`, `data`) or names something of the reader's own machine (`file`).
SCHEMES = ("https", "s3", "gs")

_LONGEST_HOST = 253
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_ADDRESS = re.compile(r"\[[0-9A-Fa-f:.]+\]")


def problem(uri: str) -> str | None:
    """What is wrong with the address of a file, or None."""
    if any(unicodedata.category(one)[0] in "ZC" for one in uri):
        return "A uri holds no spaces, and no characters that are not seen"
    try:
        parts = urlsplit(uri)
        has_port = parts.port is not None
    except ValueError:
        return "This is no uri: its host is not well formed"
    if parts.scheme not in SCHEMES:
        return f"A uri begins with {', '.join(f'{one}://' for one in SCHEMES)}"
    if "@" in parts.netloc:
        return "A uri holds no user and no password"
    return _host_problem(parts, has_port=has_port)


def _host_problem(parts: SplitResult, *, has_port: bool) -> str | None:
    host = parts.netloc.rpartition(":")[0] if has_port else parts.netloc
    if host.endswith(":"):
        return "This is no uri: its host is not well formed"
    if parts.scheme != "https":
        bucket = _HOST.fullmatch(host) and not has_port and len(host) <= _LONGEST_HOST
        return None if bucket else "This names no bucket"
    if _ADDRESS.fullmatch(host) or (_HOST.fullmatch(host) and len(host) <= _LONGEST_HOST):
        return None
    return "This is no uri: its host is not well formed"
