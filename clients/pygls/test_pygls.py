"""pygls' client, as language tools in Python use it, with a real signalbox.

Run by `make test-clients`, in a virtual environment with requirements.txt.
"""
import asyncio
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import typing
import unittest

from pygls.client import JsonRPCClient
from pygls.exceptions import JsonRpcException

BINARY = os.environ.get("SIGNALBOX_BIN") or str(pathlib.Path(__file__).resolve().parents[2] / "signalbox")
CODEX = {"model": "gpt-5.2-codex", "input": "What is 2+2?", "stream": True}
NOTIFICATIONS = ["responses/started", "responses/event", "responses/completed",
                 "auth/loginPrompt", "auth/changed", "auth/loginCompleted"]


class Host(JsonRPCClient):
    """A client that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: typing.List[typing.Tuple[str, typing.Any]] = []
        self.problems: typing.List[Exception] = []
        self.news = asyncio.Event()
        for name in NOTIFICATIONS:
            self.feature(name)(self.keeper(name))

    def keeper(self, name: str) -> typing.Callable[[typing.Any], None]:
        def keep(params: typing.Any) -> None:
            self.seen.append((name, params))
            self.news.set()
        return keep

    def report_server_error(self, error, source) -> None:
        self.problems.append(error)

    def call(self, method: str, params: typing.Any = None, msg_id=None):
        return asyncio.wait_for(self.protocol.send_request_async(method, params, msg_id), 30)

    async def until(self, name: str) -> None:
        while all(seen != name for seen, _ in self.seen):
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 30)


class PyglsTest(unittest.IsolatedAsyncioTestCase):
    async def open(self, scenario: str = "") -> Host:
        host = Host()
        await host.start_io(BINARY, "serve", f"--simulate={scenario}" if scenario else "--simulate")
        self.hello = await host.call("initialize", {
            "processId": os.getpid(), "clientInfo": {"name": "pygls", "version": "2"}, "capabilities": {}})
        host.protocol.notify("initialized", {})
        self.addAsyncCleanup(self.close, host)
        return host

    async def close(self, host: Host) -> None:
        self.assertIsNone(await host.call("shutdown"))
        host.protocol.notify("exit")
        await asyncio.wait_for(host.stop(), 30)
        self.assertEqual(host._server.returncode, 0)
        self.assertEqual(host.problems, [])

    async def test_status(self) -> None:
        host = await self.open()
        self.assertEqual(self.hello.capabilities.framing, "lsp")
        status = await host.call("auth/status", {})
        self.assertEqual(status.state, "authenticated")

    async def test_stream(self) -> None:
        host = await self.open()
        result = await host.call("responses/create", CODEX)
        self.assertEqual(result.status, "completed")
        self.assertEqual(result.evidence.effective_model, "gpt-5.2-codex")
        names = [name for name, _ in host.seen]
        self.assertEqual(names[0], "responses/started")
        self.assertEqual(names[-1], "responses/completed")
        self.assertEqual([params.seq for _, params in host.seen], list(range(len(names))))
        events = [params.event for name, params in host.seen if name == "responses/event"]
        text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
        self.assertEqual(text, "2 + 2 = 4.")

    async def test_cancel(self) -> None:
        host = await self.open("slow")
        answer = asyncio.ensure_future(host.call("responses/create", CODEX, "a-request"))
        await host.until("responses/started")
        host.protocol.notify("$/cancelRequest", {"id": "a-request"})
        with self.assertRaises(JsonRpcException) as caught:
            await answer
        self.assertEqual(caught.exception.code, -32800)
        self.assertEqual(host.seen[-1][0], "responses/completed")
        self.assertEqual(host.seen[-1][1].status, "cancelled")

    async def test_failure(self) -> None:
        host = await self.open("usage-limit")
        with self.assertRaises(JsonRpcException) as caught:
            await host.call("responses/create", CODEX)
        self.assertEqual(caught.exception.code, 1103)
        self.assertEqual(caught.exception.data["kind"], "rate_limited")

    async def test_login(self) -> None:
        host = await self.open("logged-out")
        result = await host.call("auth/login", {"method": "device"})
        self.assertEqual(result.status, "succeeded")
        self.assertEqual([name for name, _ in host.seen], ["auth/loginPrompt", "auth/changed", "auth/loginCompleted"])
        self.assertRegex(host.seen[0][1].userCode, r"^\w{4}-\w+$")
        self.assertEqual(result.auth.state, "authenticated")

    def test_readme(self) -> None:
        """The snippet as it stands; the signalbox on the PATH has the simulator in
        place of OpenAI."""
        readme = pathlib.Path(__file__).with_name("README.md").read_text()
        (snippet,) = re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
        with tempfile.TemporaryDirectory() as folder:
            simulated = pathlib.Path(folder) / "signalbox"
            simulated.write_text(f'#!/bin/sh\nexec "{BINARY}" "$@" --simulate\n')
            simulated.chmod(0o755)
            env = {**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"]}
            done = subprocess.run([sys.executable, "-c", snippet], capture_output=True, text=True, timeout=60, env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "2 + 2 = 4.\ngpt-5.2-codex over chatgpt\n")


if __name__ == "__main__":
    unittest.main()
