"""The requests in the documentation: sent to the handler, their answers compared."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ai_coordination import ids
from ai_coordination.handler import handler
from ai_coordination.local import worker
from tests.docs.pages import Page
from tests.entrypoints.lambda_stand_ins import Context

# What stands for a value that is another one each time. Any other name stands for the first value
# that is met in its place, and becomes a variable of the requests that follow.
VARYING: dict[str, Callable[[str], object]] = {
    "cursor": re.compile(r"[\w-]{40,}").fullmatch,
    "id": re.compile(r"[\w=-]{40,}").fullmatch,
    "instant": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00").fullmatch,
    "request": re.compile("request-1").fullmatch,
    "uuid": ids.is_uuid,
}
# Values of an answer that later requests of the page need.
LEARNT = {"coordinationUuid": "coordination", "taskUuid": "task", "sessionUuid": "session"}


class Reader:
    """Sends a page's requests in their order, and keeps the values that later ones need."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.sent = 0
        self.compared = 0

    def read(self, page: Page) -> None:
        """Sends all requests of a page; fails where an answer is not the one shown."""
        following = [*page.blocks[1:], ("", "")]
        for (language, text), (then, shown) in zip(page.blocks, following, strict=True):
            request = self._request(language, text)
            if request is None:
                continue
            answer = post(request)
            if then == "json":
                self._compare(json.loads(shown), answer)
                self.compared += 1
            else:
                assert "errors" not in answer, answer
                self._learn(answer)
            self.sent += 1
            while worker.process_batch():
                pass  # what the worker does while a person reads

    def _request(self, language: str, text: str) -> Mapping[str, Any] | None:
        """The request that a block shows, if it shows one."""
        if language == "graphql":
            return {"query": text, "variables": self.known}
        if found := re.search(r"-d '(.+)'", text):
            return dict(json.loads(re.sub(r"<(\w+)>", lambda name: self.known[name[1]], found[1])))
        if found := re.search(r"--data-urlencode 'query=(.+)'", text):
            return {"query": found[1]}
        return None

    def _compare(self, shown: Any, given: Any) -> None:
        if isinstance(shown, dict):
            assert list(shown) == list(given)
            for name in shown:
                self._compare(shown[name], given[name])
        elif isinstance(shown, list):
            assert len(shown) == len(given)
            for one, other in zip(shown, given, strict=True):
                self._compare(one, other)
        elif isinstance(shown, str) and (name := re.fullmatch(r"<(\w+)>", shown)):
            if name[1] in VARYING:
                assert VARYING[name[1]](given), (shown, given)
            else:
                assert self.known.setdefault(name[1], given) == given
        elif isinstance(shown, str) and "<mark>" in shown:
            # The engine draws another one for each run.
            (mark, *more) = set(re.findall(r"\[([0-9a-f]{12})\]", given))
            assert (shown.replace("<mark>", mark), more) == (given, [])
        else:
            assert shown == given

    def _learn(self, given: Any) -> None:
        if isinstance(given, dict):
            for name, value in given.items():
                if name in LEARNT:
                    self.known[LEARNT[name]] = value
                self._learn(value)


def post(body: Mapping[str, Any]) -> Any:
    """What the development server answers, which knows no claims."""
    event = {
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST"}},
        "body": json.dumps(body),
    }
    return json.loads(handler(event, Context())["body"])
