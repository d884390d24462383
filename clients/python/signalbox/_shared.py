"""The connection that a program shares."""

from __future__ import annotations

import os
import threading
from typing import Any, Iterable, Mapping, Optional, Union

from .connection import Connection
from .errors import ConfigurationError

# Variables that make a difference to what a process does.
_OURS = ("CODEX_", "CREWAI_", "OPENAI_", "SIGNALBOX_")
_shared: "dict[Any, Connection]" = {}
_lock = threading.Lock()


def shared(
    binary: Optional[str] = None,
    *,
    args: Iterable[str] = (),
    env: Optional[Mapping[str, Optional[str]]] = None,
    simulate: Union[bool, str, None] = None,
) -> Connection:
    """Returns the connection that this process shares: one for each set of arguments
    and of environment variables that signalbox reads."""
    if isinstance(args, str):
        raise ConfigurationError("args is a string.", action="Give a list of flags.")
    arguments = tuple(args)
    environ = tuple(sorted((name, value) for name, value in (env or {}).items()))
    inherited = tuple(sorted((n, v) for n, v in os.environ.items() if n.startswith(_OURS)))
    key = (binary, arguments, environ, simulate, inherited)
    with _lock:
        connection = _shared.get(key)
        if connection is None or connection._closed:
            connection = _shared[key] = Connection(binary, args=arguments, env=env, simulate=simulate)
        return connection


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
