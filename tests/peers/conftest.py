"""Servers of models that several files of tests use: each is started once."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.peers.servers import BIN, HERE, PROXY_KEY, free_port, running


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp's server, with a model of random weights."""
    folder, port = tmp_path_factory.mktemp("llama"), free_port()
    file, python = str(folder / "tiny.gguf"), str(BIN / "python")
    subprocess.run([python, str(HERE / "tiny_model.py"), file], check=True)
    command = [python, str(HERE / "llama_server.py"), file, str(port)]
    with running(command, port, folder / "log") as url:
        yield url


@pytest.fixture(scope="session")
def proxy(llama: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The LiteLLM proxy: a mock, a mock that is busy, and llama.cpp behind it."""
    log, port = tmp_path_factory.mktemp("litellm") / "log", free_port()
    config = str(HERE / "litellm.yaml")
    command = [str(BIN / "litellm"), "--config", config, "--host", "127.0.0.1", "--port", str(port)]
    known = {
        "LITELLM_KEY": PROXY_KEY,
        "LLAMA_URL": f"{llama}/v1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    with running(command, port, log, **known) as url:
        yield url
