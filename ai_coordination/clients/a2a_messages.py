"""What is sent to an A2A agent, in the form of each version.

Version 1.0 is the JSON of a protocol buffer; 0.3 has other names, and a `kind` in each part.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple

from ai_coordination.clients.a2a_card import Interface, Version
from ai_coordination.clients.a2a_replies import Data

# Messages of a task that are read with it: enough for the agent's last one.
HISTORY_LENGTH: Final = 10
# Of each task of a context, when the one is looked for that a message has begun.
LISTED_TASKS: Final = 20
LISTED_HISTORY: Final = 50


class Method(Enum):
    """What an agent is asked, by its names in 1.0 and 0.3."""

    SEND = ("SendMessage", "message/send")
    GET = ("GetTask", "tasks/get")
    CANCEL = ("CancelTask", "tasks/cancel")
    LIST = ("ListTasks", None)

    def name_in(self, version: Version) -> str | None:
        """What the version calls it. None if it has no such method."""
        first, older = self.value
        name: str | None = first if version is Version.V1 else older
        return name


class File(NamedTuple):
    """A file that the agent reads itself, from a URL."""

    name: str
    media_type: str
    url: str


class Message(NamedTuple):
    """A message to an agent: it begins a task, or continues the task that it names.

    It has a text and files, or instead of them the data that the agent wants as a reply.
    """

    message_id: str
    text: str
    data: Sequence[Data] = ()
    files: Sequence[File] = ()
    task: str | None = None
    context: str | None = None


def send(
    interface: Interface, message: Message, output_modes: Sequence[str], *, wait: bool
) -> dict[str, Any]:
    """The parameters that send a message. With `wait` the agent answers when it is done."""
    configuration: dict[str, Any] = {
        "acceptedOutputModes": list(output_modes),
        "historyLength": HISTORY_LENGTH,
    }
    is_1 = interface.version is Version.V1
    if is_1:
        configuration["returnImmediately"] = not wait
        written: dict[str, Any] = {"role": "ROLE_USER"}
    else:
        configuration["blocking"] = wait
        written = {"kind": "message", "role": "user"}
    written["parts"] = _parts_of_1(message) if is_1 else _parts_of_03(message)
    names = {"messageId": message.message_id, "taskId": message.task, "contextId": message.context}
    written |= {name: value for name, value in names.items() if value is not None}
    return _of(interface, {"message": written, "configuration": configuration})


def get(interface: Interface, task: str) -> dict[str, Any]:
    """The parameters that read a task."""
    return _of(interface, {"id": task, "historyLength": HISTORY_LENGTH})


def cancel(interface: Interface, task: str) -> dict[str, Any]:
    """The parameters that cancel a task."""
    return _of(interface, {"id": task})


def list_of(interface: Interface, context: str) -> dict[str, Any]:
    """The parameters that list the tasks of a context which changed last."""
    wanted = {
        "contextId": context,
        "pageSize": LISTED_TASKS,
        "historyLength": LISTED_HISTORY,
        "includeArtifacts": False,
    }
    return _of(interface, wanted)


def _parts_of_1(message: Message) -> list[dict[str, Any]]:
    if message.data:
        return [{"data": one.value, "metadata": one.metadata} for one in message.data]
    files = [
        {"url": file.url, "filename": file.name, "mediaType": file.media_type}
        for file in message.files
    ]
    return [{"text": message.text}, *files]


def _parts_of_03(message: Message) -> list[dict[str, Any]]:
    if message.data:
        return [
            {"kind": "data", "data": one.value, "metadata": one.metadata} for one in message.data
        ]
    files = [
        {"uri": file.url, "name": file.name, "mimeType": file.media_type} for file in message.files
    ]
    texts = [{"kind": "text", "text": message.text}]
    return [*texts, *({"kind": "file", "file": file} for file in files)]


def _of(interface: Interface, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, for the agent that is meant. Version 0.3 has one agent at each URL."""
    if interface.tenant is None or interface.version is Version.V03:
        return dict(parameters)
    return {**parameters, "tenant": interface.tenant}
