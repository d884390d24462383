"""LangChain and LangGraph through signalbox.

    from signalbox.langchain import chat_model

    model = chat_model("gpt-5.2-codex")
    model.invoke("What is 2+2?")
"""

from __future__ import annotations

from typing import Any, Optional

from langchain_openai import ChatOpenAI

from ._clients import BASE_URL, PLACEHOLDER_KEY
from ._frameworks import INCLUDE, Setup
from .connection import Connection

__all__ = ["chat_model"]


def chat_model(
    model: str = "gpt-5.2-codex",
    *,
    connection: Optional[Connection] = None,
    binary: Optional[str] = None,
    simulate: Any = None,
    route: Optional[str] = None,
    on_unsupported: str = "drop",
    expect_model: bool = False,
    **kwargs: Any,
) -> ChatOpenAI:
    """A ChatOpenAI over the Responses API, sync and async. kwargs are ChatOpenAI's.

    ``signalbox.evidence(message)`` has the evidence of an answer.
    """
    setup = Setup(model, connection, binary=binary, simulate=simulate, route=route, on_unsupported=on_unsupported, expect_model=expect_model)
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
