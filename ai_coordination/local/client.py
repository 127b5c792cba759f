"""A GraphQL client for the development server, which needs only the standard library."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException
from typing import Any, NamedTuple

TIMEOUT_SECONDS = 35
MOST_TRIES = 10

# The server is on this machine, so a proxy configured in the environment is not used.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Error(NamedTuple):
    """An error of a response."""

    message: str
    code: str | None
    path: tuple[str | int, ...]
    """The path of the invalid value in the request: `input`, `agents`, 0, `agentName`."""


class Refused(RuntimeError):
    """The response has errors. The message is that of the first one."""

    def __init__(self, errors: Sequence[Error]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors
        self.code = errors[0].code


class Unreachable(RuntimeError):
    """No GraphQL server answers at the address."""


class Client:
    """Sends requests to the server at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def execute(self, query: str, **variables: Any) -> Any:
        """Return the data of a response. Waits and retries while the API is busy.

        Raises Refused if the answer has errors, Unreachable if there is none.
        """
        for tried in range(1, MOST_TRIES + 1):
            answer = self._answer({"query": query, "variables": variables})
            if "errors" not in answer:
                return answer["data"]
            facts = answer["errors"][0].get("extensions", {})
            if facts.get("code") != "THROTTLED" or tried == MOST_TRIES:
                break
            time.sleep(facts.get("retryAfterSeconds", 1))
        raise Refused([_error(error) for error in answer["errors"]])

    def mutate(self, mutation: str, selection: str, arguments: Mapping[str, Any]) -> Any:
        """Return the payload of a mutation."""
        name = f"{mutation[0].upper()}{mutation[1:]}"
        field = f"{mutation}(input: $input) {{ {selection} }}"
        document = f"mutation {name}($input: {name}Input!) {{ {field} }}"
        return self.execute(document, input=arguments)[mutation]

    def pages(self, query: str, field: str, **variables: Any) -> Iterator[Any]:
        """Yield the rows of all pages of a list. The query must have a variable `$after`."""
        after = None
        while True:
            page = self.execute(query, **variables, after=after)[field]
            yield from page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def answers(self) -> bool:
        """Return whether the server answers."""
        try:
            self.execute("query Ready { __typename }")
        except Unreachable:
            return False
        return True

    def _answer(self, body: Mapping[str, Any]) -> Any:
        # Not escaped: a text of 2 MB could become a body of 6 MB, which is too large.
        data = json.dumps(body, ensure_ascii=False).encode(errors="surrogatepass")
        headers = {"content-type": "application/json", "accept": "application/json"}
        request = urllib.request.Request(self.url, data, headers)  # noqa: S310 - an http address
        try:
            with self._opened(request) as response:
                answer = json.load(response)
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable(f"No server of the engine answers at {self.url}") from error
        if not isinstance(answer, dict) or not {"data", "errors"} & answer.keys():
            raise Unreachable(f"What answers at {self.url} is not a server of the engine")
        return answer

    def _opened(self, request: urllib.request.Request) -> Any:
        try:
            return _OPENER.open(request, timeout=TIMEOUT_SECONDS)
        except urllib.error.HTTPError as error:
            # A response with errors may have a status such as 400.
            return error


def _error(error: Mapping[str, Any]) -> Error:
    facts = error.get("extensions") or {}
    return Error(error["message"], facts.get("code"), tuple(facts.get("inputPath") or ()))
