"""CrewAI's interceptors around signalbox's transports.

An interceptor sees, and may change, what the SDK sends and gets; only the network is
replaced.
"""

from __future__ import annotations

from typing import Any

import httpx


class Intercepted(httpx.BaseTransport):
    def __init__(self, inner: Any, interceptor: Any) -> None:
        self._inner = inner
        self._interceptor = interceptor

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = self._inner.handle_request(self._interceptor.on_outbound(request))
        changed: httpx.Response = self._interceptor.on_inbound(answer)
        return changed


class AsyncIntercepted(httpx.AsyncBaseTransport):
    def __init__(self, inner: Any, interceptor: Any) -> None:
        self._inner = inner
        self._interceptor = interceptor

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = await self._inner.handle_async_request(await self._interceptor.aon_outbound(request))
        changed: httpx.Response = await self._interceptor.aon_inbound(answer)
        return changed
