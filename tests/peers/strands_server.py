"""Serve an agent of Strands with a scripted model by A2A, until killed.

Runs in an environment of `make peers`, which has strands-agents. A tool interrupts the agent if the
model is told to ask.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncGenerator
from typing import Any

from strands import Agent, ToolContext, tool
from strands.models import Model
from strands.multiagent.a2a import A2AServer


class Scripted(Model):
    """A model that says how many messages it was sent, or calls a tool; or sleeps first."""

    def update_config(self, **model_config: Any) -> None:
        """It has no configuration."""

    def get_config(self) -> dict[str, Any]:
        return {}

    async def structured_output(self, *arguments: Any, **named: Any) -> AsyncGenerator[Any, None]:
        raise NotImplementedError
        yield

    async def stream(
        self, messages: Any, *arguments: Any, **named: Any
    ) -> AsyncGenerator[Any, None]:
        last = messages[-1]["content"][-1]
        if found := re.search(r"sleep ([\d.]+)", last.get("text", "")):
            await asyncio.sleep(float(found[1]))
        yield {"messageStart": {"role": "assistant"}}
        if "ask" in last.get("text", ""):
            begun = {"toolUse": {"toolUseId": "call-1", "name": "approve"}}
            yield {"contentBlockStart": {"start": begun}}
            arguments_of = json.dumps({"price": 5})
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": arguments_of}}}}
            yield {"contentBlockStop": {}}
            yield {"messageStop": {"stopReason": "tool_use"}}
        else:
            result = last.get("toolResult", {}).get("content", [{}])[0].get("text")
            text = result or f"Saw {len(messages)} messages: {last.get('text')}"
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": text}}}
            yield {"contentBlockStop": {}}
            yield {"messageStop": {"stopReason": "end_turn"}}
        usage = {"inputTokens": 11, "outputTokens": 3, "totalTokens": 14}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 1}}}


@tool(context=True)
def approve(price: int, tool_context: ToolContext) -> str:
    """Ask a person to approve a price.

    Args:
        price: In euros.
        tool_context: Of the call.
    """
    return f"Approved: {tool_context.interrupt('approve', reason={'price': price})}"


def serve(port: int) -> None:
    """Serve an agent for each context at http://127.0.0.1:PORT, with its card."""

    def agent(context_id: str) -> Agent:
        return Agent(
            name="Peer",
            description="Says what it was sent",
            model=Scripted(),
            tools=[approve],
            callback_handler=None,
        )

    A2AServer(agent_factory=agent, host="127.0.0.1", port=port).serve()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
