"""The deployed engine as a caller sees it: its function, its URL and its outputs."""

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from tests.system.ministack import CREDENTIALS, REGION, MiniStack

SECONDS_TO_WAIT = 180


@dataclass
class Engine:
    """The stacks of template.yaml and of data.yaml, whose name ends with -data."""

    emulated: MiniStack
    stack: str
    context: Mapping[str, str]

    def output(self, name: str) -> str:
        cloudformation = self.emulated.client("cloudformation")
        outputs = {
            one["OutputKey"]: one["OutputValue"]
            for stack in (self.stack, f"{self.stack}-data")
            for one in cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
        }
        return str(outputs[name])

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a direct invocation of the API's function."""
        request = {"query": query, "variables": variables, "context": dict(self.context)}
        answer = self.invoke(f"{self.output('ApiFunctionName')}:live", request)
        assert "errors" not in answer, answer["errors"]
        return dict(answer["data"])

    def invoke(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        lambda_ = self.emulated.client("lambda")
        answer = lambda_.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        result = json.load(answer["Payload"])
        assert "FunctionError" not in answer, result
        return dict(result)

    def change(self, name: str, selection: str, **given: Any) -> dict[str, Any]:
        """What a mutation answers."""
        kind = name[0].upper() + name[1:] + "Input!"
        mutation = f"mutation ($input: {kind}) {{ {name}(input: $input) {{ {selection} }} }}"
        return dict(self.ask(mutation, input=given)[name])

    def post(
        self, query: str, *, signed: bool = False, token: str | None = None, **variables: Any
    ) -> tuple[int, dict[str, Any]]:
        """The status and body that API Gateway answers, at its host name on this machine."""
        body = json.dumps({"query": query, "variables": variables})
        headers = {"host": self.host, "content-type": "application/json"}
        headers["accept"] = "application/json"
        if token:
            headers["authorization"] = f"Bearer {token}"
        request = AWSRequest("POST", f"https://{self.host}/graphql", data=body, headers=headers)
        if signed:
            SigV4Auth(CREDENTIALS, "execute-api", REGION).add_auth(request)
        status, _, content = self._sent("POST", "/graphql", body, dict(request.headers))
        return status, dict(json.loads(content))

    def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        """The status, headers and body that API Gateway answers to a browser."""
        return self._sent("GET", path, None, {"host": self.host, **headers})

    @property
    def host(self) -> str:
        """The host name of the API."""
        api = self.output("ApiUrl").removeprefix("https://").split(".")[0]
        return f"{api}.execute-api.localhost:{self.emulated.port}"

    def _sent(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        trusting = ssl.create_default_context(cafile=self.emulated.certificate)
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.emulated.port, timeout=60, context=trusting
        )
        with closing(connection):
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, given, answer.read()

    def logged(self, function: str) -> list[str]:
        """Return what a function has logged."""
        pages = self.emulated.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=f"/aws/lambda/{self.stack}-{function}")
        return [event["message"] for page in found for event in page["events"]]


def until(what: Callable[[], Any], seconds: float = SECONDS_TO_WAIT) -> Any:
    """Wait for a result that is not empty, and return it."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if found := what():
            return found
        time.sleep(0.5)
    raise AssertionError(f"Not within {seconds:.0f} s")
