"""WebSockets of the OpenAI SDK, which signalbox does not serve.

The SDK opens them itself, beside the HTTP client: ``responses.connect()``,
``realtime.connect()`` and their relatives. All of them take their address from
``websocket_base_url`` of the client, so this is where they are refused.
"""

from __future__ import annotations

import json
from typing import Any

from . import _http

_URL = "http://signalbox.invalid/v1"


def refused_url(httpx: Any) -> Any:
    """Returns a URL for ``websocket_base_url`` that no connection can be made to: the
    first look at it raises the SDK's NotFoundError. httpx is the family in use."""

    def refuse(self: Any) -> Any:
        raise _refusal(httpx)

    class RefusedURL(httpx.URL):  # type: ignore[misc]
        def __init__(self) -> None:
            """Holds no address."""

        # What every other property, and a copy, is made of.
        _uri_reference = property(refuse)
        scheme = raw_path = property(refuse)

        def __str__(self) -> str:
            raise _refusal(httpx)

        def __repr__(self) -> str:
            return "<no WebSockets>"

    return RefusedURL()


def _refusal(httpx: Any) -> Exception:
    import openai

    reply = _http.not_served("A WebSocket", ' Use "client.responses.create(…, stream=True)".')
    response = httpx.Response(reply.status, headers=reply.headers, content=reply.body, request=httpx.Request("GET", _URL))
    body = json.loads(reply.body)
    return openai.NotFoundError(f"Error code: {reply.status} - {body}", response=response, body=body["error"])
