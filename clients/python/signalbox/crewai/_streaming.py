"""A client that streams and answers with the whole response.

CrewAI's handler of unstreamed responses does everything right with a response; so
streaming is that handler over a client that reads the stream and reports the chunks
to CrewAI as they come.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

from crewai.events.types.llm_events import LLMCallType


@dataclass
class StreamScope:
    """Whose chunks they are."""

    llm: Any
    from_task: Any
    from_agent: Any
    response_id: Optional[str] = None
    calls: dict[str, Any] = field(default_factory=dict)

    def seen(self, event: Any) -> Optional[Any]:
        """Reports an event to CrewAI; returns the response of the last one."""
        about = {"from_task": self.from_task, "from_agent": self.from_agent, "response_id": self.response_id}
        if event.type == "response.created":
            self.response_id = event.response.id
        elif event.type == "response.output_text.delta":
            self.llm._emit_stream_chunk_event(chunk=event.delta or "", call_type=LLMCallType.LLM_CALL, **about)
        elif event.type == "response.reasoning_summary_text.delta":
            self.llm._emit_thinking_chunk_event(chunk=event.delta or "", **about)
        elif event.type == "response.output_item.added" and event.item.type == "function_call":
            self.calls[event.item.id] = (event.item, event.output_index)
        elif event.type == "response.function_call_arguments.delta" and event.item_id in self.calls:
            item, index = self.calls[event.item_id]
            call = {"id": item.call_id, "type": "function", "index": index, "function": {"name": item.name, "arguments": event.delta}}
            self.llm._emit_stream_chunk_event(chunk=event.delta, tool_call=call, call_type=LLMCallType.TOOL_CALL, **about)
        elif event.type in ("response.completed", "response.incomplete"):
            return event.response
        return None


class StreamingClient:
    """Has what the handler uses: ``client.responses.create``."""

    def __init__(self, client: Any, scope: StreamScope) -> None:
        self._client = client
        self._scope = scope

    @property
    def responses(self) -> "StreamingClient":
        return self

    def create(self, **params: Any) -> Any:
        final = None
        with self._client.responses.create(**{**params, "stream": True}) as stream:
            for event in stream:
                final = self._scope.seen(event) or final
        return _whole(final)


class AsyncStreamingClient:
    """As StreamingClient, for asyncio."""

    def __init__(self, client: Any, scope: StreamScope) -> None:
        self._client = client
        self._scope = scope

    @property
    def responses(self) -> "AsyncStreamingClient":
        return self

    async def create(self, **params: Any) -> Any:
        final = None
        async with await self._client.responses.create(**{**params, "stream": True}) as stream:
            async for event in stream:
                final = self._scope.seen(event) or final
        return _whole(final)


def _whole(final: Any) -> Any:
    if final is None:  # the transport raises for every other end
        raise RuntimeError("the stream ended without a response")
    return final
