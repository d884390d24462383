"""What a login needs of a person at the terminal."""

from __future__ import annotations

import sys
from typing import Any

#: What a person can do about a missing login.
COMMAND = "python -m signalbox login --device"


def print_prompt(prompt: dict[str, Any]) -> None:
    """Prints the address to open, and the code to enter, on stderr."""
    url = prompt.get("verificationUrlComplete") or prompt.get("verificationUrl") or prompt.get("authUrl")
    print(f"To log in, open {url}", file=sys.stderr)
    if prompt.get("userCode"):
        print(f"and enter the code {prompt['userCode']}", file=sys.stderr)
    sys.stderr.flush()


def can_ask() -> bool:
    """Reports whether a person sits at this terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
