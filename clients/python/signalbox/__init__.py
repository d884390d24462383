"""signalbox: OpenAI models through a ChatGPT login or a Platform key, with proof.

    client = signalbox.OpenAI()                       # the real openai.OpenAI
    answer = client.responses.create(model="gpt-5.2-codex", input="What is 2+2?")
    signalbox.evidence(answer)                        # model, route, credential

Importing this needs the standard library only; the OpenAI SDK and the frameworks are
imported when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors
from ._binary import find_binary
from ._evidence import evidence
from ._version import __version__
from ._shared import shared
from .connection import Connection
from .errors import SignalboxError
from .streams import AsyncResponseStream, ResponseStream

if TYPE_CHECKING:
    from ._clients import AsyncOpenAI, OpenAI
    from ._transport import async_transport, transport

__all__ = [
    "AsyncOpenAI",
    "AsyncResponseStream",
    "Connection",
    "OpenAI",
    "ResponseStream",
    "SignalboxError",
    "__version__",
    "async_transport",
    "errors",
    "evidence",
    "find_binary",
    "shared",
    "transport",
]

_LATER = {"OpenAI": "_clients", "AsyncOpenAI": "_clients", "async_transport": "_transport", "transport": "_transport"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        import importlib

        value = getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
