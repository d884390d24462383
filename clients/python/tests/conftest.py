"""Everything here runs the real binary and its simulator, over real pipes."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

import signalbox
from signalbox import _shared

# Stands in every fake token of the simulator (internal/testcheck).
CANARY = "signalbox-canary"
QUESTION = "What is 2+2?"
ANSWER = "2 + 2 = 4."


@pytest.fixture(autouse=True)
def no_user_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "CREWAI_OPENAI", "CREWAI_CODEX", "CODEX_")) and name != "OPENAI_AGENTS_DISABLE_TRACING":
            monkeypatch.delenv(name)


@pytest.fixture
def box() -> Iterator[signalbox.Connection]:
    with signalbox.Connection(simulate=True) as connection:
        yield connection


def simulate(scenario: str) -> dict[str, object]:
    """Arguments of create that choose the scenario of one call."""
    return {"extra_body": {"_meta": {"simulate": scenario}}}


def running(box: signalbox.Connection) -> int:
    """Responses that run in the process."""
    streams: int = box.call("server/diagnostics")["inFlight"]["streams"]
    return streams


def eventually(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen: {what}"
        time.sleep(0.005)


def children() -> set[int]:
    """The signalbox processes of this process."""
    if not Path("/proc/self/stat").exists():
        listing = subprocess.run(["ps", "-axo", "pid=,ppid=,stat=,args="], capture_output=True, text=True).stdout
        rows = [line.split(None, 3) for line in listing.splitlines()]
        return {int(r[0]) for r in rows if int(r[1]) == os.getpid() and not r[2].startswith("Z") and "serve" in r[3]}
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has just ended
        if int(parent) == os.getpid() and state != "Z" and b"serve" in command:
            found.add(int(entry.name))
    return found


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie has ended; whoever inherited it has not waited yet.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return sys.platform != "linux"


def run_python(code: str, *, env: dict[str, str] | None = None, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Runs a program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **(env or {})},
    )


def executable(path: Path, text: str) -> str:
    path.write_text(textwrap.dedent(text).lstrip())
    path.chmod(0o755)
    return str(path)


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    for shared in list(_shared._shared.values()):
        shared.close()
    gc.collect()
    eventually(lambda: not children(), "every process has ended")
    import threading

    eventually(
        lambda: not [t for t in threading.enumerate() if t.name.startswith("signalbox-") and t.name != "signalbox-notices"],
        "every thread has ended",
    )
