"""The OpenAI Agents SDK through signalbox.

    from agents import Agent, Runner
    from signalbox.agents import install

    install()
    Runner.run_sync(Agent(name="Clerk", model="gpt-5.2-codex"), "What is 2+2?")

Tracing is switched off: the SDK would post it to OpenAI with a key of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from ._options import Options, take_options

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["install", "model", "run_config", "settings"]


def settings(**kwargs: Any) -> ModelSettings:
    """ModelSettings with which several turns work where nothing is stored."""
    arguments: dict[str, Any] = {"store": False, "response_include": INCLUDE, **kwargs}
    return ModelSettings(**arguments)


def install(**options: Unpack[Options]) -> None:
    """Makes signalbox the client of every agent that has none of its own."""
    setup = Setup("", **options)
    set_default_openai_client(setup.async_client(), use_for_tracing=False)
    set_default_openai_api("responses")
    set_tracing_disabled(True)


def run_config(**kwargs: Any) -> RunConfig:
    """Returns a RunConfig for ``Runner.run(…, run_config=…)``; nothing global changes.

    kwargs are Options and the arguments of RunConfig.
    """
    options, kwargs = take_options(kwargs)
    setup = Setup("", **options)
    provider = OpenAIProvider(openai_client=setup.async_client(), use_responses=True)
    arguments: dict[str, Any] = {"model_settings": settings(), "tracing_disabled": True, **kwargs}
    return RunConfig(model_provider=provider, **arguments)


def model(name: str = "gpt-5.2-codex", **options: Unpack[Options]) -> OpenAIResponsesModel:
    """Returns a model for ``Agent(model=…)``; the agent also needs ``settings()``.

    ``signalbox.evidence(response)`` has the evidence of a ModelResponse, such as those
    of ``result.raw_responses``.
    """
    setup = Setup(name, **options)
    return OpenAIResponsesModel(model=setup.model, openai_client=setup.async_client())
