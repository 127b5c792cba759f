"""The guide on servers as agents: blueprint and server run, and the tables are complete."""

import base64
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ai_coordination.clients.secrets import secrets
from ai_coordination.config import settings
from ai_coordination.local import blueprints, server, try_blueprint
from ai_coordination.local.try_blueprint import Options, Trial
from ai_coordination.runtimes import agent_report
from ai_coordination.runtimes.http_runtime import RUNTIME
from tests.docs.pages import example, page
from tests.support.clients import InProcess

GUIDE = page("guides/http-agents")
TARGET = "http://127.0.0.1:9000"
(SERVER,) = GUIDE.texts("python")
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The server of the guide, and the development server, to which it calls back."""
    monkeypatch.setenv("SIGNING_SECRET", SECRET)
    defined = example(SERVER)
    defined["WAITS"] = ()
    defined["Agent"].log_message = lambda *arguments: None
    with ThreadingHTTPServer(("127.0.0.1", 0), defined["Agent"]) as running:
        defined["url"] = f"http://127.0.0.1:{running.server_port}"
        engine = server.listen("127.0.0.1", 0)
        # By default each looks twice a second whether it is to end.
        threads = [
            threading.Thread(target=one.serve_forever, args=(0.01,)) for one in (running, engine)
        ]
        for thread in threads:
            thread.start()
        monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", defined["url"])
        monkeypatch.setenv("AI_COORDINATION_SECRET_WRITER", SECRET)
        monkeypatch.setenv("AI_COORDINATION_CALLBACK_URL", server.url(engine, ""))
        settings.cache_clear()
        secrets.forget("writer")
        try:
            yield defined
        finally:
            for one in (running, engine):
                one.shutdown()
            for thread in threads:
                thread.join()
            engine.server_close()
            secrets.forget("writer")


def test_the_blueprint_runs_with_the_server(
    served: None, writer: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = GUIDE.texts("yaml")
    file = tmp_path / "offer.yaml"
    file.write_text(text.replace(TARGET, writer["url"]))
    options = Options(str(file), query="5 kg of oolong")

    client = InProcess("http://127.0.0.1:8000/graphql")
    code = Trial(options, blueprints.read(str(file)), client, server_is_own=False).run()

    assert code == try_blueprint.COMPLETED
    assert "Offer: 5 kg of oolong" in capsys.readouterr().out
    assert len(writer["begun"]) == 1


def test_the_server_refuses_what_the_engine_has_not_sent(writer: dict[str, Any]) -> None:
    for headers in (
        {},
        {"webhook-id": "r", "webhook-timestamp": "1", "webhook-signature": "v1,"},
        {"webhook-id": "r", "webhook-timestamp": "x", "webhook-signature": "v1,"},
    ):
        request = urllib.request.Request(f"{writer['url']}/write", b"{}", headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        with refused.value:
            assert refused.value.code == 401
    assert writer["begun"] == set()


def test_every_parameter_and_every_body_is_described() -> None:
    listed = {name.strip("` ") for row in GUIDE.rows("Parameters") for name in row.split(",")}
    bodies = " ".join(cell for row in GUIDE.table("What the server says") for cell in row)

    assert listed == RUNTIME.parameters_schema["properties"].keys()
    assert [name for name in agent_report.MEMBERS if f'"{name}"' not in bodies] == []
