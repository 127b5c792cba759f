"""Serve an agent made with the A2A project's own SDK, until killed.

Runs in an environment of `make peers`, which has a2a-sdk. The words of a message say what it does.
"""

import asyncio
import re
import sys

import uvicorn
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    Part,
    Task,
    TaskState,
    TaskStatus,
)
from starlette.applications import Starlette


class Worker(AgentExecutor):
    """An agent that works for a while, asks, refuses or fails, as it is told."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        text = context.get_user_input()
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)
        if context.current_task is None:
            submitted = TaskStatus(state=TaskState.TASK_STATE_SUBMITTED)
            begun = Task(
                id=context.task_id,
                context_id=context.context_id,
                status=submitted,
                history=[context.message],
            )
            await event_queue.enqueue_event(begun)
        await updater.start_work()
        if found := re.search(r"sleep ([\d.]+)", text):
            await asyncio.sleep(float(found[1]))
        if "raise" in text:
            raise RuntimeError("out of tea")
        if "reject" in text:
            await updater.reject(updater.new_agent_message([Part(text="Not my trade")]))
        elif "ask" in text:
            question = updater.new_agent_message([Part(text="Which colour?")])
            await updater.requires_input(question)
        else:
            urls = [part.url.partition("?")[0] for part in context.message.parts if part.url]
            said = " ".join([f"Done: {text}", *urls])
            await updater.add_artifact([Part(text=said), Part(text=context.context_id)])
            await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)
        await updater.cancel()


def serve(port: int, version: str) -> None:
    """Serve the agent in one version at http://127.0.0.1:PORT, with its card."""
    interface = AgentInterface(
        url=f"http://127.0.0.1:{port}/", protocol_binding="JSONRPC", protocol_version=version
    )
    card = AgentCard(
        name="Peer",
        description="Does what it is told",
        version="1",
        capabilities=AgentCapabilities(streaming=True, push_notifications=False),
        default_input_modes=["text/plain", "image/*"],
        default_output_modes=["text/plain"],
        supported_interfaces=[interface],
        skills=[AgentSkill(id="work", name="Work", description="Works", tags=["work"])],
    )
    handler = DefaultRequestHandler(
        agent_executor=Worker(), task_store=InMemoryTaskStore(), agent_card=card
    )
    routes = [
        *create_agent_card_routes(card),
        *create_jsonrpc_routes(handler, "/", enable_v0_3_compat=version == "0.3"),
    ]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
