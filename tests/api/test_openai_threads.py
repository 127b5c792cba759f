"""What a model is sent besides its input: what was said in its thread, and the input files."""

import base64
from typing import Any

import pytest

from ai_coordination.config import settings
from tests.api.execution import after, agents, blueprint, echo, model, start, started, work_off
from tests.support.chat_server import ChatServer, refusing, saying
from tests.support.graph_api import Place

pytestmark = pytest.mark.usefixtures("worked_queue")

THREAD = "thread-of-a-desk"


def ask(server: ChatServer, query: str, reply: Any = None, **parameters: Any) -> list[Any]:
    """Ask one model in the thread. Returns the messages that it was sent last."""
    server.answers(reply or saying(f"Answer to {query}"))
    member = model(server.url, **parameters)
    actions = [after("a", retry={"maxAttempts": 1})]
    started([member], actions, taskQuery=query, threadUuid=THREAD)
    return list(server.requests[-1].body["messages"])


def of_user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def of_model(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def conversation(server: ChatServer, *queries: str, **parameters: Any) -> list[Any]:
    """Ask one member in sessions of its own. Returns the messages that it was sent last."""
    server.behaviour = lambda request: saying(f"Re: {_last(request.body)}")
    key = blueprint([model(server.url, **parameters)])
    for query in queries:
        start(key, taskQuery=query, threadUuid=THREAD)
        work_off()
    return list(server.requests[-1].body["messages"])


def _last(body: Any) -> str:
    return str(body["messages"][-1]["content"])


def test_a_model_is_reminded_of_what_it_has_answered_in_the_thread(
    models_server: ChatServer,
) -> None:
    messages = conversation(models_server, "One?", "Two?", "Three?", instructions="Be short.")

    assert messages == [
        {"role": "system", "content": "Be short."},
        of_user("One?"),
        of_model("Re: One?"),
        of_user("Two?"),
        of_model("Re: Two?"),
        of_user("Three?"),
    ]


@pytest.mark.parametrize(
    ("history", "remembered"),
    [
        (None, []),
        ({"runs": 0}, []),
        ({"runs": 1}, [of_user("Two?"), of_model("Re: Two?")]),
        ({"runs": 1.0}, [of_user("Two?"), of_model("Re: Two?")]),
        ({"bytes": 15}, [of_user("Two?"), of_model("Re: Two?")]),
        ({"bytes": 11}, []),
    ],
    ids=str,
)
def test_the_newest_turns_that_fit_are_remembered(
    models_server: ChatServer, history: Any, remembered: list[Any]
) -> None:
    messages = conversation(models_server, "One?", "Two?", "Three?", history=history)

    assert messages == [*remembered, of_user("Three?")]


def test_a_thread_of_ones_own_has_no_history(models_server: ChatServer) -> None:
    members = [model(models_server.url, name) for name in ("a", "b")]

    started(members, [after("a"), after("b")], taskQuery="Which?")

    assert [request.body["messages"] for request in models_server.requests] == [
        [of_user("Which?")]
    ] * 2


def test_failed_attempts_and_other_members_are_not_remembered(models_server: ChatServer) -> None:
    ask(models_server, "One?", refusing(400))
    ask(models_server, "Two?")

    assert ask(models_server, "Three?") == [of_user("Three?")]


def test_answers_of_others_are_remembered_by_their_names_if_that_is_wanted(
    models_server: ChatServer,
) -> None:
    ask(models_server, "One?")

    messages = ask(models_server, "Two?", history={"of": "ALL"})

    assert messages == [of_user("A: Answer to One?\n\nTwo?")]


def test_an_answer_of_a_direct_predecessor_is_in_the_input_alone(
    models_server: ChatServer,
) -> None:
    member = model(models_server.url, "m", history={"of": "ALL"})
    started([echo("e"), member], [after("e"), after("m", "e")], taskQuery="Which?")

    (message,) = models_server.requests[-1].body["messages"]
    assert message["content"].count("Agent E") == 1


def with_files(server: ChatServer, *files: dict[str, str], **parameters: Any) -> Place:
    actions = [after("a", retry={"maxAttempts": 1})]
    return started([model(server.url, **parameters)], actions, inputFiles=list(files))


def data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def test_a_model_is_sent_the_input_files(models_server: ChatServer, place_of_files: str) -> None:
    place = with_files(
        models_server,
        {"name": "note.txt", "uri": f"{place_of_files}/note.txt"},
        {"name": "Logo", "uri": f"{place_of_files}/logo.png", "mediaType": "image/png"},
        {"name": "offer.pdf", "uri": f"{place_of_files}/offer.pdf"},
    )

    assert agents(place)["a"]["state"] == "COMPLETED"
    assert models_server.requests[-1].body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Which?"},
                {"type": "text", "text": "note.txt\n\nCafé"},
                {"type": "image_url", "image_url": {"url": data_url("image/png", b"\x89PNG")}},
                {
                    "type": "file",
                    "file": {
                        "filename": "offer.pdf",
                        "file_data": data_url("application/pdf", b"%PDF"),
                    },
                },
            ],
        }
    ]


def test_a_model_that_wants_no_files_is_sent_none(
    models_server: ChatServer, place_of_files: str
) -> None:
    file = {"name": "film.mp4", "uri": "s3://elsewhere/film.mp4"}

    place = with_files(models_server, file, inputFiles="NONE")

    assert agents(place)["a"]["state"] == "COMPLETED"
    assert models_server.requests[-1].body["messages"] == [of_user("Which?")]


ELSEWHERE = "is not at a place of the setting AI_COORDINATION_INPUT_PLACES"
FILM = (
    "(video/mp4) is not an image, a PDF or a text. With inputFiles: NONE the model is not sent any"
)


@pytest.mark.parametrize(
    ("name", "uri", "notes"),
    [
        ("a.txt", "s3://files/in/other/sales/note.txt", f"'a.txt' {ELSEWHERE}"),
        ("a.txt", "s3://files/in/acme/sales2/note.txt", f"'a.txt' {ELSEWHERE}"),
        ("a.txt", "s3://files2/in/acme/sales/note.txt", f"'a.txt' {ELSEWHERE}"),
        ("a.txt", "https://files/in/acme/sales/note.txt", f"'a.txt' {ELSEWHERE}"),
        ("a.txt", "s3://files/in/acme/sales/none.txt", "'a.txt' does not exist"),
        ("a.txt", "s3://files/in/acme/sales/latin.txt", "'a.txt' is not UTF-8"),
        ("a.png", "s3://files/in/acme/sales/large.png", "'a.png' is larger than 3,750,000 bytes"),
        ("http://[a.mp4", "s3://files/in/acme/sales/note.txt", f"'http://[a.mp4' {FILM}"),
    ],
)
def test_a_file_that_cannot_be_sent_fails_the_agent_and_is_named(
    models_server: ChatServer, place_of_files: str, name: str, uri: str, notes: str
) -> None:
    place = with_files(models_server, {"name": name, "uri": uri})

    agent = agents(place)["a"]
    assert (agent["state"], agent["notes"]) == ("FAILED", f"The input file {notes}")
    assert models_server.requests == []


def test_the_bucket_of_large_texts_is_not_a_place_of_input_files(
    models_server: ChatServer, place_of_files: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_COORDINATION_TEXTS_BUCKET", "files")
    settings.cache_clear()

    place = with_files(models_server, {"name": "a.txt", "uri": f"{place_of_files}/note.txt"})

    assert agents(place)["a"]["notes"] == f"The input file 'a.txt' {ELSEWHERE}"
