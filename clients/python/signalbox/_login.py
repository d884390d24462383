"""A login from Python: the prompt goes to a person, the wait is ours."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

if TYPE_CHECKING:
    from .connection import Connection

Prompt = Callable[[dict[str, Any]], None]

#: What a person can do about a missing login.
COMMAND = "python -m signalbox login --device"


def print_prompt(prompt: dict[str, Any]) -> None:
    """Prints where to go and what to enter on stderr."""
    url = prompt.get("verificationUrlComplete") or prompt.get("verificationUrl") or prompt.get("authUrl")
    print(f"To log in, open {url}", file=sys.stderr)
    if prompt.get("userCode"):
        print(f"and enter the code {prompt['userCode']}", file=sys.stderr)
    sys.stderr.flush()


def login(
    connection: "Connection",
    method: str,
    *,
    on_prompt: Optional[Prompt],
    timeout: float,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    show = on_prompt or print_prompt

    def notified(name: str, params: Any) -> None:
        if name == "auth/loginPrompt" and isinstance(params, dict):
            show(params)

    unsubscribe = connection.subscribe(notified)
    try:
        params = {"method": method, "timeoutMs": int(timeout * 1000), **options}
        # The process ends the login itself; ours is only the last resort.
        result: dict[str, Any] = connection.call("auth/login", params, timeout=timeout + 60)
        return result
    finally:
        unsubscribe()


def can_ask() -> bool:
    """A person sits at this terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
