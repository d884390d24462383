"""pydantic-ai through signalbox.

    from pydantic_ai import Agent
    from signalbox.pydantic_ai import model

    Agent(model("gpt-5.2-codex")).run_sync("What is 2+2?")
"""

from __future__ import annotations

from typing import Any, Optional

from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

from ._frameworks import Setup
from .connection import Connection

__all__ = ["model"]


def model(
    name: str = "gpt-5.2-codex",
    *,
    connection: Optional[Connection] = None,
    binary: Optional[str] = None,
    simulate: Any = None,
    route: Optional[str] = None,
    on_unsupported: str = "drop",
    expect_model: bool = False,
    **kwargs: Any,
) -> OpenAIResponsesModel:
    """An OpenAIResponsesModel. kwargs are its own, such as settings and profile.

    ``signalbox.evidence(response)`` has the evidence of a ModelResponse, such as those
    of ``result.all_messages()``.
    """
    setup = Setup(name, connection, binary=binary, simulate=simulate, route=route, on_unsupported=on_unsupported, expect_model=expect_model)
    return OpenAIResponsesModel(setup.model, provider=OpenAIProvider(openai_client=setup.async_client()), **kwargs)
