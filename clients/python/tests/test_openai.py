"""The unmodified OpenAI SDK, sync and async; run with versions 2 and 3."""

from __future__ import annotations

import asyncio
import gc
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from conftest import ANSWER, QUESTION, eventually, running, simulate
from pydantic import BaseModel

import signalbox

CODEX, PRO = "gpt-5.2-codex", "gpt-5.2-pro"
TOOL: Any = {
    "type": "function",
    "name": "look_up",
    "description": "Looks something up.",
    "strict": False,
    "parameters": {"type": "object", "properties": {"topic": {"type": "string"}}, "required": ["topic"]},
}


@pytest.fixture
def client(box: signalbox.Connection) -> openai.OpenAI:
    return signalbox.OpenAI(box)


def proof(source: Any) -> dict[str, Any]:
    found = signalbox.evidence(source)
    assert found is not None
    return found


def test_it_is_the_real_client(client: openai.OpenAI) -> None:
    assert type(client) is openai.OpenAI
    assert type(signalbox.AsyncOpenAI(simulate=True)) is openai.AsyncOpenAI


@pytest.mark.parametrize(("model", "route", "source"), [(CODEX, "chatgpt", "codex_auth_json_oauth"), (PRO, "platform", "codex_auth_json_api_key")])
def test_create(client: openai.OpenAI, model: str, route: str, source: str) -> None:
    answer = client.responses.create(model=model, input=QUESTION)
    assert answer.output_text == ANSWER and answer.status == "completed"
    assert answer.model == model and answer.usage and answer.usage.total_tokens > 0
    evidence = proof(answer)
    assert (evidence["requested_model"], evidence["effective_model"], evidence["route"]) == (model, model, route)
    assert evidence["credential_source"] == source and evidence["status"] == 200
    assert answer._request_id == evidence["upstream_request_id"]


@pytest.mark.parametrize("model", [CODEX, PRO])
def test_stream(client: openai.OpenAI, model: str) -> None:
    stream = client.responses.create(model=model, input=QUESTION, stream=True)
    text, last = "", None
    for last in stream:
        if last.type == "response.output_text.delta":
            text += last.delta
        assert proof(stream)["requested_model"] == model  # from the first event on
    assert text == ANSWER and last is not None and last.type == "response.completed"
    # The ChatGPT backend leaves the output out of its last event.
    assert last.response.output_text == ANSWER and [i.type for i in last.response.output] == ["reasoning", "message"]
    assert proof(stream)["effective_model"] == model and proof(last.response) == proof(stream)


@pytest.mark.parametrize("model", [CODEX, PRO])
def test_stream_helper(client: openai.OpenAI, model: str) -> None:
    with client.responses.stream(model=model, input=QUESTION) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert final.output_text == ANSWER and "response.output_text.delta" in kinds
    assert proof(final)["route"] and proof(stream)["route"]


class City(BaseModel):
    name: str
    inhabitants: int


@pytest.mark.parametrize("model", [CODEX, PRO])
def test_parse(client: openai.OpenAI, model: str) -> None:
    answer = client.responses.parse(model=model, input="A city.", text_format=City)
    assert answer.output_parsed == City(name="example", inhabitants=1)
    with client.responses.stream(model=model, input="A city.", text_format=City) as stream:
        assert stream.get_final_response().output_parsed == City(name="example", inhabitants=1)


@pytest.mark.parametrize("model", [CODEX, PRO])
def test_tools(client: openai.OpenAI, model: str) -> None:
    asked: list[Any] = [{"role": "user", "content": "Look up tea."}]
    first = client.responses.create(model=model, input=asked, tools=[TOOL])
    call = next(item for item in first.output if item.type == "function_call")
    assert call.name == "look_up" and json.loads(call.arguments) == {"topic": "example"}
    asked += [item.model_dump(exclude_none=True) for item in first.output if item.type == "function_call"]
    asked.append({"type": "function_call_output", "call_id": call.call_id, "output": "It is hot."})
    assert client.responses.create(model=model, input=asked, tools=[TOOL]).output_text.startswith("You asked")


def test_raw_response(client: openai.OpenAI) -> None:
    raw = client.responses.with_raw_response.create(model=CODEX, input=QUESTION)
    assert raw.headers["x-signalbox-route"] == "chatgpt" and raw.headers["x-codex-plan-type"] == "plus"
    assert json.loads(raw.headers["x-signalbox-evidence"])["effective_model"] == CODEX
    assert raw.parse().output_text == ANSWER and proof(raw)["route"] == "chatgpt"
    assert "set-cookie" not in raw.headers and "authorization" not in {k.lower() for k in raw.headers}
    with client.responses.with_streaming_response.create(model=CODEX, input=QUESTION, stream=True) as streaming:
        body = b"".join(streaming.iter_bytes())
    assert streaming.headers["content-type"].startswith("text/event-stream")
    assert body.count(b"event: response.completed\ndata: {") == 1 and body.endswith(b"\n\n")


def test_unknown_and_future_members_pass(client: openai.OpenAI) -> None:
    answer = client.responses.create(model=PRO, input=QUESTION, metadata={"k": "v"}, extra_headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    assert answer.metadata == {"k": "v"}
    assert proof(answer)["traceparent"].startswith("00-aaaa")


def test_models(client: openai.OpenAI) -> None:
    listed = {model.id: model for model in client.models.list()}
    assert {CODEX, PRO} <= set(listed)
    assert listed[CODEX].model_extra and {row["route"] for row in listed[CODEX].model_extra["routes"]} == {"chatgpt"}


def test_parameters_are_dropped_on_request_and_said(box: signalbox.Connection) -> None:
    client = signalbox.OpenAI(box, on_unsupported="drop")
    answer = client.responses.create(model=CODEX, input=QUESTION, temperature=0.2, max_output_tokens=100, metadata={"a": "b"}, truncation="disabled")
    dropped = {a["field"] for a in proof(answer)["adjustments"] if a["action"] == "dropped"}
    assert {"temperature", "max_output_tokens", "metadata", "truncation"} <= dropped
    on_platform = client.responses.create(model=PRO, input=QUESTION, temperature=0.2)
    assert on_platform.temperature == 0.2 and proof(on_platform)["adjustments"] == []
    with pytest.raises(openai.BadRequestError) as raised:  # it would be another request without it
        client.responses.create(model=CODEX, input=QUESTION, previous_response_id="resp_1")
    assert raised.value.param == "previous_response_id"


def test_names_of_the_chatgpt_route(client: openai.OpenAI) -> None:
    answer = client.responses.create(model="openai-codex/gpt-5.5", input=QUESTION)
    evidence = proof(answer)
    assert answer.model == "gpt-5.5" and evidence["route"] == "chatgpt"
    assert [a for a in evidence["adjustments"] if a["field"] == "model"]
    with pytest.raises(openai.PermissionDeniedError) as raised:
        client.responses.create(model="openai-codex/gpt-5.2-pro", input=QUESTION)
    assert raised.value.code == "pinned_route"


def test_route_of_the_client(box: signalbox.Connection) -> None:
    client = signalbox.OpenAI(box, route="platform")
    assert proof(client.responses.create(model="gpt-5.5", input=QUESTION))["route"] == "platform"
    own: Any = {"_meta": {"route": "chatgpt"}}  # the call's own word comes first
    assert proof(client.responses.create(model="gpt-5.5", input=QUESTION, extra_body=own))["route"] == "chatgpt"


def test_expected_model(box: signalbox.Connection) -> None:
    client = signalbox.OpenAI(box, expect_model=True)
    assert client.responses.create(model=CODEX, input=QUESTION, **simulate("snapshot")).output_text == ANSWER
    with pytest.raises(openai.InternalServerError) as raised:
        client.responses.create(model=CODEX, input=QUESTION, **simulate("mismatch"))
    assert raised.value.code == "model_mismatch" and proof(raised.value)["model_match"] is False
    tolerant = signalbox.OpenAI(box).responses.create(model=CODEX, input=QUESTION, **simulate("mismatch"))
    assert proof(tolerant)["model_match"] is False


def test_observer(box: signalbox.Connection) -> None:
    seen: list[Any] = []
    client = signalbox.OpenAI(box, on_evidence=lambda record: seen.append(record.evidence))
    client.responses.create(model=CODEX, input=QUESTION)
    list(client.responses.create(model=PRO, input=QUESTION, stream=True))
    with pytest.raises(openai.RateLimitError):
        client.with_options(max_retries=0).responses.create(model=PRO, input=QUESTION, **simulate("rate-limit"))
    assert [(e["route"], e["status"]) for e in seen] == [("chatgpt", 200), ("platform", 200), ("platform", 429)]


def test_closing_a_stream_cancels(box: signalbox.Connection, client: openai.OpenAI) -> None:
    with client.responses.create(model=CODEX, input="x", stream=True, **simulate("idle")) as stream:
        next(iter(stream))
        assert running(box) == 1
    eventually(lambda: running(box) == 0, "it was cancelled")
    for event in client.responses.create(model=CODEX, input="x", stream=True, **simulate("idle")):
        break  # the SDK closes it when its iterator is collected
    gc.collect()
    eventually(lambda: running(box) == 0, "it was cancelled")


def test_async(box: signalbox.Connection) -> None:
    async def main() -> None:
        client = signalbox.AsyncOpenAI(box)
        answer = await client.responses.create(model=CODEX, input=QUESTION)
        assert answer.output_text == ANSWER and proof(answer)["route"] == "chatgpt"
        stream = await client.responses.create(model=CODEX, input=QUESTION, stream=True)
        last = [event async for event in stream][-1]
        assert last.type == "response.completed" and last.response.output_text == ANSWER
        assert proof(stream)["effective_model"] == CODEX
        async with client.responses.stream(model=PRO, input="A city.", text_format=City) as helper:
            assert (await helper.get_final_response()).output_parsed == City(name="example", inhabitants=1)
        assert CODEX in [model.id async for model in await client.models.list()]
        with pytest.raises(openai.NotFoundError):
            await client.chat.completions.create(model=CODEX, messages=[])
        broken = await client.responses.create(model=CODEX, input="x", stream=True, **simulate("cut"))
        with pytest.raises(openai.APIError) as raised:
            async for _ in broken:
                pass
        assert raised.value.code == "cut" and proof(raised.value)["route"] == "chatgpt"
        await client.close()

    asyncio.run(main())


def test_async_cancel(box: signalbox.Connection) -> None:
    async def main() -> None:
        client = signalbox.AsyncOpenAI(box)
        for stream, scenario in ((False, "slow-headers"), (True, "slow-headers"), (True, "idle")):

            async def read() -> None:
                answer: Any = await client.responses.create(model=CODEX, input="x", stream=stream, **simulate(scenario))
                async for _ in answer:
                    pass

            task = asyncio.create_task(read())
            while await asyncio.to_thread(running, box) == 0:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            while await asyncio.to_thread(running, box):
                await asyncio.sleep(0.005)

    asyncio.run(asyncio.wait_for(main(), 60))


def test_fifty_at_once(box: signalbox.Connection, client: openai.OpenAI) -> None:
    def ask(n: int) -> str:
        stream = client.responses.create(model=(CODEX, PRO)[n % 2], input=f"number {n}", stream=True)
        return "".join(e.delta for e in stream if e.type == "response.output_text.delta")

    expected = [f'You asked: "number {n}"' for n in range(50)]
    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(ask, range(50))) == expected

    async def main() -> list[str]:
        many = signalbox.AsyncOpenAI(box)
        answers = await asyncio.gather(*(many.responses.create(model=CODEX, input=f"number {n}") for n in range(50)))
        return [answer.output_text for answer in answers]

    assert asyncio.run(main()) == expected


def test_a_slow_reader_holds_up_nobody(client: openai.OpenAI) -> None:
    slow = iter(client.responses.create(model=CODEX, input=QUESTION, stream=True))
    next(slow)
    for _ in range(10):
        assert client.responses.create(model=CODEX, input=QUESTION).output_text == ANSWER
    assert [event.type for event in slow][-1] == "response.completed"


@pytest.mark.parametrize("argument", ["api_key", "base_url", "http_client", "websocket_base_url"])
def test_what_is_signalboxs_cannot_be_set(argument: str) -> None:
    with pytest.raises(signalbox.errors.ConfigurationError, match=argument) as raised:
        signalbox.OpenAI(**{argument: "x"})
    assert isinstance(raised.value, ValueError)


def test_other_arguments_are_the_clients() -> None:
    client = signalbox.OpenAI(simulate=True, timeout=7, max_retries=5)
    assert client.timeout == 7 and client.max_retries == 5
    with pytest.raises(signalbox.errors.ConfigurationError):
        signalbox.OpenAI(route="nowhere")
