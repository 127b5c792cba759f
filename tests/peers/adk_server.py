"""Serve an agent of Google's ADK with a scripted model by A2A, until killed.

Runs in an environment of `make peers`, which has google-adk. The model calls a long-running tool if
it is told to ask, and the ADK then waits for the tool's result from outside.
"""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator

import uvicorn
from google.adk.a2a.utils.agent_to_a2a import to_a2a
from google.adk.agents import LlmAgent
from google.adk.models import BaseLlm, LlmRequest, LlmResponse
from google.adk.tools import LongRunningFunctionTool
from google.genai import types


class Scripted(BaseLlm):
    """A model that says how many contents it was sent, or asks; or sleeps first."""

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        contents = llm_request.contents
        last = contents[-1].parts[-1]
        if found := re.search(r"sleep ([\d.]+)", last.text or ""):
            await asyncio.sleep(float(found[1]))
        if last.function_response and "result" in last.function_response.response:
            part = types.Part(text=f"Approved: {last.function_response.response['result']}")
        elif "ask" in (last.text or ""):
            call = types.FunctionCall(id="call-1", name="approve", args={"price": 5})
            part = types.Part(function_call=call)
        else:
            part = types.Part(text=f"Saw {len(contents)} contents: {last.text}")
        usage = types.GenerateContentResponseUsageMetadata(
            prompt_token_count=11, candidates_token_count=3
        )
        content = types.Content(role="model", parts=[part])
        yield LlmResponse(content=content, usage_metadata=usage)


def approve(price: int) -> dict[str, str] | None:
    """Ask a person to approve a price."""
    return None


def serve(port: int) -> None:
    """Serve the agent at http://127.0.0.1:PORT, with its card."""
    agent = LlmAgent(
        name="peer",
        description="Says what it was sent",
        model=Scripted(model="scripted"),
        instruction="Be brief.",
        tools=[LongRunningFunctionTool(approve)],
    )
    app = to_a2a(agent, host="127.0.0.1", port=port)
    uvicorn.run(app, host="127.0.0.1", port=port)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
