"""LlamaIndex through signalbox.

    from signalbox.llama_index import llm

    Settings.llm = llm("gpt-5.2-codex")
"""

from __future__ import annotations

from typing import Any

from llama_index.llms.openai import OpenAIResponses

from ._clients import PLACEHOLDER_KEY
from ._frameworks import INCLUDE, Setup
from ._options import take_options

__all__ = ["llm"]

_FALLBACK_WINDOW = 272_000


def llm(model: str = "gpt-5.2-codex", *, timeout: float = 600.0, max_retries: int = 2, **kwargs: Any) -> OpenAIResponses:
    """Returns an OpenAIResponses, sync and async.

    kwargs are Options and the arguments of OpenAIResponses.

    ``signalbox.evidence(answer)`` has the evidence of a ChatResponse.
    """
    options, kwargs = take_options(kwargs)
    setup = Setup(model, **options)
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
