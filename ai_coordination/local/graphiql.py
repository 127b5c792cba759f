"""GraphiQL for a browser, served from files of this package."""

from importlib.resources import files

from werkzeug.wrappers import Request, Response

_STATIC = files("ai_coordination.local").joinpath("static")
_SERVED = frozenset(
    {
        "first.graphql",
        "graphiql.min.css",
        "graphiql.min.js",
        "index.html",
        "page.css",
        "page.js",
        "react-dom.production.min.js",
        "react.production.min.js",
    }
)
_TYPES = {
    "css": "text/css",
    "graphql": "application/graphql",
    "html": "text/html",
    "js": "text/javascript",
}


def is_requested(request: Request) -> bool:
    """Return whether the client is a browser: it prefers HTML to JSON."""
    accept = request.accept_mimetypes
    json_types = ("application/json", "application/graphql-response+json")
    json_quality = max(accept[media_type] for media_type in json_types)
    return request.method == "GET" and accept["text/html"] > json_quality


def file(name: str) -> Response | None:
    """Return the response for a static file, or None if no file has that name."""
    if name not in _SERVED:
        return None
    content_type = f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8"
    response = Response(_STATIC.joinpath(name).read_bytes(), content_type=content_type)
    response.headers["cache-control"] = "no-cache"
    response.add_etag()
    return response


def first_query() -> str:
    """Return the query that GraphiQL opens with. README and tutorial start with the same one."""
    return _STATIC.joinpath("first.graphql").read_text("utf-8")
