"""The buffer between the reader thread and the consumer of one request."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any, Optional, Tuple

# What arrives for a request: ("started", params), ("event", JSON bytes),
# ("completed", params), and last ("result", value) or ("error", SignalboxError).
Item = Tuple[str, Any]

FINAL = frozenset({"result", "error"})


class Call:
    """One request that was sent, and what has come for it.

    The reader thread puts, one consumer takes; it may sit in a thread or in an
    event loop. Putting never blocks, so a slow consumer does not hold up
    another: above ``cap`` bytes of unread events the call overflows, and
    the connection cancels it.
    """

    def __init__(self, cap: int) -> None:
        self.id = 0
        self.child: Any = None
        self.owner: Any = None  # the Connection, kept alive while this one is used
        self.cap = cap
        self.ended = False  # the last item was put
        self.taken = False  # and taken
        self._items: list[Item] = []
        self._size = 0
        self._changed = threading.Condition(threading.Lock())
        self._waiter: Optional[Tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]] = None

    def put(self, items: list[Item], size: int) -> bool:
        """Called by the reader thread. False if the buffer would overflow; then
        nothing was put."""
        with self._changed:
            if self.ended:
                return True
            if self._size + size > self.cap and size:
                return False
            self._items += items
            self._size += size
            if items[-1][0] in FINAL:
                self.ended = True
            self._wake()
        return True

    def end(self, error: BaseException) -> None:
        """Ends the call with an error, and drops what was not read."""
        with self._changed:
            if self.ended:
                return
            self._items = [item for item in self._items if item[0] != "event"]
            self._items.append(("error", error))
            self._size = 0
            self.ended = True
            self._wake()

    def _wake(self) -> None:
        self._changed.notify_all()
        if self._waiter is not None:
            loop, future = self._waiter
            self._waiter = None
            try:
                loop.call_soon_threadsafe(_resolve, future)
            except RuntimeError:
                pass  # that loop is closed: there is no consumer any more

    def _drain(self) -> list[Item]:
        items, self._items, self._size = self._items, [], 0
        if items and items[-1][0] in FINAL:
            self.taken = True
        return items

    def take(self, timeout: Optional[float]) -> list[Item]:
        """All that has come, at least one item; [] after the last one was taken,
        or when nothing came within timeout seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._items and not self.ended:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return []
                self._changed.wait(left)
            return self._drain()

    async def atake(self, timeout: Optional[float]) -> list[Item]:
        """As take, without blocking the event loop."""
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            with self._changed:
                if self._items or self.ended:
                    return self._drain()
                future: "asyncio.Future[None]" = loop.create_future()
                self._waiter = (loop, future)
            left = None if deadline is None else deadline - loop.time()
            try:
                await asyncio.wait_for(future, left)
            except asyncio.TimeoutError:
                return []
            finally:
                with self._changed:
                    if self._waiter is not None and self._waiter[1] is future:
                        self._waiter = None


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
