"""The handshake with a process: is it signalbox, and does it speak our version?"""

from __future__ import annotations

import os
from typing import Any

from ._child import dumps
from ._version import __version__
from .errors import ConnectionLostError, SignalboxError, StartError, VersionMismatchError

PROTOCOL_VERSION = 1
_INSTALL = "Install a signalbox binary that fits this package."


def hello() -> bytes:
    """Returns the params of initialize."""
    return dumps(
        {
            "protocolVersion": PROTOCOL_VERSION,
            "processId": os.getpid(),
            "clientInfo": {"name": "signalbox-python", "version": __version__},
            "capabilities": {},
        }
    )


def checked_handshake(path: str, result: Any) -> dict[str, Any]:
    """Returns the result of initialize; raises VersionMismatchError if that is not
    signalbox, or not our version of the protocol."""
    if not isinstance(result, dict) or (result.get("serverInfo") or {}).get("name") != "signalbox":
        raise VersionMismatchError(f"{path!r} is not signalbox.", action="Correct the path of the binary.")
    if result.get("protocolVersion") != PROTOCOL_VERSION:
        raise VersionMismatchError(
            f"{path!r} speaks version {result.get('protocolVersion')!r} of the protocol, and this package speaks {PROTOCOL_VERSION}.",
            action=_INSTALL,
        )
    return result


def no_handshake(path: str, error: SignalboxError, stderr: str) -> StartError:
    """Returns the error of a process that did not answer; stderr is what it wrote."""
    output = error.data.get("output")
    detail = error.message if isinstance(error, ConnectionLostError) else "It did not answer initialize in time."
    said = stderr.strip()
    cls: type[StartError] = VersionMismatchError if output else StartError
    return cls(
        f"{path!r} did not start as signalbox. {detail}" + (f" It said: {said[-500:]}" if said else ""),
        action="Check the binary and its flags.",
        data=error.data,
    )


def refused_handshake(path: str, error: SignalboxError) -> VersionMismatchError:
    """Returns the error of a process that answered initialize with an error."""
    return VersionMismatchError(
        f"{path!r} does not speak version {PROTOCOL_VERSION} of the protocol: {error.message}", action=_INSTALL, data=error.data
    )
