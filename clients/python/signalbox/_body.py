"""The body of a stream, and the silence in which it times out."""

from __future__ import annotations

from typing import Any, AsyncIterator, Callable, Iterator, Optional

from ._evidence import Record
from ._call import Call
from ._sse import EventWriter
from .errors import CancelledError, TimeoutExpiredError

OnEvidence = Callable[[Record], None]


class _Body:
    """The body of a stream. Closing it early cancels the response."""

    def __init__(self, httpx: Any, on_end: OnEvidence, call: Call, items: list[Any], record: Record, request: Any) -> None:
        self._httpx = httpx
        self._on_end = on_end
        self._call = call
        self._items = items
        self._record = record
        self._writer = EventWriter(record)
        self._timeout = read_timeout(request)
        self._request = request

    def _chunk(self, items: list[Any]) -> bytes:
        data = self._writer.write(items)
        if self._writer.done:
            self._on_end(self._record)
        return data

    def _late(self) -> Exception:
        error = late(self._call)
        return _stream_timeout(self._httpx, str(error), self._request)

    def _leave(self) -> None:
        # Possibly from another thread; whoever reads gets the error event.
        if not self._call.ended:
            self._call.child.abandon(self._call, CancelledError("The stream was closed."))

    def __del__(self) -> None:
        if not self._call.ended:
            self._call.child.cancel(self._call)


class SyncBody(_Body):
    def __iter__(self) -> Iterator[bytes]:
        items, self._items = self._items, []
        while True:
            data = self._chunk(items)
            if data:
                yield data
            if self._writer.done or (not items and self._call.taken):
                return
            items = self._call.take(self._timeout)
            if not items and not self._call.taken:
                raise self._late()

    def close(self) -> None:
        self._leave()


class AsyncBody(_Body):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        items, self._items = self._items, []
        while True:
            data = self._chunk(items)
            if data:
                yield data
            if self._writer.done or (not items and self._call.taken):
                return
            items = await self._call.atake(self._timeout)
            if not items and not self._call.taken:
                raise self._late()

    async def aclose(self) -> None:
        self._leave()


def read_timeout(request: Any) -> Optional[float]:
    """Returns the read timeout of a request, in seconds."""
    timeout = (request.extensions.get("timeout") or {}).get("read")
    return None if timeout is None else float(timeout)


def late(call: Call) -> TimeoutExpiredError:
    """Ends a call for which nothing came in time, and returns its error."""
    error = TimeoutExpiredError("signalbox sent nothing within the timeout of the client.")
    call.child.abandon(call, error)
    return error


def _stream_timeout(httpx: Any, message: str, request: Any) -> Exception:
    """Returns an exception that is httpx's and the SDK's: between two events the SDK
    does not turn the one into the other, and programs catch either."""
    try:
        import openai
    except ImportError:
        plain: Exception = httpx.ReadTimeout(message, request=request)
        return plain

    class StreamTimeout(httpx.ReadTimeout, openai.APITimeoutError):  # type: ignore[misc]
        def __init__(self) -> None:
            openai.APITimeoutError.__init__(self, request)
            self._request = request

        @property
        def request(self) -> Any:
            return request

        @request.setter
        def request(self, value: Any) -> None:
            """httpx sets it again, to what it is."""

    return StreamTimeout()
