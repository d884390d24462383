"""Real Crews over the real binary."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterator, Optional

import httpx
import openai
import pytest
from conftest import ANSWER, QUESTION, children, eventually, run_python, running

from crewai import LLM, Agent, Crew, Process, Task
from crewai.events import crewai_event_bus
from crewai.events.types.llm_events import LLMStreamChunkEvent, LLMThinkingChunkEvent
from crewai.llms.hooks.base import BaseInterceptor
from crewai.tools import tool
from pydantic import BaseModel

import signalbox
from signalbox.crewai import SignalboxLLM, install
from signalbox.crewai.__main__ import main

CODEX, PRO = "gpt-5.2-codex", "gpt-5.2-pro"
BOTH = [(CODEX, "chatgpt", "codex_auth_json_oauth"), (PRO, "platform", "codex_auth_json_api_key")]


class City(BaseModel):
    name: str
    inhabitants: int


class Calls:
    """A tool that remembers what it was asked."""

    def __init__(self) -> None:
        self.topics: list[str] = []

        @tool("look_up")
        def look_up(topic: str) -> str:
            """Looks a topic up."""
            self.topics.append(topic)
            return "It is large."

        self.tool = look_up


@pytest.fixture
def events() -> Iterator[list[Any]]:
    seen: list[Any] = []
    with crewai_event_bus.scoped_handlers():

        @crewai_event_bus.on(LLMStreamChunkEvent)
        def chunk(source: Any, event: Any) -> None:
            seen.append(event)

        @crewai_event_bus.on(LLMThinkingChunkEvent)
        def thought(source: Any, event: Any) -> None:
            seen.append(event)

        yield seen


def one_agent(llm: Any, *tools: Any, **task: Any) -> Any:
    agent = Agent(role="Clerk", goal="Answer", backstory="Brief.", llm=llm, tools=list(tools), max_retry_limit=0)
    return Crew(agents=[agent], tasks=[Task(description=QUESTION, expected_output="A number.", agent=agent, **task)], memory=False)


@pytest.mark.parametrize(("model", "route", "source"), BOTH)
@pytest.mark.parametrize("stream", [False, True])
def test_two_agents_a_tool_and_a_pydantic_result(box: signalbox.Connection, model: str, route: str, source: str, stream: bool) -> None:
    llm = SignalboxLLM(model, connection=box, stream=stream)
    calls = Calls()
    searcher = Agent(role="Searcher", goal="Find out", backstory="Brief.", llm=llm, tools=[calls.tool])
    writer = Agent(role="Writer", goal="Write it down", backstory="Exact.", llm=llm)
    search = Task(description="Find out about the city.", expected_output="A sentence.", agent=searcher)
    write = Task(description="Write it down.", expected_output="A city.", agent=writer, context=[search], output_pydantic=City)
    result = Crew(agents=[searcher, writer], tasks=[search, write], process=Process.sequential, memory=False).kickoff()
    assert calls.topics == ["example"]
    assert result.pydantic == City(name="example", inhabitants=1)
    assert result.token_usage.total_tokens > 0 and result.token_usage.prompt_tokens > 0
    assert result.token_usage.successful_requests >= 3
    assert llm.last_evidence is not None
    assert (llm.last_evidence["requested_model"], llm.last_evidence["effective_model"]) == (model, model)
    assert (llm.last_evidence["route"], llm.last_evidence["credential_source"]) == (route, source)
    assert running(box) == 0


@pytest.mark.parametrize("stream", [False, True])
def test_text(box: signalbox.Connection, stream: bool) -> None:
    llm = SignalboxLLM(connection=box, stream=stream)
    assert llm.call(QUESTION) == ANSWER
    assert llm.call([{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]) == ANSWER
    usage = llm.get_token_usage_summary()
    assert usage.successful_requests == 2 and usage.reasoning_tokens > 0 and usage.prompt_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", [CODEX, PRO])
def test_async(box: signalbox.Connection, model: str, stream: bool) -> None:
    async def main() -> None:
        llm = SignalboxLLM(model, connection=box, stream=stream)
        assert await llm.acall(QUESTION) == ANSWER
        calls = Calls()
        result = await one_agent(llm, calls.tool, output_pydantic=City).akickoff()
        assert calls.topics == ["example"] and result.pydantic.name == "example"
        assert (await one_agent(llm).kickoff_async()).raw

    asyncio.run(main())


def function(name: str = "look_up") -> Any:
    parameters = {"type": "object", "properties": {"topic": {"type": "string"}}, "required": ["topic"]}
    return {"type": "function", "function": {"name": name, "description": "Looks up.", "parameters": parameters}}


@pytest.mark.parametrize("stream", [False, True])
def test_tool_calls_of_a_single_call(box: signalbox.Connection, stream: bool) -> None:
    llm = SignalboxLLM(connection=box, stream=stream)
    calls = llm.call(QUESTION, tools=[function()])
    assert [(c["name"], json.loads(c["arguments"])) for c in calls] == [("look_up", {"topic": "example"})] and calls[0]["id"]
    done = llm.call(QUESTION, tools=[function()], available_functions={"look_up": lambda topic: f"about {topic}"})
    assert done == "about example"


def test_chunks(box: signalbox.Connection, events: list[Any]) -> None:
    llm = SignalboxLLM(connection=box, stream=True)
    llm.call(QUESTION)
    llm.call(QUESTION, tools=[function()])
    crewai_event_bus.flush()
    text = "".join(e.chunk for e in events if isinstance(e, LLMStreamChunkEvent) and not e.tool_call)
    thoughts = "".join(e.chunk for e in events if isinstance(e, LLMThinkingChunkEvent))
    arguments = "".join(e.chunk for e in events if isinstance(e, LLMStreamChunkEvent) and e.tool_call)
    assert text == ANSWER and "Reading the question" in thoughts and json.loads(arguments) == {"topic": "example"}
    assert {e.tool_call.function.name for e in events if getattr(e, "tool_call", None)} == {"look_up"}
    assert all(e.response_id.startswith("resp_") for e in events)


def test_a_streaming_crew(box: signalbox.Connection) -> None:
    crew = one_agent(SignalboxLLM(connection=box))
    crew.stream = True
    streaming = crew.kickoff()
    text = "".join(chunk.content for chunk in streaming)
    assert text and streaming.result.raw in text


@pytest.mark.parametrize("stream", [False, True])
def test_response_model(box: signalbox.Connection, stream: bool) -> None:
    llm = SignalboxLLM(connection=box, stream=stream)
    assert llm.call("A city.", response_model=City) == City(name="example", inhabitants=1)
    assert SignalboxLLM(connection=box, stream=stream, response_format=City).call("A city.") == '{"name":"example","inhabitants":1}'


def test_stop_words(box: signalbox.Connection) -> None:
    for stream in (False, True):
        llm = SignalboxLLM(connection=box, stop=[" ="], stream=stream)
        assert llm.call(QUESTION) == "2 + 2" and not llm.supports_stop_words()


def test_parameters_are_dropped_and_said(box: signalbox.Connection) -> None:
    tuned: Any = {"temperature": 0.1, "top_p": 0.9, "max_tokens": 100, "seed": 7, "frequency_penalty": 0.1, "metadata": {"a": "b"}, "truncation": "disabled"}
    llm = SignalboxLLM(CODEX, connection=box, **tuned)
    assert llm.call(QUESTION) == ANSWER and llm.last_evidence is not None
    dropped = {a["field"] for a in llm.last_evidence["adjustments"] if a["action"] == "dropped"}
    assert {"temperature", "top_p", "max_output_tokens", "seed", "metadata", "truncation"} <= dropped
    with pytest.raises(openai.BadRequestError) as raised:
        SignalboxLLM(CODEX, connection=box, on_unsupported="refuse", temperature=0.1).call(QUESTION)
    assert raised.value.param == "temperature"
    platform = SignalboxLLM(PRO, connection=box, temperature=0.1)
    platform.call(QUESTION)
    assert platform.last_evidence is not None and platform.last_evidence["adjustments"] == []


def test_context_window(box: signalbox.Connection) -> None:
    assert SignalboxLLM(CODEX, connection=box).get_context_window_size() == int(272_000 * 0.85)
    assert SignalboxLLM(PRO, connection=box).get_context_window_size() == int(400_000 * 0.85)
    assert SignalboxLLM("gpt-9-unknown", connection=box).get_context_window_size() > 0
    assert SignalboxLLM(binary="/no-such-binary").get_context_window_size() > 0  # a question that must not fail
    assert SignalboxLLM(CODEX, connection=box).supports_multimodal()
    assert SignalboxLLM(CODEX, connection=box).supports_function_calling()


def test_too_long_an_input_is_summarized(box: signalbox.Connection) -> None:
    from crewai.utilities.exceptions.context_window_exceeding_exception import LLMContextLengthExceededError

    for stream in (False, True):
        for scenario in ("context-length",):
            llm = SignalboxLLM(connection=box, stream=stream, additional_params={"extra_body": {"_meta": {"simulate": scenario}}})
            with pytest.raises(LLMContextLengthExceededError):
                llm.call(QUESTION)


def test_parallel_agents_over_one_process(box: signalbox.Connection) -> None:
    llm = SignalboxLLM(connection=box, stream=True)
    box.call("ping")
    before = children()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: llm.call(f"number {n}"), range(40)))
    assert answers == [f'You asked: "number {n}"' for n in range(40)]
    agents = [Agent(role=f"Clerk {n}", goal="Answer", backstory="Brief.", llm=llm) for n in range(5)]
    tasks = [Task(description=f"Task {n}.", expected_output="x", agent=agents[n], async_execution=True) for n in range(5)]
    last = Task(description="All together.", expected_output="x", agent=agents[0], context=tasks)
    result = Crew(agents=agents, tasks=[*tasks, last], memory=False).kickoff()
    assert len(result.tasks_output) == 6 and all(output.raw for output in result.tasks_output)
    assert children() == before


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("scenario", "error"),
    [
        ("rate-limit", openai.RateLimitError),
        ("failed", openai.APIError),
        ("cut", openai.APIError),
        ("no-terminal", openai.APIError),
        ("model-not-found", ValueError),  # as CrewAI has it
    ],
)
def test_a_failure_is_never_an_empty_answer(box: signalbox.Connection, scenario: str, error: type[Exception], stream: bool) -> None:
    llm = SignalboxLLM(connection=box, stream=stream, max_retries=0, additional_params={"extra_body": {"_meta": {"simulate": scenario}}})
    # CrewAI tries again after a rate limit, with pauses; not here.
    os.environ["CREWAI_LLM_MAX_RETRIES"] = "0"
    with pytest.raises(error):
        llm._call_responses([{"role": "user", "content": "x"}])
    assert llm.last_evidence is not None and llm.last_evidence["requested_model"] == CODEX
    assert SignalboxLLM(connection=box).call(QUESTION) == ANSWER


def test_not_logged_in() -> None:
    with signalbox.Connection(simulate="logged-out") as box:
        for model in (CODEX, PRO):
            with pytest.raises(openai.AuthenticationError, match="python -m signalbox login"):
                one_agent(SignalboxLLM(model, connection=box)).kickoff()


def test_login_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at a terminal is shown where to log in, and the call goes on."""
    with signalbox.Connection(simulate="logged-out") as box:  # nobody is there to ask
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(openai.AuthenticationError):
            SignalboxLLM(connection=box, login="auto").call(QUESTION)
    for stream in (False, True):
        terminal, ours = os.openpty()
        with signalbox.Connection(simulate="logged-out") as box, open(ours, "r+b", buffering=0) as raw:
            tty = io.TextIOWrapper(raw, write_through=True)
            monkeypatch.setattr(sys, "stdin", tty)
            monkeypatch.setattr(sys, "stderr", tty)
            llm = SignalboxLLM(connection=box, login="auto", stream=stream)
            assert llm.call(QUESTION) == ANSWER
            assert "enter the code" in os.read(terminal, 4096).decode()
            assert box.status()["state"] == "authenticated"
            with pytest.raises(openai.AuthenticationError):  # a key is not had by a device login
                SignalboxLLM(PRO, connection=signalbox.shared(simulate="logged-out"), login="auto").call(QUESTION)
            monkeypatch.undo()
        os.close(terminal)
    with signalbox.Connection(simulate="login-denied") as denied:
        with pytest.raises(signalbox.errors.LoginFailedError):
            denied.login("device", on_prompt=lambda prompt: None)


def test_names() -> None:
    assert SignalboxLLM("openai/gpt-5.2-codex").model == CODEX
    assert SignalboxLLM("signalbox/gpt-5.2-pro").model == PRO
    forced = SignalboxLLM("openai-codex/gpt-5.5", simulate=True)
    assert forced.model == "gpt-5.5" and forced.route == "chatgpt"
    forced.call(QUESTION)
    assert forced.last_evidence is not None and forced.last_evidence["route"] == "chatgpt"
    with pytest.raises(openai.PermissionDeniedError):
        SignalboxLLM("openai-codex/gpt-5.2-pro", simulate=True).call(QUESTION)


@pytest.mark.parametrize(
    "arguments",
    [{"api_key": "sk-x"}, {"base_url": "https://example.com"}, {"organization": "o"}, {"api": "completions"}, {"custom_openai": True}, {"client_params": {"http_client": 1}}],
)
def test_what_is_signalboxs_cannot_be_set(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        SignalboxLLM(**arguments)


def test_a_key_in_the_environment_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-user")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://example.com/v1")
    llm = SignalboxLLM(simulate=True)
    assert "sk-of-the-user" not in repr(llm.model_dump()) and llm.api_key == "signalbox-managed"
    assert llm.call(QUESTION) == ANSWER
    assert str(llm._get_sync_client().base_url).startswith("http://signalbox.invalid/")
    with pytest.raises(openai.NotFoundError, match="A WebSocket is not served"):
        llm._get_sync_client().responses.connect().enter()


def test_a_restored_agent_is_one_of_ours() -> None:
    llm = SignalboxLLM(PRO, simulate=True, temperature=0.5)
    agent = Agent(role="r", goal="g", backstory="b", llm=llm)
    restored = Agent.model_validate_json(agent.model_dump_json(include={"role", "goal", "backstory", "llm"}))
    assert type(restored.llm) is SignalboxLLM and restored.llm.model == PRO and restored.llm.simulate is True
    assert restored.llm.call(QUESTION) == ANSWER


def test_install() -> None:
    done = run_python("""
        from crewai import LLM, Agent
        for name in ("signalbox/gpt-5.2-codex", "openai-codex/gpt-5.5"):
            try: LLM(name); raise SystemExit("without install")
            except ImportError: pass
        from signalbox.crewai import SignalboxLLM, install
        install(); install()
        llm = LLM("openai-codex/gpt-5.5", simulate=True)
        assert type(llm) is SignalboxLLM and llm.model == "gpt-5.5" and llm.route == "chatgpt"
        agent = Agent(role="r", goal="g", backstory="b", llm="signalbox/gpt-5.2-codex")
        assert type(agent.llm) is SignalboxLLM
        again = LLM(**SignalboxLLM("gpt-5.2-pro", simulate=True).to_config_dict())
        assert type(again) is SignalboxLLM and again.model == "gpt-5.2-pro"
        assert type(LLM("gpt-4o", api_key="x")).__name__ == "OpenAICompletion"
        print(llm.call("What is 2+2?"))
    """)
    assert done.stdout.strip().endswith(ANSWER), done.stderr


def test_chaining_by_ids_is_refused_at_once(box: signalbox.Connection) -> None:
    with pytest.raises(signalbox.errors.ConfigurationError, match="auto_chain_reasoning"):
        SignalboxLLM(CODEX, connection=box, auto_chain=True).call(QUESTION)
    platform = SignalboxLLM(PRO, connection=box, auto_chain=True)
    assert platform.call(QUESTION) == ANSWER and platform.last_response_id
    for stream in (False, True):
        reasoning = SignalboxLLM(CODEX, connection=box, auto_chain_reasoning=True, stream=stream)
        assert reasoning.call(QUESTION) == ANSWER and reasoning.last_reasoning_items
        assert reasoning.last_reasoning_items[0].encrypted_content
        assert reasoning.call(QUESTION) == ANSWER


class Watching(BaseInterceptor[httpx.Request, httpx.Response]):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_outbound(self, message: httpx.Request) -> httpx.Request:
        self.seen.append(f"{message.method} {message.url.path}")
        return message

    def on_inbound(self, message: httpx.Response) -> httpx.Response:
        self.seen.append(f"{message.status_code} {message.headers['x-signalbox-route']}")
        return message

    async def aon_outbound(self, message: httpx.Request) -> httpx.Request:
        return self.on_outbound(message)

    async def aon_inbound(self, message: httpx.Response) -> httpx.Response:
        return self.on_inbound(message)


def test_interceptor(box: signalbox.Connection) -> None:
    watching = Watching()
    llm = SignalboxLLM(connection=box, interceptor=watching)
    assert llm.call(QUESTION) == ANSWER and asyncio.run(llm.acall(QUESTION)) == ANSWER
    assert watching.seen == ["POST /v1/responses", "200 chatgpt"] * 2


def test_timeout_and_kill(box: signalbox.Connection) -> None:
    slow: Any = {"extra_body": {"_meta": {"simulate": "slow-headers"}}}
    with pytest.raises(ConnectionError):  # as CrewAI has it
        SignalboxLLM(connection=box, timeout=0.3, max_retries=0, additional_params=slow).call(QUESTION)
    killed = SignalboxLLM(connection=box, stream=True, max_retries=0, additional_params={"extra_body": {"_meta": {"simulate": "slow"}}})

    def kill() -> None:
        eventually(lambda: running(box) == 1, "it runs")
        os.kill(box.pid or 0, 9)

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises((openai.APIError, ConnectionError)):
        killed.call(QUESTION)
    thread.join()
    assert SignalboxLLM(connection=box).call(QUESTION) == ANSWER


def doctor(*models: str, json_: bool = True, **options: Any) -> tuple[int, str]:
    from signalbox.crewai.doctor import MODELS, run

    out = io.StringIO()
    code = run(models or MODELS, binary=None, as_json=json_, out=out, **options)
    return code, out.getvalue()


def test_doctor() -> None:
    code, text = doctor(simulate=True, json_=False)
    assert code == 0 and text.count("**PASS**") == 2 and "`http://127.0.0.1:" in text
    code, text = doctor(simulate="report")
    codex, pro = json.loads(text)["rows"]
    assert code == 1 and codex["status"] == "PASS" and codex["requested_model"] == codex["effective_model"] == CODEX
    assert codex["credential_source"] == "codex_auth_json_oauth" and codex["http_status"] == 200
    assert codex["base_url"].endswith("/backend-api/codex") and codex["api"] == "responses"
    assert pro["status"] == "FAIL" and pro["requested_model"] == PRO and pro["effective_model"] is None
    assert pro["credential_source"] == "unknown" and pro["message"] and pro["category"]
    code, text = doctor(CODEX, simulate="mismatch", json_=False)
    assert code == 1 and "model_mismatch" in text and "effective model: `gpt-5.2`" in text


def test_doctor_as_a_command() -> None:
    arguments = ["-m", "signalbox.crewai", "doctor", "--simulate=report"]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 1, done.stderr
    assert "- `crew.responses.gpt-5.2-codex`: **PASS**" in done.stdout and "- `crew.responses.gpt-5.2-pro`: **FAIL**" in done.stdout
    assert main(["doctor", "--binary=/no-such-binary", CODEX]) == 1


def test_the_llm_is_an_llm_of_crewai() -> None:
    llm: Optional[Any] = SignalboxLLM(simulate=True)
    agent = Agent(role="r", goal="g", backstory="b", llm=llm)
    assert agent.llm is llm and not isinstance(llm, LLM)
    assert install is not None
