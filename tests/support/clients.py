"""Clients of the development server, for tests without a server."""

import json
from collections.abc import Mapping
from typing import Any

from ai_coordination.local import worker
from ai_coordination.local.client import Client
from tests.support.graph_api import ask


class InProcess(Client):
    """A client of the API in this process. The worker does its work between requests."""

    def _answer(self, body: Mapping[str, Any]) -> Any:
        while worker.process_batch():
            pass
        return json.loads(json.dumps(ask(body["query"], body["variables"])))
