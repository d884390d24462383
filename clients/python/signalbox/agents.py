"""The OpenAI Agents SDK through signalbox.

    from agents import Agent, Runner
    from signalbox.agents import install

    install()
    Runner.run_sync(Agent(name="Clerk", model="gpt-5.2-codex"), "What is 2+2?")

Tracing is switched off: the SDK would post it to OpenAI with a key of its own.
"""

from __future__ import annotations

from typing import Any, Optional

from agents import (
    ModelSettings,
    OpenAIProvider,
    OpenAIResponsesModel,
    RunConfig,
    set_default_openai_api,
    set_default_openai_client,
    set_tracing_disabled,
)

from ._frameworks import INCLUDE, Setup
from .connection import Connection

__all__ = ["install", "model", "run_config", "settings"]


def settings(**kwargs: Any) -> ModelSettings:
    """ModelSettings with which several turns work where nothing is stored."""
    arguments: dict[str, Any] = {"store": False, "response_include": INCLUDE, **kwargs}
    return ModelSettings(**arguments)


def install(
    *,
    connection: Optional[Connection] = None,
    binary: Optional[str] = None,
    simulate: Any = None,
    route: Optional[str] = None,
    on_unsupported: str = "drop",
    expect_model: bool = False,
) -> None:
    """Makes signalbox the client of every agent that has none of its own."""
    setup = Setup("", connection, binary=binary, simulate=simulate, route=route, on_unsupported=on_unsupported, expect_model=expect_model)
    set_default_openai_client(setup.async_client(), use_for_tracing=False)
    set_default_openai_api("responses")
    set_tracing_disabled(True)


def run_config(
    *,
    connection: Optional[Connection] = None,
    binary: Optional[str] = None,
    simulate: Any = None,
    route: Optional[str] = None,
    on_unsupported: str = "drop",
    expect_model: bool = False,
    **kwargs: Any,
) -> RunConfig:
    """A RunConfig for ``Runner.run(…, run_config=…)``: without changing anything
    global."""
    setup = Setup("", connection, binary=binary, simulate=simulate, route=route, on_unsupported=on_unsupported, expect_model=expect_model)
    provider = OpenAIProvider(openai_client=setup.async_client(), use_responses=True)
    arguments: dict[str, Any] = {"model_settings": settings(), "tracing_disabled": True, **kwargs}
    return RunConfig(model_provider=provider, **arguments)


def model(
    name: str = "gpt-5.2-codex",
    *,
    connection: Optional[Connection] = None,
    binary: Optional[str] = None,
    simulate: Any = None,
    route: Optional[str] = None,
    on_unsupported: str = "drop",
    expect_model: bool = False,
) -> OpenAIResponsesModel:
    """A model for ``Agent(model=…)``; give the agent ``settings()``, too.

    ``signalbox.evidence(response)`` has the evidence of a ModelResponse, such as those
    of ``result.raw_responses``.
    """
    setup = Setup(name, connection, binary=binary, simulate=simulate, route=route, on_unsupported=on_unsupported, expect_model=expect_model)
    return OpenAIResponsesModel(model=setup.model, openai_client=setup.async_client())
