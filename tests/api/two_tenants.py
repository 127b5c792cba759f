"""Two tenants with the same names for everything, and UUIDs of no entity."""

import base64
from dataclasses import replace
from typing import Any, NamedTuple

from ai_coordination import ids, models
from ai_coordination.caller import Caller
from ai_coordination.states import SessionAgentState, SessionStatus
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, RIVAL
from tests.support.operations import Place
from tests.support.stored import everything_stored, put_state, stored
from tests.support.world import ARGUMENTS, KEYS, TYPES, World, new_world

KINDS = {argument: kind for kind, argument in ARGUMENTS.items()} | {"parentUuid": "agent"}


class Tenants(NamedTuple):
    """CALLER's entities, RIVAL's, uuids twice without any, and all that is stored of the two."""

    mine: World
    theirs: World
    nobodys: World
    elses: World
    stored: dict[str, list[dict[str, Any]]]

    def uuid(self, whose: str, place: Place) -> str | list[str]:
        """What names an entity at this place of an operation."""
        world: World = getattr(self, whose)
        if place[-1] in ("predecessors", "sessionAgentUuids"):
            return [world.agent]
        return str(getattr(world, KINDS[place[-1]]))

    def global_id(self, kind: str, whose: tuple[str, ...]) -> str:
        """Return a global id, whose UUIDs are each taken from one of the worlds."""
        worlds = [getattr(self, one) for one in whose]
        uuids = [getattr(world, part) for world, part in zip(worlds, KEYS[kind], strict=True)]
        return base64.urlsafe_b64encode(f"{TYPES[kind]}:{'/'.join(uuids)}".encode()).decode()


def new_tenants() -> Tenants:
    """Each with a session in progress, whose agent asks a person."""
    mine, theirs = new_world(CALLER), new_world(RIVAL)
    for world, caller in ((mine, CALLER), (theirs, RIVAL)):
        _let_ask(world, caller)
    return Tenants(mine, theirs, _unknown(), _unknown(), everything_stored())


def _unknown() -> World:
    """Uuids as they might be: the agent's is an address of the session."""
    world = World(*(SYSTEM.new_uuid() for _ in ARGUMENTS))
    return replace(world, agent=ids.session_agent_uuid(world.session, 0))


def _let_ask(world: World, caller: Caller) -> None:
    agent = stored(models.SessionAgent, world.session, world.agent)
    waiting = SessionAgentState.WAITING_FOR_INPUT.value
    put_state(
        models.SessionAgent,
        world.session,
        world.agent,
        state=waiting,
        iteration=1,
        open_as=models.open_as(caller.partition_key, waiting),
        open_since=agent.created_at,
    )
    put_state(
        models.Session,
        world.coordination,
        world.session,
        status=SessionStatus.IN_PROGRESS.value,
        awaiting_input={agent.ordinal},
        iteration_count=1,
    )
