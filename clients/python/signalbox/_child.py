"""One signalbox process: its pipes, the threads on them, and its end."""

from __future__ import annotations

import collections
import itertools
import json
import os
import queue
import re
import signal
import subprocess
import threading
import time
from typing import Any, Callable, Mapping, Optional, Sequence

from ._call import FINAL, Call, Item
from ._framing import FrameReader, FramingError, frame
from .errors import (
    ConnectionClosedError,
    ConnectionLostError,
    SignalboxError,
    StartError,
    StreamOverflowError,
    error_from_reply,
)

# The head of a responses/event as signalbox writes it; the event itself is the
# last member and is passed on byte for byte (docs/protocol.md: Order on the pipe).
_EVENT = re.compile(
    rb'\{"jsonrpc":"2\.0","method":"responses/event","params":\{"streamId":"[^"\\]*","requestId":(\d+),"seq":\d+,"event":'
)
_READ = 256 << 10
_GRACE = 2.0  # seconds that a process has to end by itself
# While a refreshed login is saved the process stays for up to 30 s
# (docs/protocol.md: Lifecycle); only SIGKILL would lose it.
_PATIENCE = 35.0

Notify = Callable[[str, Any], None]


def dumps(value: Any) -> bytes:
    """JSON in UTF-8. Half a surrogate pair has no UTF-8, so it is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


class Child:
    """A running process. Its methods may be called from any thread.

    notify is called on the reader thread and must not block.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], notify: Notify, cap: int) -> None:
        self._notify = notify
        self._cap = cap
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._pending: dict[int, Call] = {}
        self._lost: Optional[SignalboxError] = None
        self._outgoing: "queue.SimpleQueue[Optional[bytes]]" = queue.SimpleQueue()
        self._stderr: "collections.deque[str]" = collections.deque(maxlen=40)
        self._closing = False
        try:
            # A session of its own: Ctrl-C in a terminal is for the host, which
            # cancels what it wants to be cancelled.
            self.process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(env),
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise StartError(
                f"{argv[0]!r} could not be started: {error.strerror or error}.",
                action="Check that it is a signalbox binary for this platform.",
            ) from error
        self._threads = [
            threading.Thread(target=target, name=f"signalbox-{name}-{self.process.pid}", daemon=True)
            for name, target in (("stderr", self._drain_stderr), ("writer", self._write), ("reader", self._read))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        return self._lost is None and not self._closing and self.process.poll() is None

    def stderr_tail(self) -> str:
        return "\n".join(self._stderr)

    def request(self, method: str, params: Optional[bytes], cap: Optional[int] = None) -> Call:
        """Sends a request; params is JSON. Never blocks."""
        call = Call(self._cap if cap is None else cap)
        call.child = self
        with self._lock:
            if self._lost is not None:
                raise self._lost
            if self._closing:
                raise ConnectionClosedError("The connection is closed.")
            call.id = next(self._ids)
            self._pending[call.id] = call
        head = b'{"jsonrpc":"2.0","id":%d,"method":%b' % (call.id, dumps(method))
        self._outgoing.put(frame(head + (b"}" if params is None else b',"params":' + params + b"}")))
        return call

    def notify(self, method: str, params: Any = None) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        self._outgoing.put(frame(dumps(message)))

    def cancel(self, call: Call) -> None:
        """Asks the process to end a request; it answers with its last item. Queues
        only, so it may run in a finalizer."""
        if not call.ended:
            self.notify("$/cancelRequest", {"id": call.id})

    def abandon(self, call: Call, error: SignalboxError) -> None:
        """Ends a call on this side at once, and asks the process to cancel."""
        self.cancel(call)
        call.end(error)
        # A reply that comes later is dropped.
        self._pending.pop(call.id, None)

    # The threads.

    def _write(self) -> None:
        assert self.process.stdin is not None
        try:
            while True:
                data = self._outgoing.get()
                if data is None:
                    break
                view = memoryview(data)
                while view:
                    view = view[self.process.stdin.write(view) or 0 :]
        except (OSError, ValueError):
            pass  # the process is gone; the reader says so
        finally:
            try:
                self.process.stdin.close()
            except OSError:
                pass

    def _drain_stderr(self) -> None:
        assert self.process.stderr is not None
        rest = b""
        try:
            while True:
                data = self.process.stderr.read(8192)
                if not data:
                    break
                *lines, rest = (rest + data).split(b"\n")
                rest = rest[-4096:]
                self._stderr.extend(line[:4096].decode("utf-8", "replace") for line in lines if line.strip())
        except (OSError, ValueError):
            pass
        if rest.strip():
            self._stderr.append(rest.decode("utf-8", "replace"))
        # By the thread that reads it: a descriptor that is closed while another thread
        # reads may be the next process's by then.
        self.process.stderr.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        reader = FrameReader()
        descriptor = self.process.stdout.fileno()
        garbage = ""
        try:
            while True:
                data = os.read(descriptor, _READ)
                if not data:
                    break
                self._dispatch(reader.feed(data))
        except FramingError as error:
            garbage = str(error)
        except (OSError, ValueError):
            pass
        self._end(garbage)
        self.process.stdout.close()

    def _dispatch(self, bodies: list[bytes]) -> None:
        """Sorts bodies by call, so that each consumer is woken once."""
        batches: dict[int, tuple[list[Item], list[int]]] = {}
        for body in bodies:
            item: Item
            head = _EVENT.match(body)
            if head:
                key, item = int(head[1]), ("event", body[head.end() : -2])
            else:
                sorted_ = self._sort(body)
                if sorted_ is None:
                    continue
                key, item = sorted_
            items, sizes = batches.setdefault(key, ([], []))
            items.append(item)
            sizes.append(len(body) if item[0] == "event" else 0)
        for key, (items, sizes) in batches.items():
            call = self._pending.get(key)
            if call is None:
                continue
            if items[-1][0] in FINAL:
                self._pending.pop(key, None)
            if not call.put(items, sum(sizes)):
                heads = [item for item in items if item[0] in ("started", "completed")]
                if heads:
                    call.put(heads, 0)
                self.abandon(
                    call,
                    StreamOverflowError(
                        f"More than {call.cap >> 20} MiB of the stream waited unread, so it was cancelled.",
                        action="Read the events as they come.",
                    ),
                )

    def _sort(self, body: bytes) -> Optional[tuple[int, Item]]:
        try:
            message = json.loads(body)
        except ValueError:
            return None
        if not isinstance(message, dict):
            return None
        method = message.get("method")
        if method is None:
            key = message.get("id")
            if not isinstance(key, int):
                return None
            if "error" in message:
                return key, ("error", error_from_reply(message["error"] or {}))
            return key, ("result", message.get("result"))
        if "id" in message:  # a request to the host; none is declared, so none is served
            self._refuse(message["id"])
            return None
        params = message.get("params")
        if isinstance(method, str) and method.startswith("responses/") and isinstance(params, dict):
            key = params.get("requestId")
            if not isinstance(key, int):
                return None
            if method == "responses/event":
                return key, ("event", dumps(params.get("event")))
            return key, (method[len("responses/") :], params)
        if isinstance(method, str):
            self._notify(method, params)
        return None

    def _refuse(self, key: Any) -> None:
        error = {"code": -32601, "message": "This host serves no requests."}
        self._outgoing.put(frame(dumps({"jsonrpc": "2.0", "id": key, "error": error})))

    def _end(self, garbage: str) -> None:
        """Runs once, when stdout has ended: fails what waits."""
        if garbage:
            self._signal(signal.SIGTERM)
        code: Optional[int]
        try:
            code = self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            code = None
        self._threads[0].join(0.5)  # until its last words are read
        if self._closing:
            error: SignalboxError = ConnectionClosedError("The connection is closed.")
        else:
            error = ConnectionLostError(
                _how_it_ended(code, garbage),
                action="Call again: the next call starts a new process.",
                data={"exitCode": code, "stderr": self.stderr_tail(), "output": garbage},
            )
        with self._lock:
            self._lost = error
            waiting, self._pending = list(self._pending.values()), {}
        self._outgoing.put(None)
        for call in waiting:
            call.end(error)

    # The end.

    def close(self, wait: bool = True) -> None:
        """Ends the process: shutdown, exit, end of stdin. With wait it is gone
        afterwards; without, it has 2 s, and ends by itself in at most 30 s more if it
        is saving a refreshed login."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            waiting = list(self._pending.values())
        self._outgoing.put(frame(dumps({"jsonrpc": "2.0", "id": 0, "method": "shutdown"})))
        self.notify("exit")
        self._outgoing.put(None)
        closed = ConnectionClosedError("The connection was closed while the request was running.")
        for call in waiting:
            call.end(closed)
        if threading.current_thread() in self._threads:
            return
        if not self._wait(_GRACE):
            self._signal(signal.SIGTERM)
            if wait and not self._wait(_PATIENCE):
                self.process.kill()
                self._wait(_GRACE)
        if self.process.returncode is not None:
            for thread in self._threads:
                thread.join(1.0)

    def kill(self) -> None:
        """Kills a process that is not signalbox, and what it has started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (AttributeError, OSError):
            self.process.kill()
        self.close(wait=True)

    def hang_up(self) -> None:
        """As close, without waiting: for finalizers. The reader thread sees the end."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
        self.notify("exit")
        self._outgoing.put(None)

    def _wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.process.wait(max(0.0, deadline - time.monotonic()))
                return True
            except subprocess.TimeoutExpired:
                return False

    def _signal(self, number: int) -> None:
        try:
            self.process.send_signal(number)
        except OSError:
            pass

    def forget(self) -> None:
        """Closes our copies of the pipes in a forked process. The child belongs to the
        parent, whose closing of them must still be seen."""
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass
        self.process.returncode = 0  # silences the warning of Popen.__del__
        self._closing = True


def _how_it_ended(code: Optional[int], garbage: str) -> str:
    if garbage:
        return f"The process wrote something that is not a message of signalbox: {garbage[:80]!r}."
    if code is None:
        return "signalbox closed its output."
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"signalbox was ended by {name}."
    return f"signalbox ended with exit code {code}."
