"""Streams of responses/create as iterators of events."""

from __future__ import annotations

import collections
import json
from typing import Any, AsyncIterator, Iterator, Optional

from ._call import Call
from .errors import CancelledError, TimeoutExpiredError


class _Stream:
    """What both kinds of stream know. The fields fill as the stream goes on."""

    def __init__(self, call: Call, timeout: Optional[float]) -> None:
        self._call = call
        self._timeout = timeout
        self._ready: "collections.deque[bytes]" = collections.deque()
        self.started: Optional[dict[str, Any]] = None
        #: Model, route and credential: from the start on, complete at the end.
        self.evidence: Optional[dict[str, Any]] = None
        #: "completed", "incomplete", "failed" or "cancelled", at the end.
        self.status: Optional[str] = None
        self.usage: Optional[dict[str, Any]] = None
        self.response_id: Optional[str] = None
        self._error: Optional[BaseException] = None
        self._done = False

    def _absorb(self, items: list[Any]) -> None:
        for kind, value in items:
            if kind == "event":
                self._ready.append(value)
            elif kind == "started":
                self.started = value
                self.evidence = value.get("evidence")
            elif kind == "error":
                self._error = value
                self.evidence = getattr(value, "evidence", None) or self.evidence
                self.status = self.status or "failed"
            elif isinstance(value, dict):  # completed, result
                self.evidence = value.get("evidence") or self.evidence
                self.usage = value.get("usage") or self.usage
                self.response_id = value.get("responseId") or self.response_id
                self.status = value.get("status")

    def _exhausted(self) -> None:
        """Raises the error of a stream that ended badly, once its events are read."""
        self._done = True
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _silent(self) -> TimeoutExpiredError:
        error = TimeoutExpiredError(
            f"No event came within {self._timeout:g} s, so the stream was cancelled.", action="Allow more time, or try again."
        )
        self._call.child.abandon(self._call, error)
        self._done = True
        return error

    def cancel(self) -> None:
        """Ends the stream; from any thread. Whoever iterates gets CancelledError."""
        self._call.child.abandon(self._call, CancelledError("The stream was cancelled."))

    def _leave(self) -> None:
        if not self._done:
            self._done = True
            self._error = None
            self._ready.clear()
            self.cancel()

    def __del__(self) -> None:
        if not self._call.ended:
            self._call.child.cancel(self._call)


class ResponseStream(_Stream):
    """Iterates over the events of a response, as dicts.

    Raises SignalboxError where the stream ends badly. ``evidence``, ``usage`` and
    ``status`` are complete after the last event.
    """

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        while not self._ready:
            if self._done:
                raise StopIteration
            items = self._call.take(self._timeout)
            self._absorb(items)
            if self._ready:
                break
            if self._call.taken:
                self._exhausted()
                raise StopIteration
            if not items:
                raise self._silent()
        event: dict[str, Any] = json.loads(self._ready.popleft())
        return event

    def text(self) -> str:
        """Reads to the end and returns the text of the answer."""
        return "".join(e["delta"] for e in self if e.get("type") == "response.output_text.delta")

    def close(self) -> None:
        self._leave()

    def __enter__(self) -> "ResponseStream":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncResponseStream(_Stream):
    """As ResponseStream, for ``async for`` and ``async with``."""

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return self

    async def __anext__(self) -> dict[str, Any]:
        while not self._ready:
            if self._done:
                raise StopAsyncIteration
            items = await self._call.atake(self._timeout)
            self._absorb(items)
            if self._ready:
                break
            if self._call.taken:
                self._exhausted()
                raise StopAsyncIteration
            if not items:
                raise self._silent()
        event: dict[str, Any] = json.loads(self._ready.popleft())
        return event

    async def text(self) -> str:
        """Reads to the end and returns the text of the answer."""
        return "".join([e["delta"] async for e in self if e.get("type") == "response.output_text.delta"])

    async def close(self) -> None:
        self._leave()

    async def __aenter__(self) -> "AsyncResponseStream":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()
