"""The page of the console, with the addresses of its files and a policy that allows no others."""

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

from ai_coordination.console.files import Files

PATH = "/console/"
INDEX = "index.html"
# A relative address in the page, and one in its import map.
_ADDRESS = re.compile(r'\b((?:href|src)=")(?!/|#|[a-z]+:)(?:\./)?')
_IMPORT = re.compile(r'"\./')
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_APP = '<script type="module" src="app.js">'


class Page(NamedTuple):
    """The page."""

    content: bytes
    inline_scripts: tuple[str, ...]
    """The hashes of the scripts in the page, as a policy names them."""


def prefix(files: Files) -> str:
    """Return the path of the files. If they never change, it changes with each version of them."""
    return f"{PATH}{files.digest}/" if files.fixed else PATH


def page(files: Files) -> Page:
    """Return the page. Its files have absolute paths, so that it may be at several.

    If they never change, `boot.js` fetches the modules, a few at a time: as many requests as there
    are modules would need as many concurrent executions of the function.
    """
    index = files.get(INDEX)
    if index is None:
        raise FileNotFoundError(INDEX)
    text = index.content.decode()
    if files.fixed:
        boot = f'<script type="module" src="boot.js" data-modules="{" ".join(files.modules())}">'
        text = text.replace(_APP, boot)
    start = prefix(files)
    text = _IMPORT.sub(f'"{start}', _ADDRESS.sub(rf"\g<1>{start}", text))
    return Page(text.encode(), tuple(_hash(script) for script in _INLINE.findall(text)))


def _hash(script: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def policy(inline_scripts: Iterable[str], connections: Iterable[str]) -> str:
    """Return the Content-Security-Policy of the page.

    What agents and people have written is shown on the page: nothing of it may run, load anything,
    or send anything to a server other than this one and those of the sign-in (`connections`).
    """
    scripts = " ".join(["'self'", *(f"'{one}'" for one in inline_scripts)])
    rules = {
        "default-src": "'none'",
        "script-src": scripts,
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": " ".join(["'self'", *connections]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
