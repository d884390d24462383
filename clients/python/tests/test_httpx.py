"""The transports without the SDK: plain httpx, or httpx2."""

from __future__ import annotations

import asyncio
import importlib
import json
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
