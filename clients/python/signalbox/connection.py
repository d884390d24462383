"""A connection to a signalbox process."""

from __future__ import annotations

import asyncio
import atexit
import os
import queue
import threading
import time
import weakref
from typing import Any, Callable, Iterable, Mapping, Optional, Union

from . import _environment
from ._binary import find_binary
from ._child import Child, dumps
from ._call import Call
from ._handshake import checked_handshake, hello, no_handshake, refused_handshake
from ._login import print_prompt
from .errors import ConnectionClosedError, ConnectionLostError, SignalboxError, TimeoutExpiredError
from .streams import AsyncResponseStream, ResponseStream

#: Unread bytes of one stream above which it is cancelled.
STREAM_CAP = 64 << 20
_START_TIMEOUT = 20.0

#: Methods that change nothing, so that they are sent again when the process dies.
_REPEATABLE = frozenset(
    {"auth/status", "limits/read", "models/list", "ping", "routes/resolve", "rpc.discover", "server/diagnostics"}
)

Handler = Callable[[str, Any], None]


class Connection:
    """Spawns signalbox and speaks with it. Safe for threads, event loops and forks.

    The process is started by the first call. When it dies, what was running fails
    with ConnectionLostError, and the next call starts it again. It is in a process
    group of its own, so Ctrl-C in a terminal reaches this program only; a call that
    it interrupts is cancelled. At the end of the program it is closed.

    binary: path of the signalbox binary, else SIGNALBOX_BIN, the bundled one, PATH.
    args: further flags of ``signalbox serve``.
    env: variables for the process, over those of this one; None removes one.
    simulate: True, or the name of a scenario: the built-in simulator instead of
    OpenAI, for tests.
    on_notification: called with method and params of what belongs to no request,
    such as ``auth/changed``; on a thread of its own, so it may block.
    """

    def __init__(
        self,
        binary: Optional[str] = None,
        *,
        args: Iterable[str] = (),
        env: Optional[Mapping[str, Optional[str]]] = None,
        simulate: Union[bool, str, None] = None,
        on_notification: Optional[Handler] = None,
        stream_cap: int = STREAM_CAP,
        start_timeout: float = _START_TIMEOUT,
    ) -> None:
        self._binary = binary
        self._args = list(args)
        self._env = dict(env or {})
        self._simulate = simulate
        self._handlers: list[Handler] = [on_notification] if on_notification else []
        self._cap = stream_cap
        self._start_timeout = start_timeout
        self._server: dict[str, Any] = {}
        self._closed = False
        self._reset()
        _track(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()  # held while a process is started
        self._child: Optional[Child] = None
        self._notices: "Optional[queue.SimpleQueue[Optional[tuple[str, Any]]]]" = None

    # Calls.

    def call(self, method: str, params: Optional[Mapping[str, Any]] = None, *, timeout: Optional[float] = None) -> Any:
        """Sends a request and waits for its result. Raises SignalboxError; after
        timeout seconds TimeoutExpiredError, and the request is cancelled."""
        body = None if params is None else dumps(params)
        for attempt in (1, 2):
            call = self.begin(method, body)
            try:
                return _result(call, self._wait(call, timeout))
            except ConnectionLostError:
                if attempt == 2 or method not in _REPEATABLE:
                    raise
        raise AssertionError

    async def acall(self, method: str, params: Optional[Mapping[str, Any]] = None, *, timeout: Optional[float] = None) -> Any:
        """As call, in an event loop; cancelling the task cancels the request."""
        body = None if params is None else dumps(params)
        for attempt in (1, 2):
            call = await self.abegin(method, body)
            try:
                return _result(call, await self._await(call, timeout))
            except ConnectionLostError:
                if attempt == 2 or method not in _REPEATABLE:
                    raise
        raise AssertionError

    def stream(self, params: Mapping[str, Any], *, timeout: Optional[float] = None) -> ResponseStream:
        """Sends responses/create with stream and returns an iterator of its events, as
        dicts. timeout is the longest silence, in seconds. Use it in a with statement:
        leaving it early cancels the stream."""
        return ResponseStream(self.begin("responses/create", dumps({**params, "stream": True})), timeout)

    async def astream(self, params: Mapping[str, Any], *, timeout: Optional[float] = None) -> AsyncResponseStream:
        """As stream, in an event loop."""
        call = await self.abegin("responses/create", dumps({**params, "stream": True}))
        return AsyncResponseStream(call, timeout)

    def notify(self, method: str, params: Any = None) -> None:
        self._ready().notify(method, params)

    def begin(self, method: str, params: Optional[bytes] = None) -> Call:
        """Sends a request whose params are JSON already; for transports."""
        call = self._ready().request(method, params)
        call.owner = self
        return call

    async def abegin(self, method: str, params: Optional[bytes] = None) -> Call:
        child = self._child
        if child is None or not child.alive:
            # The handshake takes some ten milliseconds: not on the event loop.
            child = await asyncio.get_running_loop().run_in_executor(None, self._ready)
        call = child.request(method, params)
        call.owner = self
        return call

    # Common questions.

    def status(self) -> dict[str, Any]:
        """Returns auth/status: who the user is, and which routes work."""
        status: dict[str, Any] = self.call("auth/status")
        return status

    def models(self, *, refresh: bool = False) -> list[dict[str, Any]]:
        """Returns models/list: one row for each model and route."""
        rows: list[dict[str, Any]] = self.call("models/list", {"refresh": True} if refresh else None)["models"]
        return rows

    def login(
        self,
        method: str = "device",
        *,
        on_prompt: Optional[Callable[[dict[str, Any]], None]] = None,
        timeout: float = 600.0,
        **options: Any,
    ) -> dict[str, Any]:
        """Sends auth/login and waits until it has succeeded or failed. on_prompt is called
        with the URL to open and, for a device, the code to enter; by default both are
        printed on stderr."""
        show = on_prompt or print_prompt

        def notified(name: str, params: Any) -> None:
            if name == "auth/loginPrompt" and isinstance(params, dict):
                show(params)

        unsubscribe = self.subscribe(notified)
        try:
            params = {"method": method, "timeoutMs": int(timeout * 1000), **options}
            # The process ends the login itself; our timeout is only the last resort.
            result: dict[str, Any] = self.call("auth/login", params, timeout=timeout + 60)
            return result
        finally:
            unsubscribe()

    @property
    def server(self) -> dict[str, Any]:
        """Returns the result of initialize: version, capabilities, limits, login."""
        self._ready()
        return self._server

    @property
    def pid(self) -> Optional[int]:
        """Returns the id of the running process; None when there is none."""
        child = self._child
        return child.process.pid if child is not None and child.alive else None

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        """Adds a handler of notifications; calling the result removes it."""
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler) if handler in self._handlers else None

    # Life.

    def close(self) -> None:
        """Ends the process and every call that runs; the connection stays closed."""
        self._closed = True
        self._stop(wait=True)

    def _stop(self, wait: bool) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close(wait)
        notices, self._notices = self._notices, None
        if notices is not None:
            notices.put(None)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        child = getattr(self, "_child", None)
        if child is not None:
            child.hang_up()

    def __deepcopy__(self, memo: Any) -> "Connection":
        return self  # frameworks copy their objects; the process is one

    def __copy__(self) -> "Connection":
        return self

    def __repr__(self) -> str:
        return f"<signalbox.Connection pid={self.pid}>"

    def _ready(self) -> Child:
        """Returns the running process; starts one where there is none."""
        child = self._child
        if child is not None and child.alive:
            return child
        with self._lock:
            child = self._child
            if child is not None and child.alive:
                return child
            if self._closed:
                raise ConnectionClosedError("The connection is closed.", action="Make a new Connection.")
            if child is not None:
                child.close(wait=False)
            self._child = None
            self._child = self._start()
            return self._child

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Returns the command line and environment with which a process is started."""
        environ = dict(os.environ)
        for name, value in self._env.items():
            if value is None:
                environ.pop(name, None)
            else:
                environ[name] = value
        args = list(self._args)
        if self._simulate:
            # The simulator reads nothing of the user's, and refuses overrides.
            args.append("--simulate" if self._simulate is True else f"--simulate={self._simulate}")
        else:
            environ, args = _environment.adopt(environ, args)
        return [find_binary(self._binary, environ), "serve", *args], environ

    def _start(self) -> Child:
        argv, environ = self.command()
        # Weak, so that a connection without references ends its process.
        notified = weakref.WeakMethod(self._notified)

        def notify(method: str, params: Any) -> None:
            deliver = notified()
            if deliver is not None:
                deliver(method, params)

        child = Child(argv, environ, notify, self._cap)
        try:
            try:
                call = child.request("initialize", hello())
                result = _result(call, self._wait(call, self._start_timeout))
            except (ConnectionLostError, TimeoutExpiredError) as error:
                raise no_handshake(argv[0], error, child.stderr_tail()) from error
            except SignalboxError as error:
                raise refused_handshake(argv[0], error) from error
            self._server = checked_handshake(argv[0], result)
        except BaseException:
            child.kill()
            raise
        child.notify("initialized")
        return child

    def _wait(self, call: Call, timeout: Optional[float]) -> list[Any]:
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            items = call.take(timeout)
            while items and not call.taken:
                items = call.take(None if deadline is None else deadline - time.monotonic())
        except BaseException as interrupted:  # Ctrl-C in the wait
            call.child.cancel(call)
            raise interrupted
        return items

    async def _await(self, call: Call, timeout: Optional[float]) -> list[Any]:
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            items = await call.atake(timeout)
            while items and not call.taken:
                items = await call.atake(None if deadline is None else deadline - time.monotonic())
        except BaseException as interrupted:
            call.child.cancel(call)
            raise interrupted
        return items

    def _notified(self, method: str, params: Any) -> None:
        if not self._handlers:
            return
        if self._notices is None:
            self._notices = queue.SimpleQueue()
            threading.Thread(target=_deliver, args=(self._notices, weakref.ref(self)), name="signalbox-notices", daemon=True).start()
        self._notices.put((method, params))

    def _after_fork(self) -> None:
        child = self._child
        self._reset()
        if child is not None:
            child.forget()


def _deliver(notices: "queue.SimpleQueue[Optional[tuple[str, Any]]]", owner: "weakref.ref[Connection]") -> None:
    while True:
        notice = notices.get()
        connection = owner()
        if notice is None or connection is None:
            return
        for handler in list(connection._handlers):
            try:
                handler(*notice)
            except Exception:  # a handler's fault must not end the others
                import logging

                logging.getLogger("signalbox").exception("a handler of notifications failed")
        del connection


def _result(call: Call, items: list[Any]) -> Any:
    if not items:
        error = TimeoutExpiredError("signalbox did not answer in time.", action="Allow more time, or try again.")
        call.child.abandon(call, error)
        raise error
    kind, value = items[-1]
    if kind == "error":
        raise value
    return value


# Every connection of this process, for its end and for forks.
_connections: "weakref.WeakSet[Connection]" = weakref.WeakSet()


def _track(connection: Connection) -> None:
    _connections.add(connection)


def _close_all() -> None:
    for connection in list(_connections):
        connection._closed = True
        connection._stop(wait=False)


def _after_fork_in_child() -> None:
    for connection in list(_connections):
        connection._after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
