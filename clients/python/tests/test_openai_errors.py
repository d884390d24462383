"""Every way a call can end badly is the SDK's own exception, and the next call works."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from typing import Any, Iterator

import openai
import pytest
from conftest import ANSWER, CANARY, QUESTION, eventually, executable, running, simulate

import signalbox

CODEX, PRO = "gpt-5.2-codex", "gpt-5.2-pro"


@pytest.fixture
def client(box: signalbox.Connection) -> Iterator[openai.OpenAI]:
    yield signalbox.OpenAI(box, max_retries=0)
    assert signalbox.OpenAI(box).responses.create(model=CODEX, input=QUESTION).output_text == ANSWER, "the next call works"


# What a status other than 2xx becomes, streamed or not.
REFUSED = [
    ("rate-limit", openai.RateLimitError, "rate_limit_exceeded"),
    ("usage-limit", openai.RateLimitError, "usage_limit"),
    ("quota", openai.RateLimitError, "insufficient_quota"),
    ("context-length", openai.BadRequestError, "context_length_exceeded"),
    ("invalid-prompt", openai.BadRequestError, "invalid_prompt"),
    ("bad-request", openai.BadRequestError, None),
    ("forbidden", openai.PermissionDeniedError, None),
    ("model-not-found", openai.NotFoundError, None),
    ("unauthorized", openai.AuthenticationError, None),
    ("redirect", openai.InternalServerError, "redirect"),
]


@pytest.mark.parametrize(("scenario", "error", "code"), REFUSED)
@pytest.mark.parametrize("stream", [False, True])
def test_refused(client: openai.OpenAI, scenario: str, error: type[openai.APIStatusError], code: str | None, stream: bool) -> None:
    with pytest.raises(error) as raised:
        client.responses.create(model=CODEX, input="x", stream=stream, **simulate(scenario))
    _check(raised.value, code)
    assert raised.value.status_code == error.status_code if hasattr(error, "status_code") else raised.value.status_code >= 500


def _check(raised: openai.APIError, code: str | None) -> None:
    if code is not None:
        assert raised.code == code
    assert raised.message and CANARY not in str(raised) + repr(raised.body)
    evidence = signalbox.evidence(raised)
    assert evidence is not None and evidence["requested_model"] == CODEX


# What happens after the stream has begun: an exception of the SDK in the iteration.
BROKEN = [
    ("failed", "server_error"),
    ("error-event", "server_error"),
    ("cut", "cut"),
    ("not-sse", "not_sse"),
    ("no-terminal", "no_terminal_event"),
    ("bad-event", "bad_event"),
    ("too-large", "too_large"),
]


@pytest.mark.parametrize(("scenario", "code"), BROKEN)
@pytest.mark.parametrize("stream", [False, True])
def test_broken(client: openai.OpenAI, scenario: str, code: str, stream: bool) -> None:
    """Never an empty answer: a failed response is an error of the SDK."""
    with pytest.raises(openai.APIError) as raised:
        for _ in _reading(client.responses.create(model=CODEX, input="x", stream=stream, **simulate(scenario))):
            pass
    _check(raised.value, code)


def _reading(answer: Any) -> Any:
    return answer if isinstance(answer, openai.Stream) else []


def test_incomplete_is_no_error(client: openai.OpenAI) -> None:
    answer = client.responses.create(model=CODEX, input=QUESTION, **simulate("incomplete"))
    assert answer.status == "incomplete" and answer.incomplete_details and answer.output_text
    last = list(client.responses.create(model=CODEX, input=QUESTION, stream=True, **simulate("incomplete")))[-1]
    assert last.type == "response.incomplete" and last.response.output_text == answer.output_text


def test_who_retries(box: signalbox.Connection) -> None:
    """signalbox has spent its retries on a 5xx; a limit of requests is the client's."""
    client = signalbox.OpenAI(box, max_retries=2)
    with pytest.raises(openai.InternalServerError) as overloaded:
        client.responses.create(model=CODEX, input="x", **simulate("overloaded"))
    assert overloaded.value.response.headers["x-should-retry"] == "false"
    evidence = signalbox.evidence(overloaded.value)
    assert evidence is not None and len(evidence["attempts"]) == 5  # of one request

    with pytest.raises(openai.RateLimitError) as limited:
        client.with_options(max_retries=0).responses.create(model=CODEX, input="x", **simulate("rate-limit"))
    headers = limited.value.response.headers
    assert headers["x-should-retry"] == "true" and headers["retry-after-ms"] == "2000" and headers["retry-after"] == "2"
    assert headers["x-ratelimit-limit-requests"] == "5000"
    began = time.monotonic()
    with pytest.raises(openai.RateLimitError):
        client.with_options(max_retries=1).responses.create(model=CODEX, input="x", **simulate("rate-limit"))
    assert time.monotonic() - began >= 1.9  # the SDK waited as it was told, and asked once more

    with pytest.raises(openai.RateLimitError) as used:
        client.responses.create(model=CODEX, input="x", **simulate("usage-limit"))
    assert used.value.response.headers["x-should-retry"] == "false"


def test_refused_parameter(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.responses.create(model=CODEX, input="x", temperature=0.1)
    assert raised.value.param == "temperature" and raised.value.code == "unsupported_parameter"
    assert 'Remove "temperature"' in raised.value.message


def test_unserved_routes(client: openai.OpenAI) -> None:
    calls = [
        lambda: client.chat.completions.create(model=CODEX, messages=[]),
        lambda: client.embeddings.create(model=CODEX, input="x"),
        lambda: client.responses.retrieve("resp_1"),
        lambda: client.responses.cancel("resp_1"),
        lambda: client.models.retrieve(CODEX),
        lambda: client.files.list(),
    ]
    for call in calls:
        with pytest.raises(openai.NotFoundError) as raised:
            call()  # type: ignore[no-untyped-call]
        assert raised.value.code == "unsupported_route" and "is not served" in str(raised.value)


def websockets(client: Any) -> list[Any]:
    """Every way of the SDK to open a WebSocket, in versions 2 and 3."""
    copied = client.with_options(timeout=5)
    ways = [client.responses.connect(), copied.responses.connect(), client.realtime.connect(model=CODEX), client.beta.realtime.connect(model=CODEX)]
    if hasattr(client.beta, "responses"):
        ways.append(client.beta.responses.connect())
    if hasattr(client.realtime, "translations"):
        ways.append(client.realtime.translations.connect(model=CODEX))
    return ways


def refused(raised: "pytest.ExceptionInfo[openai.NotFoundError]") -> None:
    assert raised.value.code == "unsupported_route" and raised.value.status_code == 404
    assert "A WebSocket is not served by signalbox; POST /responses and GET /models are." in str(raised.value)


def test_websockets_are_refused_before_any_socket(monkeypatch: pytest.MonkeyPatch, box: signalbox.Connection, client: openai.OpenAI) -> None:
    touched: list[Any] = []

    async def main() -> None:
        for way in websockets(signalbox.AsyncOpenAI(box)):
            with pytest.raises(openai.NotFoundError) as raised:
                await way.enter()
            refused(raised)
        for way in websockets(client):
            with pytest.raises(openai.NotFoundError) as raised:
                way.enter()
            refused(raised)

    loop = asyncio.new_event_loop()
    with monkeypatch.context() as patched:
        for name in ("getaddrinfo", "socket", "create_connection"):
            patched.setattr(socket, name, lambda *args, **kwargs: touched.append(args))
        loop.run_until_complete(main())
    loop.close()
    assert touched == []


def test_background_is_refused(client: openai.OpenAI) -> None:
    for model in (CODEX, PRO):
        with pytest.raises(openai.BadRequestError) as raised:
            client.responses.create(model=model, input="x", background=True)
        assert raised.value.param == "background"


@pytest.mark.parametrize("stream", [False, True])
def test_not_logged_in(stream: bool) -> None:
    with signalbox.Connection(simulate="logged-out") as box:
        for model in (CODEX, PRO):
            with pytest.raises(openai.AuthenticationError) as raised:
                signalbox.OpenAI(box).responses.create(model=model, input="x", stream=stream)
            assert raised.value.code == "no_credentials" and raised.value.type == "login_required"
            assert "python -m signalbox login" in str(raised.value)


def test_report_state() -> None:
    """The state of the validation report: codex works, and pro says why it does not."""
    with signalbox.Connection(simulate="report") as box:
        client = signalbox.OpenAI(box)
        assert client.responses.create(model=CODEX, input=QUESTION).output_text == ANSWER
        with pytest.raises((openai.AuthenticationError, openai.PermissionDeniedError)) as raised:
            client.responses.create(model=PRO, input=QUESTION)
        evidence = signalbox.evidence(raised.value)
        assert evidence is not None and evidence["requested_model"] == PRO and evidence["effective_model"] is None


def test_timeouts(box: signalbox.Connection, client: openai.OpenAI) -> None:
    for stream in (False, True):
        with pytest.raises(openai.APITimeoutError):
            client.responses.create(model=CODEX, input="x", stream=stream, timeout=0.3, **simulate("slow-headers"))
    stream_ = client.responses.create(model=CODEX, input="x", stream=True, timeout=0.3, **simulate("idle"))
    with pytest.raises(openai.APITimeoutError) as raised:
        for _ in stream_:
            pass
    family = type(client._client).__module__.split(".")[0]
    import importlib

    # Version 2 passes on what httpx raises between two events; version 3 makes its own of it.
    timeout = importlib.import_module(family).ReadTimeout
    assert isinstance(raised.value, timeout) or isinstance(raised.value.__cause__, timeout)
    assert signalbox.evidence(raised.value) is not None
    eventually(lambda: running(box) == 0, "all of them were cancelled")
    # A slow stream is not a silent one.
    slow = list(client.responses.create(model=CODEX, input=QUESTION, stream=True, timeout=1, **simulate("slow")))
    assert slow[-1].type == "response.completed"


def test_killed_in_mid_stream(box: signalbox.Connection, client: openai.OpenAI) -> None:
    stream = client.responses.create(model=CODEX, input="x", stream=True, **simulate("slow"))
    next(iter(stream))
    pid = box.pid
    os.kill(pid or 0, signal.SIGKILL)
    with pytest.raises(openai.APIError) as raised:
        for _ in stream:
            pass
    assert raised.value.code == "connection_lost" and "SIGKILL" in raised.value.message


def test_killed_before_the_answer(box: signalbox.Connection, client: openai.OpenAI) -> None:
    def kill() -> None:
        eventually(lambda: running(box) == 1, "it runs")
        os.kill(box.pid or 0, signal.SIGKILL)

    for stream in (False, True):
        box.call("ping")
        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(openai.APIConnectionError):
            client.responses.create(model=CODEX, input="x", stream=stream, **simulate("slow-headers"))
        killer.join()


def test_binary_missing_or_wrong(tmp_path: Any) -> None:
    began = time.monotonic()
    with pytest.raises(openai.APIConnectionError, match="no-such") as raised:
        signalbox.OpenAI(binary="/no-such-signalbox").responses.create(model=CODEX, input="x")
    assert isinstance(raised.value.__cause__, signalbox.errors.BinaryNotFoundError)
    with pytest.raises(openai.APIConnectionError, match="did not start"):
        signalbox.OpenAI(binary=executable(tmp_path / "box", "#!/bin/sh\nexit 1\n")).responses.create(model=CODEX, input="x", stream=True)
    assert time.monotonic() - began < 5, "it is not tried again"


def test_busy(box: signalbox.Connection, client: openai.OpenAI) -> None:
    limit = box.server["capabilities"]["limits"]["maxStreams"]
    body = b'{"model":"gpt-5.2-codex","input":"x","stream":true,"_meta":{"simulate":"slow-headers"}}'
    held = [box.begin("responses/create", body) for _ in range(limit)]
    with pytest.raises(openai.InternalServerError) as raised:
        client.responses.create(model=CODEX, input="x")
    assert raised.value.status_code == 503 and raised.value.type == "busy"
    assert raised.value.response.headers["x-should-retry"] == "true"

    def release() -> None:
        for call in held:
            call.child.cancel(call)

    threading.Timer(0.2, release).start()
    patient = client.with_options(max_retries=8)
    assert patient.responses.create(model=CODEX, input=QUESTION).output_text == ANSWER


def test_cancelled_from_another_thread(box: signalbox.Connection, client: openai.OpenAI) -> None:
    stream = client.responses.create(model=CODEX, input="x", stream=True, **simulate("idle"))
    threading.Timer(0.2, stream.close).start()
    with pytest.raises(openai.APIError) as raised:
        for _ in stream:
            pass
    assert raised.value.code == "cancelled"
    eventually(lambda: running(box) == 0, "it was cancelled")


def test_overflow() -> None:
    with signalbox.Connection(simulate=True, stream_cap=4000) as box:
        client = signalbox.OpenAI(box)
        stream = client.responses.create(model=CODEX, input=QUESTION, stream=True)
        eventually(lambda: running(box) == 0, "it has ended")
        with pytest.raises(openai.APIError) as raised:
            for _ in stream:
                pass
        assert raised.value.code == "stream_overflow"


ODD = [
    '{"model":"gpt-5.2-pro"}'.encode("utf-16"),
    b'\xef\xbb\xbf{"model":"gpt-5.2-pro"}',
    b'{"model":"gpt-5.2-pro","input":"\xff"}',
    b'{"model":"gpt-5.2-pro","temperature":NaN}',
    b'{"model":"gpt-5.2-pro","model":"gpt-5.2-codex"}',
    b'{"model":"gpt-5.2-pro","input":' + b"[" * 600 + b"]" * 600 + b"}",
    b'{"model":"gpt-5.2-pro","input":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]


def test_bodies_that_are_none(client: openai.OpenAI) -> None:
    for body in (b"", b"[]", b"{", b'{"model":"gpt-5.2-codex","_meta":7}', b'{"model":5}', b"{}", b'{"_meta":{}}', b'{"model":"x","_meta":{"route":"moon"}}', *ODD):
        raw = client._client.post("http://signalbox.invalid/v1/responses", content=body, headers={"content-type": "application/json"})
        assert raw.status_code == 400 and raw.json()["error"]["message"]
