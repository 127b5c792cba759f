"""The client that reads input files from S3."""

import pytest

from ai_coordination.clients import clients, files
from ai_coordination.clients.files import FileUnavailable
from tests.support.http_peer import peer, saying

CUT_OFF = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"


def test_a_file_that_is_cut_off_is_not_taken_for_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with peer(saying(CUT_OFF)) as bucket:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{bucket.port}")
        clients.forget()
        try:
            with pytest.raises(FileUnavailable) as failed:
                files.read("files", "a.txt", 100, lambda size: None)
        finally:
            clients.forget()

    assert failed.value.retryable
