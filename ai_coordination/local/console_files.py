"""The console on the development server: its files, and how its page reaches the API."""

from typing import Any

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from ai_coordination import __version__
from ai_coordination.console import files
from ai_coordination.local import gateway

ROOT = "/console/"
_CONFIG: dict[str, Any] = {
    "api": "/graphql",
    "explorer": "/graphql",
    "version": __version__,
    "auth": None,
}


def answer(request: Request) -> Response | None:
    """Answer a request for the console. None: the request is for something else."""
    if request.path in ("/", ROOT.rstrip("/")):
        return redirect(ROOT)
    if not request.path.startswith(ROOT):
        return None
    name = request.path.removeprefix(ROOT)
    if name == "config.json":
        return gateway.json_response(_CONFIG)
    file = files.FILES.get(name or files.INDEX)
    if file is None:
        return gateway.not_found()
    response = Response(file.body, content_type=file.media_type, headers=files.headers())
    response.headers["cache-control"] = "no-cache"
    response.set_etag(file.etag)
    return response.make_conditional(request)
