"""The real clients of the OpenAI SDK, with signalbox in place of the network."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Mapping, Optional

from ._body import OnEvidence
from ._evidence import Record
from ._shared import shared
from .connection import Connection
from .errors import ConfigurationError
from ._transport import async_transport, transport
from ._websocket import refused_url

if TYPE_CHECKING:
    import openai

#: In place of a key: if a request ever left this process, it would be refused.
PLACEHOLDER_KEY = "signalbox-managed"
#: Never resolves (RFC 6761); the transport looks at the path only.
BASE_URL = "http://signalbox.invalid/v1"

_OWNED = {
    "api_key": "signalbox owns the credentials: log in, or set OPENAI_API_KEY",
    "base_url": "signalbox chooses the route: use route=, or OPENAI_BASE_URL for another Platform",
    "http_client": "signalbox is the transport: use signalbox.transport() in a client of your own",
    "websocket_base_url": "signalbox serves no WebSockets: use responses.create(…, stream=True)",
}


def httpx_family() -> Any:
    """Returns the module whose clients the installed SDK takes: httpx2 from version 3 on."""
    import openai

    name = "httpx2" if int(openai.__version__.split(".")[0]) >= 3 else "httpx"
    return importlib.import_module(name)


def client_arguments(kwargs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Optional[str]]]:
    """Returns the arguments of the SDK's client without those that are ours, and the
    environment variables that replace the latter."""
    for name, why in _OWNED.items():
        if kwargs.get(name) is not None:
            raise ConfigurationError(f"{name} cannot be set here.", action=why[0].upper() + why[1:] + ".")
        kwargs.pop(name, None)
    env: dict[str, Optional[str]] = {}
    for name, variable in (("organization", "OPENAI_ORGANIZATION"), ("project", "OPENAI_PROJECT")):
        if kwargs.get(name) is not None:
            env[variable] = str(kwargs[name])
    return {**kwargs, **owned_arguments(httpx_family())}, env


def owned_arguments(httpx: Any) -> dict[str, Any]:
    """Returns the arguments of an SDK's client with which nothing leaves this process."""
    return {"api_key": PLACEHOLDER_KEY, "base_url": BASE_URL, "websocket_base_url": refused_url(httpx)}


def connect(
    connection: Optional[Connection],
    binary: Optional[str],
    simulate: Any,
    env: Mapping[str, Optional[str]],
) -> Connection:
    """Returns the connection to use; env is for a process that is still to be started."""
    if connection is not None:
        if binary or simulate or env:
            raise ConfigurationError(
                "A connection was given, and so was something that is set when one is made.",
                action="Set binary, simulate, organization and project on the Connection: Connection(binary, simulate=…, env=…).",
            )
        return connection
    return shared(binary, simulate=simulate, env=env)


def OpenAI(  # noqa: N802 - named after the class that it returns
    connection: Optional[Connection] = None,
    *,
    binary: Optional[str] = None,
    simulate: Any = None,
    route: Optional[str] = None,
    on_unsupported: str = "refuse",
    expect_model: bool = False,
    on_evidence: Optional[OnEvidence] = None,
    **kwargs: Any,
) -> "openai.OpenAI":
    """Returns an ``openai.OpenAI`` whose requests go through signalbox.

    connection: by default the one that this process shares. route, on_unsupported,
    expect_model: as in signalbox.transport. Other arguments are the client's own,
    such as timeout and max_retries.
    """
    import openai

    arguments, env = client_arguments(kwargs)
    httpx = httpx_family()
    made = transport(
        httpx,
        connect(connection, binary, simulate, env),
        route=route,
        on_unsupported=on_unsupported,
        expect_model=expect_model,
        on_evidence=on_evidence,
    )
    return openai.OpenAI(**arguments, http_client=httpx.Client(transport=made))


def AsyncOpenAI(  # noqa: N802 - named after the class that it returns
    connection: Optional[Connection] = None,
    *,
    binary: Optional[str] = None,
    simulate: Any = None,
    route: Optional[str] = None,
    on_unsupported: str = "refuse",
    expect_model: bool = False,
    on_evidence: Optional[OnEvidence] = None,
    **kwargs: Any,
) -> "openai.AsyncOpenAI":
    """As OpenAI, for asyncio."""
    import openai

    arguments, env = client_arguments(kwargs)
    httpx = httpx_family()
    made = async_transport(
        httpx,
        connect(connection, binary, simulate, env),
        route=route,
        on_unsupported=on_unsupported,
        expect_model=expect_model,
        on_evidence=on_evidence,
    )
    return openai.AsyncOpenAI(**arguments, http_client=httpx.AsyncClient(transport=made))


__all__ = ["AsyncOpenAI", "BASE_URL", "OpenAI", "PLACEHOLDER_KEY", "Record", "client_arguments", "connect", "httpx_family"]
