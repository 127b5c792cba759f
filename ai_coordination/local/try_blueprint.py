"""Write a blueprint file, start a session of it, and follow it to its end: `make try`."""

import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from ai_coordination.engine.planning import element
from ai_coordination.engine.planning import variables as task_variables
from ai_coordination.errors import InputError
from ai_coordination.local import blueprints, people
from ai_coordination.local.blueprints import Blueprint, InvalidBlueprint
from ai_coordination.local.blueprints.document import Problem, line
from ai_coordination.local.client import Client, Unreachable
from ai_coordination.local.follow import Look, Place, follow, output, session_output
from ai_coordination.local.own_server import served, url_of
from ai_coordination.local.questions import Ask
from ai_coordination.local.terminal import harmless

COMPLETED, NOT_COMPLETED, INVALID, LEFT, INTERRUPTED = 0, 1, 2, 3, 130
QUERY = "query"
# The notes of an agent whose function does not exist have Lambda's code.
NO_FUNCTION = "ResourceNotFoundException"


@dataclass(frozen=True)
class Options:
    """The options of `try`."""

    file: str
    port: int = 8000
    task: str | None = None
    """The name of the task to start, if it is not the first one of the file."""
    query: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the session that is started."""
    session: str | None = None
    """The session to follow, instead of a new one."""
    approve: bool = False
    agents: str | None = None
    """The Python file of the agents, for a server that is started. See `agents_file`."""
    python: str = sys.executable
    """The Python that has their packages."""


def try_blueprint(options: Options) -> int:
    """Run a session of a blueprint file. Returns the exit code of the command.

    0: COMPLETED. 1: FAILED or CANCELLED. 2: the file is invalid. 3: the session continues, but an
    agent asks and there is no terminal, or the server has stopped. 130: it continues after Ctrl-C.
    """
    try:
        blueprint = blueprints.read(options.file, task=options.task)
        agents = agents_file(options, blueprint)
        if options.session is not None and not Client(url_of(options.port)).answers():
            # A server of its own has no sessions yet.
            hint = "`make run` starts the one that has kept the session"
            raise RuntimeError(f"No server answers at {url_of(options.port)}. {hint}")
        functions = ["--agents", agents, "--python", options.python] if agents else []
        with served(options.port, functions) as server:
            if server.is_own and agents:
                print(f"Serving the functions of {agents}")
            client, served_file = Client(server.url), agents if server.is_own else None
            return Trial(options, blueprint, client, server.is_own, served_file).run()
    except InvalidBlueprint as invalid:
        print(invalid, file=sys.stderr)
        return INVALID


def agents_file(options: Options, blueprint: Blueprint) -> str | None:
    """The Python file whose functions are the LAMBDA agents of a server that is started.

    By default it is `agents.py` next to the blueprint, unless the environment names a service that
    has the functions.
    """
    if options.agents is not None:
        return options.agents
    kinds = {agent["runtime"]["kind"] for agent in blueprint.coordination.get("agents", [])}
    file = Path(options.file).with_name("agents.py")
    is_used = "LAMBDA" in kinds and "AWS_ENDPOINT_URL_LAMBDA" not in os.environ and file.is_file()
    return str(file) if is_used else None


def task_query(initial: str | None, query: str | None, variables: Mapping[str, str]) -> str | None:
    """Return the task query of a session with these variables. None: the task's default.

    If there are variables, here or in the `initial` task query, it is a JSON object: the initial
    ones, replaced by those of `query`, replaced by `variables`. A query that is not a JSON
    object is the variable `query`.
    """
    defaults, asked = task_variables.of(initial), task_variables.of(query)
    if query is None and not variables:
        return None
    if defaults is None and not variables:
        return query
    known = dict(defaults or {})
    if query is not None:
        known |= {QUERY: query} if asked is None else asked
    elif defaults is None and initial:
        known[QUERY] = initial
    return json.dumps({**known, **variables}, ensure_ascii=False)


def label_inputs(labels: Mapping[str, str]) -> list[dict[str, str]]:
    """Return labels as the API takes them."""
    return [{"key": key, "value": value} for key, value in labels.items()]


@dataclass(frozen=True)
class Trial:
    """One session of a blueprint on a server."""

    options: Options
    blueprint: Blueprint
    client: Client
    server_is_own: bool
    """Whether the server stops with this command."""
    agents: str | None = None
    """The file whose functions the server has, if it was started for this command."""

    def run(self) -> int:
        """Start the session, or find the one to follow, and follow it. Returns the exit code."""
        place = self._found() if self.options.session else self._started()
        print(f"Session {place.session}\n  {place.link(self.client)}\n", flush=True)
        try:
            return self._followed(place)
        except people.Unanswered as unanswered:
            self._print_how_to_resume(place, str(unanswered))
            return LEFT
        except Unreachable as unreachable:
            outlook = "The session continues when the server does, if that has kept its data"
            self._print_how_to_resume(place, str(unreachable), outlook)
            return LEFT
        except KeyboardInterrupt:
            self._print_how_to_resume(place, "You have stopped following the session")
            return INTERRUPTED

    def _found(self) -> Place:
        coordination = blueprints.find_coordination(self.client, self.blueprint)
        if coordination is None:
            name = self.blueprint.coordination["coordinationName"]
            raise RuntimeError(f"There is no coordination {name!r} at {self.client.url}")
        return Place(coordination, str(self.options.session))

    def _started(self) -> Place:
        query = self._query()
        written = blueprints.write(self.client, self.blueprint)
        print("\n".join(written.done))
        arguments = {
            "coordinationUuid": written.coordination,
            "taskUuid": written.task,
            "labels": label_inputs(self.options.labels),
            "idempotencyKey": str(uuid4()),
        }
        if query is not None:
            arguments["taskQuery"] = query
        answer = self.client.mutate("startSession", "session { sessionUuid }", arguments)
        return Place(written.coordination, answer["session"]["sessionUuid"])

    def _query(self) -> str | None:
        """Return the task query. Raises InvalidBlueprint if a variable is missing in it."""
        initial = self.blueprint.task.get("initialTaskQuery")
        query = task_query(initial, self.options.query, self.options.variables)
        known = task_variables.of(initial if query is None else query)
        problems = list(self._unfilled(known or {}))
        if known is not None and problems:
            raise InvalidBlueprint(self.blueprint.file, problems)
        for problem in problems:
            text = f"{problem.message}, so the variable stays as it is: see --variable"
            print(line(self.blueprint.file, problem._replace(message=text)))
        return query

    def _unfilled(self, known: Mapping[str, str]) -> Iterator[Problem]:
        task = self.blueprint.task
        listed = {one["agentUuid"] for one in task.get("agentActions", []) if "forEach" in one}
        for index, item in enumerate(task.get("subtaskQueries", [])):
            path = (*self.blueprint.task_path, "subtaskQueries", index, "subtaskQuery")
            text = item["subtaskQuery"]
            try:
                if item["agentUuid"] in listed:
                    element.check(text, known, *path)
                else:
                    task_variables.filled(text, known, task_variables.MOST_BYTES, *path)
            except InputError as error:
                yield self.blueprint.problem(error.message, error.input_path)

    def _followed(self, place: Place) -> int:
        ended = follow(self.client, place, self._ask())
        seconds = ended.seconds()
        after = "" if seconds is None else f" after {seconds:.1f} s"
        why = "" if ended.reason is None else f": {ended.reason}"
        print(f"\nThe session is {ended.status}{after}{harmless(why) or '.'}")
        self._show_outputs(place, ended)
        for name in sorted({*filter(None, map(_lacking, ended.agents))}):
            print(f"\nThe server has no function {name}. {self._hint(name)}")
        return COMPLETED if ended.status == "COMPLETED" else NOT_COMPLETED

    def _hint(self, name: str) -> str:
        """Where the function would have to be."""
        if self.agents is None:
            return "`make run AGENTS=file.py` serves those of a file."
        written = name.partition("-")[2].replace("-", "_")
        return f"In {self.agents} it would be `def {written}(text)`."

    def _ask(self) -> Ask:
        if self.options.approve:
            return people.approve
        return people.ask_in_terminal if sys.stdin.isatty() else people.leave

    def _show_outputs(self, place: Place, ended: Look) -> None:
        """Print what the task's expression gives; without one, the outputs of the last agents."""
        if self.blueprint.task.get("output") is not None and ended.status == "COMPLETED":
            print(f"\nOutput:\n\n{harmless(session_output(self.client, place))}")
            return
        for agent in ended.agents:
            if agent["state"] == "COMPLETED" and not agent["successorUuids"]:
                uuid = agent["sessionAgentUuid"]
                said = f"{ended.names[uuid]}:\n\n{output(self.client, place, uuid)}"
                print(f"\n{harmless(said)}")

    def _print_how_to_resume(
        self, place: Place, why: str, outlook: str = "The session continues"
    ) -> None:
        print(f"\n{why}.")
        if self.server_is_own:
            print("Its server stops now. `make run` starts one that keeps running.")
            return
        print(f"{outlook}. To follow it again:\n\n  {self._command(place)}")

    def _command(self, place: Place) -> str:
        """Return the command that follows the session again, in the form that was used."""
        file, port = shlex.quote(self.options.file), self.options.port
        if "MAKELEVEL" in os.environ:
            return f"make try BLUEPRINT={file} PORT={port} SESSION={place.session}"
        program = "python -m ai_coordination.local try"
        return f"{program} {file} --port {port} --session {place.session}"


def _lacking(agent: Mapping[str, Any]) -> str | None:
    """The function whose absence has failed the agent. Models have this code too."""
    member = agent["agent"]
    is_function = member is not None and member["runtime"]["kind"] == "LAMBDA"
    if not is_function or NO_FUNCTION not in (agent["notes"] or ""):
        return None
    return str(member["runtime"]["target"])
