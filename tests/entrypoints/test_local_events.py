"""The development server posts events to a URL."""

import json
import threading

from tests.support.http_server import Received, Reply, serving
from tests.support.local_server import running

CREATE = """mutation {
  createCoordination(input: { coordinationName: "Offers", agents: [
    { agentUuid: "draft", agentName: "Draft", runtime: { kind: ECHO } }
  ] }) { coordination { coordinationUuid } }
}"""
TASK = """mutation ($c: ID!) {
  createTask(input: { coordinationUuid: $c, taskName: "Offer", agentActions: [
    { agentUuid: "draft", ask: { kind: APPROVAL, title: "May it be sent?" } }
  ] }) { task { taskUuid } }
}"""
START = """mutation ($c: ID!, $t: ID!) {
  startSession(input: { coordinationUuid: $c, taskUuid: $t, taskQuery: "Tea" }) {
    session { sessionUuid }
  }
}"""
CANCEL = """mutation ($c: ID!, $s: ID!) {
  cancelSession(input: { coordinationUuid: $c, sessionUuid: $s }) { session { status } }
}"""


def test_a_question_and_an_end_are_posted_and_printed() -> None:
    posted: list[Received] = []
    arrived = threading.Semaphore(0)

    def answer(request: Received) -> Reply:
        posted.append(request)
        arrived.release()
        return Reply()

    with serving(answer) as url, running(EVENTS_URL=f"{url}/events") as server:
        made = server.graphql(CREATE)["data"]["createCoordination"]["coordination"]
        key = {"c": made["coordinationUuid"]}
        key["t"] = server.graphql(TASK, **key)["data"]["createTask"]["task"]["taskUuid"]
        session = server.graphql(START, **key)["data"]["startSession"]["session"]["sessionUuid"]
        assert arrived.acquire(timeout=30)
        server.graphql(CANCEL, c=key["c"], s=session)
        assert arrived.acquire(timeout=30)
        server.stop()

    events = [json.loads(request.content) for request in posted]
    assert [event["detail-type"] for event in events] == ["Agent Asks", "Session Ended"]
    asks, ended = (event["detail"] for event in events)
    assert (asks["title"], asks["sessionUuid"]) == ("May it be sent?", session)
    assert (ended["id"], ended["status"]) == (f"ended-{session}-1", "CANCELLED")
    lines = [line[9:] for line in server.printed]
    asked = f"event Agent Asks: Draft APPROVAL May it be sent? Offer, session {session}"
    assert asked in lines
    assert f"event Session Ended: Offer CANCELLED, session {session}" in lines
