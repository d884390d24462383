"""Transports for httpx and httpx2: an HTTP client that speaks with signalbox.

    client = httpx.Client(transport=signalbox.transport(httpx))

``POST …/responses`` becomes ``responses/create``, its events become the bytes of an
event stream; ``GET …/models`` becomes ``models/list``; anything else is a local 404.
Nothing goes over a network from here.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Optional

from . import _http
from ._body import AsyncBody, OnEvidence, SyncBody, late, read_timeout
from ._child import dumps
from ._evidence import EXTENSION, Record
from ._call import Call
from ._shared import shared
from .connection import Connection
from .errors import CancelledError, SignalboxError, StartError, TimeoutExpiredError


class _Transport:
    """What the sync and the async transport share. ``httpx`` is the module whose
    classes the SDK in use accepts."""

    def __init__(
        self, httpx: Any, body: type, connection: Optional[Connection], options: _http.Options, on_evidence: Optional[OnEvidence]
    ) -> None:
        self._httpx = httpx
        self._body = body
        self._connection = connection or shared()
        self._options = options
        self._on_evidence = on_evidence

    def _plan(self, request: Any, body: bytes) -> _http.Plan:
        url = request.url
        return _http.plan(request.method, url.path, url.query, request.headers, body, self._options)

    def _response(self, request: Any, reply: _http.Reply, record: Optional[Record] = None) -> Any:
        extensions = {EXTENSION: record} if record is not None else {}
        return self._httpx.Response(
            reply.status, headers=reply.headers, content=reply.body, request=request, extensions=extensions
        )

    def _mark(self, request: Any, record: Record) -> None:
        # An exception of the SDK has the request where it has no response.
        request.extensions = {**request.extensions, EXTENSION: record}

    def _observed(self, record: Record) -> None:
        if self._on_evidence is not None and record.evidence is not None:
            self._on_evidence(record)

    def _failure(self, request: Any, error: SignalboxError, record: Optional[Record] = None) -> Any:
        """An error as the answer, or the exception, that a server would cause."""
        if record is not None:
            record.update(error.evidence)
            self._observed(record)
        if isinstance(error, StartError):
            raise self._no_process(request, error) from error
        if isinstance(error, TimeoutExpiredError):
            raise self._httpx.ReadTimeout(str(error), request=request) from error
        if error.kind in ("connection_lost", "connection_closed"):
            raise self._httpx.RemoteProtocolError(str(error), request=request) from error
        return self._response(request, _http.error_reply(error), record)

    def _no_process(self, request: Any, error: StartError) -> Exception:
        """Returns the error of a process that cannot be started. It is not tried again,
        because the SDK passes its own exceptions on as they are."""
        try:
            import openai
        except ImportError:
            failure: Exception = self._httpx.ConnectError(str(error), request=request)
            return failure
        return openai.APIConnectionError(message=str(error), request=request)

    def _whole(self, request: Any, items: list[Any], record: Record) -> Any:
        """Returns the answer to a call that does not stream."""
        started = None
        for kind, value in items:
            if kind == "started":
                started = value
            elif kind == "error":
                return self._failure(request, value, record)
            elif kind == "result":
                record.update(value.get("evidence"), value.get("responseId"), value.get("usage"))
                if not isinstance(value.get("response"), dict):
                    return self._failure(request, CancelledError("The request was cancelled."), record)
                self._observed(record)
                body = dumps(value["response"])
                headers = _http.started_headers(started, record, _http.JSON)
                return self._response(request, _http.Reply(200, headers, body), record)
        raise AssertionError("a call ends with a result or an error")

    def _begun(self, request: Any, items: list[Any], record: Record) -> Any:
        """Returns the answer that the first items of a stream already are; None for a
        stream that goes on."""
        kind, value = items[0]
        if kind == "completed" and len(items) > 1:
            kind, value = items[1]
        if kind == "error":
            return self._failure(request, value, record)
        if kind == "started":
            record.update(value.get("evidence"))
        return None

    def _streaming(self, request: Any, items: list[Any], body: Any, record: Record) -> Any:
        started = items[0][1] if items[0][0] == "started" else None
        headers = _http.started_headers(started, record, _http.SSE)
        return self._httpx.Response(200, headers=headers, stream=body, request=request, extensions={EXTENSION: record})


def _only_completed(items: list[Any]) -> bool:
    """A failure is a completed and then the error; the latter says it all."""
    return len(items) == 1 and items[0][0] == "completed"


class _SyncTransport(_Transport):
    def handle_request(self, request: Any) -> Any:
        plan = self._plan(request, request.read())
        if isinstance(plan, _http.Reply):
            return self._response(request, plan)
        timeout = read_timeout(request)
        if isinstance(plan, _http.Models):
            try:
                result = self._connection.call("models/list", timeout=timeout)
            except SignalboxError as error:
                return self._failure(request, error)
            return self._response(request, _http.Reply(200, {"content-type": _http.JSON}, _http.models_body(result)))
        self._mark(request, plan.record)
        try:
            call = self._connection.begin("responses/create", plan.params)
            items = self._first(call, plan.stream, timeout)
        except SignalboxError as error:
            return self._failure(request, error, plan.record)
        if not plan.stream:
            return self._whole(request, items, plan.record)
        answer = self._begun(request, items, plan.record)
        if answer is not None:
            return answer
        body = self._body(self._httpx, self._observed, call, items, plan.record, request)
        return self._streaming(request, items, body, plan.record)

    def _first(self, call: Call, stream: bool, timeout: Optional[float]) -> list[Any]:
        """Returns all items of a call that does not stream, and those of a stream
        that decide its status."""
        items: list[Any] = []
        try:
            while True:
                more = call.take(timeout)
                if not more and not call.taken:
                    raise late(call)
                items += more
                if call.taken or (stream and not _only_completed(items)):
                    return items
        except BaseException:  # also Ctrl-C
            call.child.cancel(call)
            raise

    def close(self) -> None:
        """The connection is shared; it is not closed with one client."""


class _AsyncTransport(_Transport):
    async def handle_async_request(self, request: Any) -> Any:
        plan = self._plan(request, await request.aread())
        if isinstance(plan, _http.Reply):
            return self._response(request, plan)
        timeout = read_timeout(request)
        if isinstance(plan, _http.Models):
            try:
                result = await self._connection.acall("models/list", timeout=timeout)
            except SignalboxError as error:
                return self._failure(request, error)
            return self._response(request, _http.Reply(200, {"content-type": _http.JSON}, _http.models_body(result)))
        self._mark(request, plan.record)
        try:
            call = await self._connection.abegin("responses/create", plan.params)
            items = await self._first(call, plan.stream, timeout)
        except SignalboxError as error:
            return self._failure(request, error, plan.record)
        if not plan.stream:
            return self._whole(request, items, plan.record)
        answer = self._begun(request, items, plan.record)
        if answer is not None:
            return answer
        body = self._body(self._httpx, self._observed, call, items, plan.record, request)
        return self._streaming(request, items, body, plan.record)

    async def _first(self, call: Call, stream: bool, timeout: Optional[float]) -> list[Any]:
        items: list[Any] = []
        try:
            while True:
                more = await call.atake(timeout)
                if not more and not call.taken:
                    raise late(call)
                items += more
                if call.taken or (stream and not _only_completed(items)):
                    return items
        except BaseException:  # also the end of the task
            call.child.cancel(call)
            raise

    async def aclose(self) -> None:
        """The connection is shared; it is not closed with one client."""


def transport(
    httpx: ModuleType,
    connection: Optional[Connection] = None,
    *,
    route: Optional[str] = None,
    on_unsupported: str = "refuse",
    expect_model: bool = False,
    on_evidence: Optional[OnEvidence] = None,
) -> Any:
    """Returns a transport for ``httpx.Client`` of this module, httpx or httpx2.

    route: "chatgpt" or "platform" for models that are not pinned to one.
    on_unsupported: "drop" leaves out tuning parameters that the ChatGPT route does
    not take, and records it in the evidence; "refuse" makes them an error.
    expect_model: another model that answers is an error.
    """
    family: Any = httpx

    class SignalboxTransport(_SyncTransport, family.BaseTransport):  # type: ignore[misc]
        """The transport as a class of the family."""

    class SignalboxStream(SyncBody, family.SyncByteStream):  # type: ignore[misc]
        """The body of its streams."""

    options = _http.Options(route, on_unsupported, expect_model)
    return SignalboxTransport(httpx, SignalboxStream, connection, options, on_evidence)


def async_transport(
    httpx: ModuleType,
    connection: Optional[Connection] = None,
    *,
    route: Optional[str] = None,
    on_unsupported: str = "refuse",
    expect_model: bool = False,
    on_evidence: Optional[OnEvidence] = None,
) -> Any:
    """As transport, for ``httpx.AsyncClient`` in asyncio."""
    family: Any = httpx

    class SignalboxAsyncTransport(_AsyncTransport, family.AsyncBaseTransport):  # type: ignore[misc]
        """The transport as a class of the family."""

    class SignalboxAsyncStream(AsyncBody, family.AsyncByteStream):  # type: ignore[misc]
        """The body of its streams."""

    options = _http.Options(route, on_unsupported, expect_model)
    return SignalboxAsyncTransport(httpx, SignalboxAsyncStream, connection, options, on_evidence)
