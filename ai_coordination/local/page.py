"""The explorer (GraphiQL) for a browser, from files of this package alone."""

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


def is_wanted(request: Request) -> bool:
    """Whether a person's browser asks, rather than a program: it prefers a page to JSON."""
    accept = request.accept_mimetypes
    programs = ("application/json", "application/graphql-response+json")
    return request.method == "GET" and accept["text/html"] > max(accept[kind] for kind in programs)


def file(name: str) -> Response | None:
    """A file of the explorer; None where there is none of that name."""
    if name not in _SERVED:
        return None
    content_type = f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8"
    response = Response(_STATIC.joinpath(name).read_bytes(), content_type=content_type)
    response.headers["cache-control"] = "no-cache"
    response.add_etag()
    return response


def first_query() -> str:
    """The query that GraphiQL opens with, and with which README and tutorial begin."""
    return _STATIC.joinpath("first.graphql").read_text("utf-8")
