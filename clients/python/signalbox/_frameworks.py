"""What the helpers for frameworks share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Tuple, Union

from ._clients import AsyncOpenAI, OpenAI, connect
from ._environment import split_model
from ._options import TransportOptions
from .connection import Connection
from .errors import SignalboxError

if TYPE_CHECKING:
    import openai

#: Frameworks send reasoning items back; where nothing is stored (the ChatGPT route)
#: these must hold their content.
INCLUDE = ["reasoning.encrypted_content"]


class Setup:
    """The clients that a helper passes to its framework, by its Options."""

    def __init__(
        self,
        model: str,
        *,
        connection: Optional[Connection] = None,
        binary: Optional[str] = None,
        simulate: Union[bool, str, None] = None,
        route: Optional[str] = None,
        on_unsupported: str = "drop",
        expect_model: bool = False,
    ) -> None:
        self.model, codex = split_model(model)
        self.connection = connect(connection, binary, simulate, {})
        self._options: TransportOptions = {
            "route": "chatgpt" if codex else route,
            "on_unsupported": on_unsupported,
            "expect_model": expect_model,
        }

    def clients(self, **kwargs: Any) -> Tuple["openai.OpenAI", "openai.AsyncOpenAI"]:
        return OpenAI(self.connection, **self._options, **kwargs), self.async_client(**kwargs)

    def async_client(self, **kwargs: Any) -> "openai.AsyncOpenAI":
        return AsyncOpenAI(self.connection, **self._options, **kwargs)

    def context_window(self, fallback: int) -> int:
        """Tokens, as models/list knows them."""
        try:
            rows = [row for row in self.connection.models() if row.get("id") == self.model]
        except SignalboxError:
            return fallback
        windows = [row["contextWindow"] for row in rows if isinstance(row.get("contextWindow"), int)]
        return min(windows) if windows else fallback
