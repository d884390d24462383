"""LangChain and LangGraph through signalbox.

    from signalbox.langchain import chat_model

    model = chat_model("gpt-5.2-codex")
    model.invoke("What is 2+2?")
"""

from __future__ import annotations

from typing import Any

from langchain_openai import ChatOpenAI

from ._clients import BASE_URL, PLACEHOLDER_KEY
from ._frameworks import INCLUDE, Setup
from ._options import take_options

__all__ = ["chat_model"]


def chat_model(model: str = "gpt-5.2-codex", **kwargs: Any) -> ChatOpenAI:
    """Returns a ChatOpenAI over the Responses API, sync and async.

    kwargs are Options and the arguments of ChatOpenAI.

    ``signalbox.evidence(message)`` has the evidence of an answer.
    """
    options, kwargs = take_options(kwargs)
    setup = Setup(model, **options)
    sync, async_ = setup.clients()
    arguments: dict[str, Any] = {"use_responses_api": True, "include": INCLUDE, "output_version": "responses/v1", **kwargs}
    chat = ChatOpenAI(
        model=setup.model,
        api_key=PLACEHOLDER_KEY,  # type: ignore[arg-type]
        base_url=BASE_URL,
        http_client=sync._client,
        http_async_client=async_._client,
        **arguments,
    )
    # ChatOpenAI makes clients of its own from these; they open no WebSockets either.
    for made, ours in ((chat.root_client, sync), (chat.root_async_client, async_)):
        made.websocket_base_url = ours.websocket_base_url
    return chat
