"""Connection: calls, streams, cancels."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import ANSWER, CANARY, QUESTION, children, eventually, running

import signalbox
from signalbox import errors

REQUEST = {"model": "gpt-5.2-codex", "input": QUESTION}


def with_scenario(name: str, **members: Any) -> dict[str, Any]:
    return {**REQUEST, **members, "_meta": {"simulate": name}}


def test_import_needs_the_standard_library_only() -> None:
    code = "import sys, signalbox; third = {m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names) - {'signalbox', '__main__'}; print(sorted(m for m in third if m in ('openai', 'httpx', 'pydantic', 'crewai', 'anyio')))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_call_and_its_errors(box: signalbox.Connection) -> None:
    assert box.call("ping") == {}
    assert box.server["protocolVersion"] == 1
    assert box.status()["state"] == "authenticated"
    assert box.call("routes/resolve", {"model": "gpt-5.2-pro"})["route"] == "platform"
    with pytest.raises(errors.MethodNotFoundError) as raised:
        box.call("auth/state")
    assert raised.value.data["similar"]
    with pytest.raises(errors.InvalidParamsError) as invalid:
        box.call("routes/resolve", {"model": 7})
    assert invalid.value.code == -32602 and invalid.value.data["field"] == "model"


def test_aggregate_carries_evidence(box: signalbox.Connection) -> None:
    result = box.call("responses/create", REQUEST)
    assert result["response"]["output"][-1]["content"][0]["text"] == ANSWER
    evidence = signalbox.evidence(result)
    assert evidence is not None and evidence["effective_model"] == "gpt-5.2-codex" and evidence["route"] == "chatgpt"


def test_stream(box: signalbox.Connection) -> None:
    with box.stream(REQUEST) as stream:
        kinds = [event["type"] for event in stream]
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed"
    assert stream.status == "completed" and stream.usage and stream.usage["total_tokens"] > 0
    assert stream.evidence and stream.evidence["model_match"] is True
    assert stream.response_id and signalbox.evidence(stream) == stream.evidence
    assert box.stream(REQUEST).text() == ANSWER


def test_async(box: signalbox.Connection) -> None:
    async def main() -> None:
        assert await box.acall("ping") == {}
        async with await box.astream(REQUEST) as stream:
            assert await stream.text() == ANSWER
        assert stream.evidence and stream.evidence["route"] == "chatgpt"
        with pytest.raises(errors.RateLimitedError):
            await (await box.astream(with_scenario("rate-limit"))).text()

    asyncio.run(main())
    asyncio.run(main())  # another loop, the same process


@pytest.mark.parametrize(
    ("scenario", "error", "reason"),
    [
        ("rate-limit", errors.RateLimitedError, "requests"),
        ("usage-limit", errors.RateLimitedError, "usage_limit"),
        ("failed", errors.ResponseFailedError, None),
        ("cut", errors.StreamBrokenError, "cut"),
        ("no-terminal", errors.StreamBrokenError, "no_terminal_event"),
        ("context-length", errors.UpstreamRejectedError, "context_length"),
        ("model-not-found", errors.UpstreamRejectedError, "model_unavailable"),
        ("bad-event", errors.StreamBrokenError, "bad_event"),
    ],
)
def test_errors_are_typed(box: signalbox.Connection, scenario: str, error: type[errors.SignalboxError], reason: str | None) -> None:
    for stream in (True, False):
        with pytest.raises(error) as raised:
            if stream:
                box.stream(with_scenario(scenario)).text()
            else:
                box.call("responses/create", with_scenario(scenario))
        assert raised.value.reason == reason
        assert raised.value.action and raised.value.evidence and raised.value.evidence["requested_model"] == "gpt-5.2-codex"
        assert CANARY not in repr(raised.value.data) + str(raised.value)
    assert box.call("responses/create", REQUEST)["status"] == "completed"


def test_unknown_kind_is_known_by_its_code() -> None:
    error = errors.error_from_reply({"code": 1103, "message": "Full.", "data": {"kind": "of_the_future", "action": "Wait."}})
    assert isinstance(error, errors.RateLimitedError) and error.kind == "of_the_future" and str(error) == "Full. Wait."
    assert type(errors.error_from_reply({"code": 4711})) is errors.SignalboxError


def test_errors_survive_pickle() -> None:
    import pickle

    error = errors.error_from_reply({"code": 1001, "message": "No.", "data": {"kind": "login_required", "need": "chatgpt"}})
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.LoginRequiredError and again.data == error.data and str(again) == str(error)


def test_leaving_a_stream_cancels_it(box: signalbox.Connection) -> None:
    with box.stream(with_scenario("idle")) as stream:
        next(stream)
        assert running(box) == 1
    eventually(lambda: running(box) == 0, "the stream was cancelled")
    unread = box.stream(with_scenario("idle"))
    next(unread)
    del unread  # nobody can read it any more
    eventually(lambda: running(box) == 0, "the stream that was dropped was cancelled")


def test_cancel_from_another_thread(box: signalbox.Connection) -> None:
    stream = box.stream(with_scenario("idle"))
    next(stream)
    timer = threading.Timer(0.1, stream.cancel)
    timer.start()
    with pytest.raises(errors.CancelledError):
        for _ in stream:
            pass
    eventually(lambda: running(box) == 0, "the stream was cancelled")
    assert box.call("ping") == {}


def test_silence_ends_a_stream(box: signalbox.Connection) -> None:
    with pytest.raises(errors.TimeoutExpiredError):
        box.stream(with_scenario("idle"), timeout=0.3).text()
    with pytest.raises(errors.TimeoutExpiredError):
        box.call("responses/create", with_scenario("slow-headers"), timeout=0.3)
    eventually(lambda: running(box) == 0, "both were cancelled")


def test_async_task_cancel(box: signalbox.Connection) -> None:
    async def main() -> None:
        task = asyncio.create_task(box.acall("responses/create", with_scenario("slow-headers")))
        while await asyncio.to_thread(running, box) == 0:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    eventually(lambda: running(box) == 0, "the request was cancelled")


def test_a_reader_that_blocks_holds_up_nobody(box: signalbox.Connection) -> None:
    stream = box.stream(REQUEST)
    next(stream)  # and then it does something else for as long as it likes
    for _ in range(20):
        assert box.call("responses/create", REQUEST)["status"] == "completed"
    assert sum(1 for _ in stream) > 10


def test_a_handler_that_blocks_holds_up_nobody() -> None:
    release = threading.Event()
    with signalbox.Connection(simulate=True, on_notification=lambda *_: release.wait(30)) as box:
        box._notified("auth/changed", {})
        assert box.call("ping") == {}
        release.set()


def test_a_stream_above_its_cap_is_cancelled() -> None:
    with signalbox.Connection(simulate=True, stream_cap=2000) as box:
        stream = box.stream(REQUEST)
        eventually(lambda: stream._call.ended, "it overflows")
        with pytest.raises(errors.StreamOverflowError):
            stream.text()
        eventually(lambda: running(box) == 0, "it was cancelled")
        assert box.call("responses/create", REQUEST)["status"] == "completed"  # no events, so no overflow


def test_fifty_calls_at_once_over_one_process(box: signalbox.Connection) -> None:
    box.call("ping")
    before = children()

    def ask(n: int) -> str:
        return box.stream({**REQUEST, "input": f"number {n}"}).text()

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))
    assert answers == [f'You asked: "number {n}"' for n in range(50)]

    async def all_of_them() -> list[str]:
        async def one(n: int) -> str:
            return await (await box.astream({**REQUEST, "input": f"number {n}"})).text()

        return await asyncio.gather(*(one(n) for n in range(50)))

    assert asyncio.run(all_of_them()) == answers
    assert children() == before and box.pid in before


def test_busy() -> None:
    with signalbox.Connection(simulate=True) as box:
        import json

        limit = box.server["capabilities"]["limits"]["maxStreams"]
        body = json.dumps(with_scenario("slow-headers", stream=True)).encode()
        held = [box.begin("responses/create", body) for _ in range(limit)]
        with pytest.raises(errors.BusyError) as raised:
            box.call("responses/create", REQUEST)
        assert raised.value.retryable and raised.value.data["limit"] == limit
        for call in held:
            call.child.cancel(call)
        eventually(lambda: running(box) == 0, "there is room again")
        assert box.call("responses/create", REQUEST)["status"] == "completed"


def test_large_values_pass(box: signalbox.Connection) -> None:
    text = "é😀\u2028\n" * 400_000
    result = box.call("responses/create", {"model": "gpt-5.2-pro", "input": text, "instructions": text})
    assert result["response"]["instructions"] == text
    with pytest.raises(errors.InvalidRequestError) as raised:
        box.call("responses/create", {**REQUEST, "input": "x" * (65 << 20)})
    assert raised.value.reason == "too_large"
    assert box.call("ping") == {}


def test_half_a_surrogate_pair(box: signalbox.Connection) -> None:
    result = box.call("responses/create", {"model": "gpt-5.2-pro", "input": "x", "instructions": "a\ud800b"})
    assert result["response"]["instructions"] in ("a\ud800b", "a\ufffdb")
    with pytest.raises(ValueError):
        box.call("ping", {"x": float("nan")})


def test_a_connection_that_nobody_holds_ends_its_process() -> None:
    box = signalbox.Connection(simulate=True)
    box.call("ping")
    pid = box.pid
    assert pid in children()
    del box
    gc.collect()
    eventually(lambda: pid not in children(), "the process has ended")


def test_one_shared_connection() -> None:
    first, second = signalbox.shared(simulate=True), signalbox.shared(simulate=True)
    assert first is second and first is not signalbox.shared(simulate="slow")
    first.call("ping")
    first.close()
    assert signalbox.shared(simulate=True) is not first


def test_close_ends_what_runs() -> None:
    box = signalbox.Connection(simulate=True)
    stream = box.stream(with_scenario("idle"))
    next(stream)
    pid = box.pid
    timer = threading.Timer(0.1, box.close)
    timer.start()
    with pytest.raises(errors.ConnectionClosedError):
        for _ in stream:
            pass
    timer.join()
    assert pid not in children()
    began = time.monotonic()
    with pytest.raises(errors.ConnectionClosedError):
        box.call("ping")
    box.close()
    assert time.monotonic() - began < 5
