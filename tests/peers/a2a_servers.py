"""The servers of A2A agents, and what their agents say."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.peers.servers import HERE, environment, free_port, running


class Peer(NamedTuple):
    """A server, and what its agent says."""

    environment: str
    arguments: list[str]
    # The answer to "green tea", the question, the answer to "blue", and whether tokens are counted.
    says: str
    asks: str
    then: str
    counts: bool


SDK = ("Done: green tea\n", "Which colour?", "Done: blue\n", False)
PEERS = {
    "a2a-sdk 1.0": Peer("a2a-sdk", ["a2a_sdk_server.py", "1.0"], *SDK),
    "a2a-sdk 0.3": Peer("a2a-sdk", ["a2a_sdk_server.py", "0.3"], *SDK),
    "google-adk": Peer(
        "google-adk",
        ["adk_server.py"],
        "Saw 1 contents: green tea",
        'approve {"price": 5',
        "Approved: blue",
        counts=True,
    ),
    "strands": Peer(
        "strands",
        ["strands_server.py"],
        "Saw 1 messages: green tea\n",
        "Agent requires input:\n- approve",
        "Approved: blue\n",
        counts=False,
    ),
}


@contextmanager
def serving(peer: Peer, log: Path) -> Iterator[str]:
    """The server, once it takes connections, at its URL. It writes each request to the log."""
    port = free_port()
    script, *more = peer.arguments
    python = str(environment(peer.environment) / "python")
    with running([python, str(HERE / script), str(port), *more], port, log) as url:
        yield url
