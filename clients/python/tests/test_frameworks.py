"""LangChain, LlamaIndex, the OpenAI Agents SDK and pydantic-ai, the real packages."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from conftest import ANSWER, QUESTION, running
from pydantic import BaseModel

import signalbox
import signalbox.agents
import signalbox.langchain
import signalbox.llama_index
import signalbox.pydantic_ai

CODEX, PRO = "gpt-5.2-codex", "gpt-5.2-pro"
both = pytest.mark.parametrize(("model", "route"), [(CODEX, "chatgpt"), (PRO, "platform")])


class City(BaseModel):
    name: str
    inhabitants: int


def proof(source: Any, route: str) -> dict[str, Any]:
    evidence = signalbox.evidence(source)
    assert evidence is not None and evidence["route"] == route and evidence["status"] == 200
    assert evidence["effective_model"] == evidence["requested_model"]
    return evidence


class TestLangChain:
    @both
    def test_text(self, box: signalbox.Connection, model: str, route: str) -> None:
        chat = signalbox.langchain.chat_model(model, connection=box, max_tokens=100)
        answer = chat.invoke(QUESTION)
        assert answer.text == ANSWER and answer.usage_metadata and answer.usage_metadata["total_tokens"] > 0
        evidence = proof(answer, route)
        dropped = [a["field"] for a in evidence["adjustments"] if a["action"] == "dropped"]
        assert ("max_output_tokens" in dropped) == (route == "chatgpt")
        chunks = list(chat.stream(QUESTION))
        assert "".join(chunk.text for chunk in chunks) == ANSWER and len(chunks) > 3

        async def main() -> None:
            assert (await chat.ainvoke(QUESTION)).text == ANSWER
            assert "".join([chunk.text async for chunk in chat.astream(QUESTION)]) == ANSWER

        asyncio.run(main())

    @both
    def test_tools(self, box: signalbox.Connection, model: str, route: str) -> None:
        from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
        from langchain_core.tools import tool

        @tool
        def look_up(topic: str) -> str:
            """Looks a topic up."""
            return f"about {topic}"

        chat = signalbox.langchain.chat_model(model, connection=box).bind_tools([look_up])
        messages: list[BaseMessage] = [HumanMessage("Look up tea.")]
        first = chat.invoke(messages)
        assert isinstance(first, AIMessage) and [(c["name"], c["args"]) for c in first.tool_calls] == [("look_up", {"topic": "example"})]
        messages += [first, ToolMessage(look_up.invoke(first.tool_calls[0]["args"]), tool_call_id=first.tool_calls[0]["id"])]
        assert chat.invoke(messages).text.startswith("You asked")

    @both
    def test_structured(self, box: signalbox.Connection, model: str, route: str) -> None:
        chat = signalbox.langchain.chat_model(model, connection=box)
        assert chat.with_structured_output(City, method="json_schema").invoke("A city.") == City(name="example", inhabitants=1)
        assert chat.with_structured_output(City, method="function_calling").invoke("A city.") == City(name="example", inhabitants=1)

    def test_errors(self) -> None:
        with signalbox.Connection(simulate="rate-limit") as box:
            with pytest.raises(openai.RateLimitError):
                signalbox.langchain.chat_model(connection=box, max_retries=0).invoke("x")
        with signalbox.Connection(simulate="cut") as box:
            with pytest.raises(openai.APIError):
                list(signalbox.langchain.chat_model(connection=box, max_retries=0).stream("x"))
        with signalbox.Connection(simulate="logged-out") as box:
            with pytest.raises(openai.AuthenticationError, match="signalbox login"):
                signalbox.langchain.chat_model(connection=box).invoke("x")
            with pytest.raises(openai.NotFoundError, match="A WebSocket is not served"):
                signalbox.langchain.chat_model(connection=box).root_client.responses.connect().enter()


class TestLlamaIndex:
    @both
    def test_text(self, box: signalbox.Connection, model: str, route: str) -> None:
        from llama_index.core.llms import ChatMessage

        llm = signalbox.llama_index.llm(model, connection=box)
        answer = llm.chat([ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content=QUESTION)])
        assert answer.message.content == ANSWER
        proof(answer, route)
        assert llm.complete(QUESTION).text == ANSWER
        assert [chunk.message.content for chunk in llm.stream_chat([ChatMessage(role="user", content=QUESTION)])][-1] == ANSWER
        assert llm.metadata.context_window == {CODEX: 272_000, PRO: 400_000}[model]
        assert llm.metadata.is_function_calling_model

        async def main() -> None:
            assert (await llm.acomplete(QUESTION)).text == ANSWER
            stream = await llm.astream_chat([ChatMessage(role="user", content=QUESTION)])
            assert [chunk.message.content async for chunk in stream][-1] == ANSWER

        asyncio.run(main())

    @both
    def test_tools_and_structure(self, box: signalbox.Connection, model: str, route: str) -> None:
        from llama_index.core.tools import FunctionTool

        def look_up(topic: str) -> str:
            """Looks a topic up."""
            return f"about {topic}"

        llm = signalbox.llama_index.llm(model, connection=box)
        done = llm.predict_and_call([FunctionTool.from_defaults(look_up)], user_msg="Look up tea.")
        assert done.response == "about example"
        assert llm.as_structured_llm(City).complete("A city.").raw == City(name="example", inhabitants=1)

    def test_agent(self, box: signalbox.Connection) -> None:
        from llama_index.core.agent.workflow import FunctionAgent

        topics: list[str] = []

        def look_up(topic: str) -> str:
            """Looks a topic up."""
            topics.append(topic)
            return "It is hot."

        async def main() -> str:
            agent = FunctionAgent(tools=[look_up], llm=signalbox.llama_index.llm(connection=box), system_prompt="Brief.")
            return str(await agent.run("Look up tea."))

        assert asyncio.run(main()).startswith("You asked") and topics == ["example"]


class TestAgents:
    @both
    def test_run(self, box: signalbox.Connection, model: str, route: str) -> None:
        from agents import Agent, Runner, function_tool

        topics: list[str] = []

        @function_tool
        def look_up(topic: str) -> str:
            """Looks a topic up."""
            topics.append(topic)
            return "It is hot."

        agent = Agent(name="Clerk", instructions="Brief.", tools=[look_up], model=model)
        result = Runner.run_sync(agent, "Look up tea.", run_config=signalbox.agents.run_config(connection=box))
        assert result.final_output.startswith("You asked") and topics == ["example"]
        assert len(result.raw_responses) == 2
        for response in result.raw_responses:
            proof(response, route)

        typed = Agent(name="Clerk", output_type=City, model=signalbox.agents.model(model, connection=box), model_settings=signalbox.agents.settings())
        assert Runner.run_sync(typed, "A city.").final_output == City(name="example", inhabitants=1)

    def test_stream_and_install(self, box: signalbox.Connection) -> None:
        from agents import Agent, Runner

        signalbox.agents.install(connection=box)

        async def main() -> None:
            agent = Agent(name="Clerk", instructions="Brief.", model=CODEX)
            streamed = Runner.run_streamed(agent, QUESTION)
            text = ""
            async for event in streamed.stream_events():
                if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                    text += event.data.delta
            assert text == streamed.final_output == ANSWER
            proof(streamed.raw_responses[0], "chatgpt")
            assert (await Runner.run(agent, QUESTION)).final_output == ANSWER

        asyncio.run(main())

    def test_errors(self) -> None:
        from agents import Agent, Runner

        with signalbox.Connection(simulate="failed") as box:
            with pytest.raises(openai.APIError):
                Runner.run_sync(Agent(name="Clerk", model=CODEX), "x", run_config=signalbox.agents.run_config(connection=box))


class TestPydanticAI:
    @both
    def test_run(self, box: signalbox.Connection, model: str, route: str) -> None:
        from pydantic_ai import Agent
        from pydantic_ai.messages import ModelResponse

        agent = Agent(signalbox.pydantic_ai.model(model, connection=box), model_settings={"temperature": 0.5})
        topics: list[str] = []

        @agent.tool_plain
        def look_up(topic: str) -> str:
            """Looks a topic up."""
            topics.append(topic)
            return "It is hot."

        result = agent.run_sync("Look up tea.")
        assert result.output.startswith("You asked") and topics == ["example"]
        answers = [m for m in result.all_messages() if isinstance(m, ModelResponse)]
        assert len(answers) == 2 and all(proof(answer, route) for answer in answers)
        assert result.usage.total_tokens > 0

    @both
    def test_stream_and_structure(self, box: signalbox.Connection, model: str, route: str) -> None:
        from pydantic_ai import Agent, NativeOutput

        made = signalbox.pydantic_ai.model(model, connection=box)

        async def main() -> None:
            async with Agent(made).run_stream(QUESTION) as stream:
                assert "".join([part async for part in stream.stream_text(delta=True)]) == ANSWER
            assert (await Agent(made, output_type=City).run("A city.")).output == City(name="example", inhabitants=1)
            assert (await Agent(made, output_type=NativeOutput(City)).run("A city.")).output.name == "example"

        asyncio.run(main())
        assert running(box) == 0


def test_names_of_the_chatgpt_route(box: signalbox.Connection) -> None:
    chat = signalbox.langchain.chat_model("openai-codex/gpt-5.5", connection=box)
    evidence = signalbox.evidence(chat.invoke(QUESTION))
    assert evidence is not None and evidence["route"] == "chatgpt" and evidence["requested_model"] == "gpt-5.5"
