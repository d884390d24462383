"""The transports without the SDK: plain httpx, or httpx2."""

from __future__ import annotations

import asyncio
import http.server
import importlib
import json
import threading
from pathlib import Path
from typing import Any

import openai
import pytest
from conftest import ANSWER, QUESTION

import signalbox
from signalbox import _http
from signalbox._clients import httpx_family

BODY: dict[str, Any] = {"model": "gpt-5.2-codex", "input": QUESTION}
URL = "http://signalbox.invalid/v1/responses"


def families() -> list[Any]:
    found = []
    for name in ("httpx", "httpx2"):
        try:
            found.append(importlib.import_module(name))
        except ImportError:
            continue
    return found


@pytest.fixture(params=families(), ids=lambda module: module.__name__)
def httpx(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_the_family_of_the_sdk() -> None:
    assert httpx_family().__name__ == ("httpx" if openai.__version__.startswith("2") else "httpx2")


def test_bytes_of_the_stream(httpx: Any, box: signalbox.Connection) -> None:
    """Events are those of the pipe, byte for byte."""
    client = httpx.Client(transport=signalbox.transport(httpx, box))
    with client.stream("POST", URL, json={**BODY, "stream": True}) as response:
        assert response.status_code == 200 and response.headers["x-signalbox-route"] == "chatgpt"
        body = b"".join(response.iter_raw())
    events = body.split(b"\n\n")[:-1]
    for event in events:
        name, data = event.split(b"\n")
        assert json.loads(data[6:])["type"] == name[7:].decode()
    assert json.loads(events[-1].split(b"\n")[1][6:])["response"]["output"][-1]["content"][0]["text"] == ANSWER
    with box.stream({**BODY, "stream": True, "_meta": {"fillOutput": True}}) as stream:
        assert len(events) == sum(1 for _ in stream)
    assert b'{"type":"response.output_text.delta","sequence_number":' in body  # not written anew


@pytest.mark.parametrize(("end", "status"), [("response.done", "completed"), ("response.done", "incomplete"), ("response.cancelled", "cancelled")])
def test_other_ends(httpx: Any, tmp_path: Path, end: str, status: str) -> None:
    """They end the stream at once, with the output of the items before them and without
    an error of ours behind them."""
    item = {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]}
    response = {"id": "resp_1", "object": "response", "model": "gpt-5.2-pro"}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**response, "status": "in_progress"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": end, "response": {**response, "status": status, "output": []}},
    ]
    over = threading.Event()

    class Upstream(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.wfile.write("".join(f"data: {json.dumps(event)}\n\n" for event in events).encode())
            over.wait(60)  # the socket stays open

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as upstream:
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        env = {"CODEX_HOME": str(tmp_path), "OPENAI_API_KEY": "sk-signalbox-canary", "OPENAI_BASE_URL": f"http://127.0.0.1:{upstream.server_port}/v1"}
        with signalbox.Connection(env=env) as box, httpx.Client(transport=signalbox.transport(httpx, box)) as client:
            answer = client.post(URL, json={"model": "gpt-5.2-pro", "input": QUESTION, "stream": True})
            proof = signalbox.evidence("resp_1")
        over.set()
        upstream.shutdown()
    received = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert received == [*events[:-1], {"type": end, "response": {**response, "status": status, "output": [item]}}]
    assert proof is not None and "response.output" in {a["field"] for a in proof["adjustments"]}


def test_any_base_url_will_do(httpx: Any, box: signalbox.Connection) -> None:
    client = httpx.Client(transport=signalbox.transport(httpx, box))
    for url in (URL, "https://api.openai.com/v1/responses", "https://x/backend-api/codex/responses/"):
        assert client.post(url, json=BODY).json()["status"] == "completed"
    missing = client.get("https://x/v1/files")
    assert missing.status_code == 404 and missing.json()["error"]["code"] == "unsupported_route"
    assert client.get("https://x/v1/responses").status_code == 404
    assert client.request("DELETE", "https://x/v1/responses/resp_1").status_code == 404


def test_a_query_is_said_to_be_ignored(httpx: Any, box: signalbox.Connection) -> None:
    client = httpx.Client(transport=signalbox.transport(httpx, box))
    answer = client.post(URL + "?api-version=7", json=BODY)
    evidence = signalbox.evidence(answer)
    assert evidence is not None and {"query"} <= {a["field"] for a in evidence["adjustments"]}


def test_the_body_is_not_written_anew(httpx: Any, box: signalbox.Connection) -> None:
    """Numbers and escapes reach the Platform as they were spelt."""
    body = b'{ "model":"gpt-5.2-pro", "input":"caf\\u00e9", "metadata":{"big":12345678901234567890123,"f":1.50e+0} }'
    client = httpx.Client(transport=signalbox.transport(httpx, box, on_unsupported="drop"))
    assert client.post(URL, content=body).json()["metadata"]["big"] == 12345678901234567890123
    plan = _http.plan("POST", "/responses", b"", {}, body, _http.Options(on_unsupported="drop"))
    assert isinstance(plan, _http.Create)
    assert plan.params == b'{"_meta":{"onUnsupported":"drop"},' + body[1:]
    streamed = b'{"stream":true,' + body[1:]
    plan = _http.plan("POST", "/responses", b"", {}, streamed, _http.Options())
    assert isinstance(plan, _http.Create)
    assert plan.params == b'{"_meta":{"fillOutput":true},' + streamed[1:]


def test_async(httpx: Any, box: signalbox.Connection) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(transport=signalbox.async_transport(httpx, box)) as client:
            assert (await client.post(URL, json=BODY)).json()["status"] == "completed"
            async with client.stream("POST", URL, json={**BODY, "stream": True}) as response:
                assert [line async for line in response.aiter_lines()][0] == "event: response.created"

    asyncio.run(main())
