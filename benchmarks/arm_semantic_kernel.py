"""semantic-kernel's stock OpenAI service, as its documentation has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openai import AsyncOpenAI
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAIChatPromptExecutionSettings
from semantic_kernel.contents import ChatHistory

from benchmarks.workload import RunOnce, by_hand


@asynccontextmanager
async def arm(url: str) -> AsyncIterator[RunOnce]:
    """Yield the workload over one service."""
    async with AsyncOpenAI(base_url=url, api_key="none") as client:
        service = OpenAIChatCompletion(ai_model_id="loopback", async_client=client)
        settings = OpenAIChatPromptExecutionSettings(max_tokens=256, temperature=0.0)

        async def ask(system: str, user: str) -> str:
            history = ChatHistory(system_message=system)
            history.add_user_message(user)
            answer = await service.get_chat_message_content(history, settings)
            if answer is None:
                raise ValueError("the service returned nothing")
            return str(answer)

        yield by_hand(ask)
