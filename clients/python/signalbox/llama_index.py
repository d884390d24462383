"""LlamaIndex through signalbox.

    from signalbox.llama_index import llm

    Settings.llm = llm("gpt-5.2-codex")
"""

from __future__ import annotations

from typing import Any, Optional

from llama_index.llms.openai import OpenAIResponses

from ._clients import PLACEHOLDER_KEY
from ._frameworks import INCLUDE, Setup
from .connection import Connection

__all__ = ["llm"]

_FALLBACK_WINDOW = 272_000


def llm(
    model: str = "gpt-5.2-codex",
    *,
    connection: Optional[Connection] = None,
    binary: Optional[str] = None,
    simulate: Any = None,
    route: Optional[str] = None,
    on_unsupported: str = "drop",
    expect_model: bool = False,
    timeout: float = 600.0,
    max_retries: int = 2,
    **kwargs: Any,
) -> OpenAIResponses:
    """An OpenAIResponses, sync and async. kwargs are OpenAIResponses's own.

    ``signalbox.evidence(answer)`` has the evidence of a ChatResponse.
    """
    setup = Setup(model, connection, binary=binary, simulate=simulate, route=route, on_unsupported=on_unsupported, expect_model=expect_model)
    sync, async_ = setup.clients(timeout=timeout, max_retries=max_retries)
    arguments: dict[str, Any] = {"include": INCLUDE, **kwargs}
    if arguments.get("context_window") is None:
        # LlamaIndex has a table of its own, and refuses models that are not in it.
        arguments["context_window"] = setup.context_window(_FALLBACK_WINDOW)
    return OpenAIResponses(
        model=setup.model,
        api_key=PLACEHOLDER_KEY,
        openai_client=sync,
        async_openai_client=async_,
        timeout=timeout,
        max_retries=max_retries,
        **arguments,
    )
