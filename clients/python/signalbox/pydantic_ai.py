"""pydantic-ai through signalbox.

    from pydantic_ai import Agent
    from signalbox.pydantic_ai import model

    Agent(model("gpt-5.2-codex")).run_sync("What is 2+2?")
"""

from __future__ import annotations

from typing import Any

from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

from ._frameworks import Setup
from ._options import take_options

__all__ = ["model"]


def model(name: str = "gpt-5.2-codex", **kwargs: Any) -> OpenAIResponsesModel:
    """Returns an OpenAIResponsesModel.

    kwargs are Options and the arguments of OpenAIResponsesModel, such as settings.

    ``signalbox.evidence(response)`` has the evidence of a ModelResponse, such as those
    of ``result.all_messages()``.
    """
    options, kwargs = take_options(kwargs)
    setup = Setup(name, **options)
    return OpenAIResponsesModel(setup.model, provider=OpenAIProvider(openai_client=setup.async_client()), **kwargs)
