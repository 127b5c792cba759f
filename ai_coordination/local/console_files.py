"""The console on a server of this machine: its files, and how its page reaches the API."""

from werkzeug.wrappers import Request, Response

from ai_coordination.console.files import Files
from ai_coordination.console.page import PATH
from ai_coordination.console.site import Site
from ai_coordination.local import gateway

# The files are read for each request, so that who changes one sees it.
OF_THIS_SERVER = Site(Files(), is_local=True)
OF_ANOTHER_API = Site(Files())


def answer(request: Request, site: Site = OF_THIS_SERVER) -> Response | None:
    """Answer a request for the console. None: the request is for something else."""
    if request.path != "/" and not f"{request.path}/".startswith(PATH):
        return None
    return gateway.response_of(site.answer(gateway.event_of(request)))
