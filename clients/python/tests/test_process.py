"""The life of the process: finding, starting, losing, forking, ending it."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from conftest import ANSWER, QUESTION, children, eventually, executable, exists, run_python

import signalbox
from signalbox import errors
from signalbox._binary import bundled, find_binary

REQUEST = {"model": "gpt-5.2-codex", "input": QUESTION}
REAL = find_binary()


def test_order_of_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (executable(tmp_path / d / "signalbox", "#!/bin/sh\n") for d in _made(tmp_path, "a", "b", "c"))
    monkeypatch.setenv("SIGNALBOX_BIN", second)
    monkeypatch.setenv("PATH", str(tmp_path / "c") + os.pathsep + os.environ["PATH"])
    assert find_binary(first) == first
    assert find_binary() == second
    monkeypatch.delenv("SIGNALBOX_BIN")
    assert bundled() is None, "the tests run from the sources"
    assert find_binary() == third


def _made(tmp_path: Path, *names: str) -> tuple[str, ...]:
    for name in names:
        (tmp_path / name).mkdir()
    return names


def test_binary_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(errors.BinaryNotFoundError, match="no-such-binary"):
        signalbox.Connection("/no-such-binary").call("ping")
    monkeypatch.setenv("SIGNALBOX_BIN", str(tmp_path))  # a folder
    with pytest.raises(FileNotFoundError, match="SIGNALBOX_BIN"):
        signalbox.Connection().call("ping")
    monkeypatch.delenv("SIGNALBOX_BIN")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.BinaryNotFoundError, match="SIGNALBOX_BIN"):
        signalbox.Connection().call("ping")


ANSWERS_AS = """
    #!{python}
    import json, sys
    length = int(sys.stdin.buffer.readline().split(b":")[1])
    sys.stdin.buffer.readline()
    request = json.loads(sys.stdin.buffer.read(length))
    body = json.dumps({{"jsonrpc": "2.0", "id": request["id"], "result": {result}}}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n%b" % (len(body), body))
    sys.stdout.buffer.flush()
    sys.stdin.buffer.read()
"""


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (ANSWERS_AS.format(python=sys.executable, result='{"protocolVersion": 2, "serverInfo": {"name": "signalbox"}}'), errors.VersionMismatchError, "version 2"),
        (ANSWERS_AS.format(python=sys.executable, result='{"capabilities": {}}'), errors.VersionMismatchError, "not signalbox"),
        ("#!/bin/sh\necho hello\nsleep 10\n", errors.VersionMismatchError, "hello"),
        ("#!/bin/sh\nexec cat\n", errors.VersionMismatchError, "does not speak"),
        ("#!/bin/sh\necho 'out of luck' >&2\nexit 3\n", errors.StartError, "out of luck"),
        ("#!/bin/sh\nkill -9 $$\n", errors.StartError, "SIGKILL"),
        ("#!/no/such/interpreter\n", errors.StartError, "could not be started"),
    ],
)
def test_wrong_binary(tmp_path: Path, script: str, error: type[errors.StartError], words: str) -> None:
    before = children()
    box = signalbox.Connection(executable(tmp_path / "signalbox", script), start_timeout=10)
    with pytest.raises(error, match=words) as raised:
        box.call("ping")
    assert raised.value.action
    box.close()
    assert children() == before


def test_a_bad_flag_is_said() -> None:
    with pytest.raises(errors.StartError, match="no-such-flag"):
        signalbox.Connection(args=["--no-such-flag"], simulate=True).call("ping")


def test_the_next_call_after_a_crash_works(box: signalbox.Connection) -> None:
    stream = box.stream({**REQUEST, "_meta": {"simulate": "slow"}})
    next(stream)
    first = box.pid
    assert first
    os.kill(first, signal.SIGKILL)
    with pytest.raises(errors.ConnectionLostError, match="SIGKILL") as raised:
        for _ in stream:
            pass
    assert isinstance(raised.value, ConnectionError) and raised.value.data["exitCode"] == -9
    assert box.stream(REQUEST).text() == ANSWER
    assert box.pid != first


def test_a_question_without_effect_is_asked_again(box: signalbox.Connection) -> None:
    for _ in range(5):
        box.call("ping")
        os.kill(box.pid or 0, signal.SIGKILL)
        assert box.status()["state"] == "authenticated"


def test_stderr_is_drained(tmp_path: Path) -> None:
    noisy = executable(
        tmp_path / "signalbox",
        f"""
        #!/bin/sh
        (i=0; while [ $i -lt 4000 ]; do echo "line $i of a very long complaint about everything and nothing" >&2; i=$((i+1)); done) &
        exec {REAL} "$@"
        """,
    )
    with signalbox.Connection(noisy, simulate=True) as box:
        box.call("ping")
        child = box._child
        assert child is not None
        eventually(lambda: "line 3999" in child.stderr_tail(), "all of it was read")
        assert len(child._stderr) <= 40
        assert box.stream(REQUEST).text() == ANSWER


def test_own_process_group(box: signalbox.Connection) -> None:
    box.call("ping")
    assert os.getpgid(box.pid or 0) != os.getpgid(0)


def test_ctrl_c(tmp_path: Path) -> None:
    """SIGINT to the whole foreground group, as a terminal sends it: the call ends,
    the process lives, the next call works."""
    code = """
        import os, signal, sys, threading, signalbox
        box = signalbox.Connection(simulate=True)
        box.call("ping"); pid = box.pid
        def interrupt():
            os.killpg(os.getpgid(0), signal.SIGINT)
        for request in ("call", "stream"):
            threading.Timer(0.3, interrupt).start()
            try:
                params = {"model": "gpt-5.2-codex", "input": "x", "_meta": {"simulate": "idle"}}
                if request == "call":
                    box.call("responses/create", params)
                else:
                    with box.stream(params) as stream:
                        for _ in stream: pass
                sys.exit("not interrupted")
            except KeyboardInterrupt:
                pass
            while box.call("server/diagnostics")["inFlight"]["streams"]: pass
            assert box.pid == pid
        print(box.stream({"model": "gpt-5.2-codex", "input": "What is 2+2?"}).text())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=300, start_new_session=True)
    assert done.stdout.strip() == ANSWER, done.stderr


def test_ctrl_c_in_the_sdk() -> None:
    code = """
        import os, signal, threading, signalbox
        client = signalbox.OpenAI(simulate=True)
        box = signalbox.shared(simulate=True)
        box.call("ping")
        responses = client.responses  # imports much, and no signal may interrupt that
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            responses.create(model="gpt-5.2-codex", input="x", extra_body={"_meta": {"simulate": "slow-headers"}})
        except KeyboardInterrupt:
            pass
        while box.call("server/diagnostics")["inFlight"]["streams"]: pass
        print(client.responses.create(model="gpt-5.2-codex", input="What is 2+2?").output_text)
    """
    done = run_python(code)
    assert done.stdout.strip() == ANSWER, done.stderr


@pytest.mark.parametrize("end", ["", "os._exit(0)", "os.kill(os.getpid(), 9)", "raise SystemExit(3)", "1 / 0"])
def test_the_end_of_the_program_is_the_end_of_the_process(end: str) -> None:
    done = run_python(f"""
        import os, signalbox
        box = signalbox.Connection(simulate=True)
        stream = box.stream({{"model": "gpt-5.2-codex", "input": "x", "_meta": {{"simulate": "idle"}}}})
        next(stream)
        print(box.pid, flush=True)
        {end}
    """)
    pid = int(done.stdout)
    eventually(lambda: not exists(pid), "the process has ended", 10)
    assert "Traceback" not in done.stderr or "ZeroDivisionError" in done.stderr


def test_fork(box: signalbox.Connection) -> None:
    done = run_python("""
        import os, sys, threading, warnings, signalbox
        warnings.simplefilter("ignore")
        box = signalbox.Connection(simulate=True)
        request = {"model": "gpt-5.2-codex", "input": "What is 2+2?"}
        assert box.stream(request).text() == "2 + 2 = 4."
        mine = box.pid
        stream = box.stream(request); next(stream)
        read, write = os.pipe()
        forked = os.fork()
        if forked == 0:
            try:
                assert box.pid is None
                assert box.stream(request).text() == "2 + 2 = 4."
                assert box.pid not in (None, mine)
                os.write(write, b"%d" % box.pid)
                box.close()
                os._exit(0)
            except BaseException:
                import traceback; traceback.print_exc()
                os._exit(1)
        _, status = os.waitpid(forked, 0)
        assert status == 0, status
        assert sum(1 for _ in stream) > 10           # the parent's stream goes on
        assert box.pid == mine and box.call("ping") == {}
        # A fork that lives on does not keep the parent's process alive.
        if os.fork() == 0:
            os.close(1); os.close(2)
            import time; time.sleep(60); os._exit(0)
        box.close()
        print(mine, int(os.read(read, 20)))
        os._exit(0)
    """, timeout=300)
    assert done.returncode == 0, done.stderr
    for pid in map(int, done.stdout.split()):
        assert not exists(pid)


def test_multiprocessing_fork_with_the_sdk() -> None:
    done = run_python("""
        import multiprocessing, warnings, signalbox
        warnings.simplefilter("ignore")
        client = signalbox.OpenAI(simulate=True)
        def ask(n):
            return client.responses.create(model="gpt-5.2-codex", input=f"number {n}").output_text
        print(ask(0))
        with multiprocessing.get_context("fork").Pool(3) as pool:
            print(*pool.map(ask, range(1, 7)))
    """)
    assert done.stdout.split("\n")[0] == 'You asked: "number 0"', done.stderr
    assert done.stdout.count("You asked") == 7


def test_nothing_is_left_behind() -> None:
    before_threads, before = threading.active_count(), children()
    for _ in range(5):
        box = signalbox.Connection(simulate=True)
        box.stream(REQUEST).text()
        box.close()
    eventually(lambda: threading.active_count() <= before_threads, "the threads have ended")
    assert children() == before
    open_files = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    for _ in range(5):
        with signalbox.Connection(simulate=True) as again:
            again.call("ping")
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) <= open_files
    began = time.monotonic()
    box = signalbox.Connection(simulate=True)
    box.call("ping")
    box.close()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("end", ["box.close()", ""])
def test_a_refreshed_login_is_saved(end: str, box: signalbox.Connection, tmp_path: Path) -> None:
    """The issuer answers after SIGTERM was sent: at the end of a connection, and at that
    of the program, the process stays until the new login is on disk."""
    auth = json.loads(Path(box.status()["file"]["path"]).read_text())
    tokens = auth["tokens"]
    del tokens["oauth_provenance"]
    stored = tmp_path / "auth.json"
    stored.write_text(json.dumps(auth))
    stored.chmod(0o600)
    asked, answer = threading.Event(), json.dumps({**tokens, "refresh_token": "rt_signalbox-canary.2"}).encode()

    class Issuer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.set()
            time.sleep(4)
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer) as issuer:
        threading.Thread(target=issuer.serve_forever, daemon=True).start()
        code = f"""
            import sys, signalbox
            box = signalbox.Connection()
            box.begin("auth/refresh")
            sys.stdin.readline()
            {end}
        """
        env = {**os.environ, "CODEX_HOME": str(tmp_path), "CODEX_REFRESH_TOKEN_URL_OVERRIDE": f"http://127.0.0.1:{issuer.server_port}/oauth/token"}
        program = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, env=env)
        assert asked.wait(30)
        program.communicate(b"\n", timeout=60)
        assert program.returncode == 0
        eventually(lambda: "rt_signalbox-canary.2" in stored.read_text(), "the login was saved")
        issuer.shutdown()
