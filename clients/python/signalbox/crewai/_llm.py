"""The LLM of CrewAI whose requests go through signalbox."""

from __future__ import annotations

import inspect
import logging
from contextvars import ContextVar
from typing import Any, Literal, Optional, Union

import httpx
from crewai.agents.agent_builder import base_agent
from crewai.llms.base_llm import BaseLLM
from crewai.llms.context_window import CONTEXT_WINDOW_USAGE_RATIO
from crewai.llms.providers.openai.completion import OpenAICompletion
from openai import APIStatusError, AsyncOpenAI, AuthenticationError, OpenAI, PermissionDeniedError
from openai.resources.responses import Responses
from pydantic import PrivateAttr, model_validator

from .. import _login
from .._clients import PLACEHOLDER_KEY, owned_arguments
from .._environment import split_model
from .._evidence import Record
from .._options import TransportOptions
from .._transport import async_transport, transport
from .._shared import shared
from ..connection import Connection
from ..errors import ConfigurationError, SignalboxError
from ._intercept import AsyncIntercepted, Intercepted
from ._streaming import AsyncStreamingClient, StreamingClient, StreamScope

log = logging.getLogger("signalbox")

_ARGUMENTS = frozenset(inspect.signature(Responses.create).parameters)

# Set for the one request that a streaming call makes; taken when its client is.
_scope: "ContextVar[Optional[StreamScope]]" = ContextVar("signalbox_stream_scope", default=None)


class SignalboxLLM(OpenAICompletion):
    """A model for ``Agent(llm=…)``, ``Crew(manager_llm=…)`` or ``llm.call(…)``.

    model: as OpenAI names it; ``openai-codex/NAME`` sends NAME over the ChatGPT
    route. route: "chatgpt" or "platform" for a model that is not pinned to one.
    on_unsupported: "drop" (the default here) leaves out parameters that the ChatGPT
    route does not take and lists them in ``last_evidence["adjustments"]``; "refuse"
    makes them an error. expect_model: another model that answers is an error.
    login: "auto" runs a device login when one is needed and a person sits at the
    terminal. connection, binary, simulate: as of signalbox.Connection.

    Everything else is as of CrewAI's OpenAICompletion. Credentials are signalbox's:
    api_key, base_url, organization and project cannot be set.
    """

    llm_type: Literal["signalbox"] = "signalbox"  # type: ignore[assignment]
    provider: str = "signalbox"
    api: Literal["completions", "responses"] = "responses"
    route: Optional[Literal["auto", "chatgpt", "platform"]] = None
    on_unsupported: Literal["drop", "refuse"] = "drop"
    expect_model: bool = False
    login: Literal["never", "auto"] = "never"
    binary: Optional[str] = None
    simulate: Union[bool, str, None] = None

    _connection: Optional[Connection] = PrivateAttr(default=None)
    _record: Optional[Record] = PrivateAttr(default=None)

    def __init__(self, model: str = "gpt-5.2-codex", *, connection: Optional[Connection] = None, **kwargs: Any) -> None:
        super().__init__(model=model, **kwargs)
        self._connection = connection

    @model_validator(mode="before")
    @classmethod
    def _normalize_signalbox(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        for name in ("base_url", "api_base", "organization", "project"):
            if data.get(name):
                raise ConfigurationError(f"{name} cannot be set here.", action="signalbox chooses where a request goes: use route.")
        if data.get("api_key") not in (None, PLACEHOLDER_KEY):
            raise ConfigurationError(
                "api_key cannot be set here.", action="signalbox owns the credentials: log in, or set OPENAI_API_KEY."
            )
        if data.get("custom_openai") or data.get("api") == "completions":
            raise ConfigurationError("signalbox serves the Responses API only.", action='Leave "api" and "custom_openai" out.')
        if "http_client" in (data.get("client_params") or {}):
            raise ConfigurationError("client_params has an http_client.", action="Use interceptor to see the requests.")
        model = data.get("model")
        if isinstance(model, str):
            for prefix in ("signalbox/", "openai/"):
                model = model[len(prefix) :] if model.startswith(prefix) else model
            model, codex = split_model(model)
            if codex:
                data["route"] = "chatgpt"
            data["model"] = model
        # A request that left this process would be refused instead of being billed.
        data["api_key"] = PLACEHOLDER_KEY
        data["provider"] = "signalbox"
        return data

    @model_validator(mode="after")
    def _init_clients(self) -> "SignalboxLLM":
        return self  # at the first call: no process for an LLM that is never asked

    @property
    def connection(self) -> Connection:
        """The process that answers; shared by all LLMs that are set alike."""
        if self._connection is None:
            self._connection = shared(self.binary, simulate=self.simulate)
        return self._connection

    @property
    def last_evidence(self) -> Optional[dict[str, Any]]:
        """Model, route and credential of the last answer or error of this LLM."""
        return None if self._record is None else self._record.evidence

    def _remember(self, record: Record) -> None:
        self._record = record

    # The clients.

    def _client_arguments(self) -> dict[str, Any]:
        arguments = {
            **owned_arguments(httpx),
            "timeout": self.timeout,
            "max_retries": self.max_retries,
            "default_headers": self.default_headers,
            "default_query": self.default_query,
        }
        return {**{k: v for k, v in arguments.items() if v is not None}, **(self.client_params or {})}

    def _options(self) -> TransportOptions:
        return {"route": self.route, "on_unsupported": self.on_unsupported, "expect_model": self.expect_model}

    def _build_sync_client(self) -> Any:
        made = transport(httpx, self.connection, on_evidence=self._remember, **self._options())
        if self.interceptor:
            made = Intercepted(made, self.interceptor)
        return OpenAI(**self._client_arguments(), http_client=httpx.Client(transport=made))

    def _build_async_client(self) -> Any:
        made = async_transport(httpx, self.connection, on_evidence=self._remember, **self._options())
        if self.interceptor:
            made = AsyncIntercepted(made, self.interceptor)
        return AsyncOpenAI(**self._client_arguments(), http_client=httpx.AsyncClient(transport=made))

    def _get_sync_client(self) -> Any:
        client = super()._get_sync_client()
        scope = _scope.get()
        if scope is None:
            return client
        _scope.set(None)
        return StreamingClient(client, scope)

    def _get_async_client(self) -> Any:
        client = super()._get_async_client()
        scope = _scope.get()
        if scope is None:
            return client
        _scope.set(None)
        return AsyncStreamingClient(client, scope)

    # Streaming: the same as without a stream, except for the chunks on the way. CrewAI's
    # own handlers lose tool calls and the output (crewAIInc/crewAI #7497).

    def _handle_streaming_responses(
        self,
        params: dict[str, Any],
        available_functions: Optional[dict[str, Any]] = None,
        from_task: Optional[Any] = None,
        from_agent: Optional[Any] = None,
        response_model: Optional[Any] = None,
    ) -> Any:
        token = _scope.set(StreamScope(self, from_task, from_agent))
        try:
            return self._handle_responses(params, available_functions, from_task, from_agent, response_model)
        finally:
            _scope.reset(token)

    async def _ahandle_streaming_responses(
        self,
        params: dict[str, Any],
        available_functions: Optional[dict[str, Any]] = None,
        from_task: Optional[Any] = None,
        from_agent: Optional[Any] = None,
        response_model: Optional[Any] = None,
    ) -> Any:
        token = _scope.set(StreamScope(self, from_task, from_agent))
        try:
            return await self._ahandle_responses(params, available_functions, from_task, from_agent, response_model)
        finally:
            _scope.reset(token)

    def _prepare_responses_params(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Puts what the SDK has no argument for, such as seed, into the body as it is:
        the route decides, and says what it did."""
        params = super()._prepare_responses_params(*args, **kwargs)
        unknown = {name: params.pop(name) for name in list(params) if name not in _ARGUMENTS}
        if unknown:
            params["extra_body"] = {**unknown, **(params.get("extra_body") or {})}
        return params

    # Calls, with a login on the way if that was asked for.

    def _call_responses(self, *args: Any, **kwargs: Any) -> Any:
        self._check_chaining()
        try:
            return super()._call_responses(*args, **kwargs)
        except (AuthenticationError, PermissionDeniedError) as error:
            if not self._may_log_in(error):
                raise
            self.connection.login("device")
            return super()._call_responses(*args, **kwargs)

    async def _acall_responses(self, *args: Any, **kwargs: Any) -> Any:
        self._check_chaining()
        try:
            return await super()._acall_responses(*args, **kwargs)
        except (AuthenticationError, PermissionDeniedError) as error:
            if not self._may_log_in(error):
                raise
            import asyncio

            await asyncio.to_thread(self.connection.login, "device")
            return await super()._acall_responses(*args, **kwargs)

    def _may_log_in(self, error: APIStatusError) -> bool:
        """A device login helps, was asked for, and there is a person to do it."""
        about = error.body.get("signalbox") if isinstance(error.body, dict) else None
        methods = about.get("loginMethods") if isinstance(about, dict) else None
        return self.login == "auto" and "device" in (methods or []) and _login.can_ask()

    def _check_chaining(self) -> None:
        """Chaining by response ids needs stored responses, which the ChatGPT route has
        not: better an error now than at the second call."""
        if not (self.auto_chain or self.previous_response_id):
            return
        params: dict[str, Any] = {"model": self.model}
        if self.route:
            params["route"] = self.route
        try:
            route = self.connection.call("routes/resolve", params)["route"]
        except SignalboxError:
            return  # the call itself says it, as the SDK's error
        if route == "chatgpt":
            raise ConfigurationError(
                f"{self.model} goes over the ChatGPT route, which stores no responses to chain.",
                action="Use auto_chain_reasoning=True, or leave auto_chain and previous_response_id out.",
            )

    # What CrewAI asks of a model.

    def _row(self) -> dict[str, Any]:
        """What models/list knows of the model, on the route that it takes."""
        try:
            rows = [row for row in self.connection.models() if row.get("id") == self.model]
            if len(rows) > 1:
                params: dict[str, Any] = {"model": self.model, **({"route": self.route} if self.route else {})}
                route = self.connection.call("routes/resolve", params)["route"]
                rows = [row for row in rows if row.get("route") == route] or rows
        except SignalboxError as error:
            log.debug("models/list: %s", error)
            return {}
        return rows[0] if rows else {}

    def get_context_window_size(self) -> int:
        window = self._row().get("contextWindow")
        if isinstance(window, int) and window > 0:
            return int(window * CONTEXT_WINDOW_USAGE_RATIO)
        return super().get_context_window_size()

    def supports_multimodal(self) -> bool:
        modalities = self._row().get("inputModalities")
        if isinstance(modalities, list):
            return "image" in modalities
        return super().supports_multimodal()

    def supports_function_calling(self) -> bool:
        return self._row().get("toolCalling", True) is not False

    def supports_stop_words(self) -> bool:
        return False  # the Responses API has no such parameter; CrewAI cuts the text

    def get_file_uploader(self) -> Any:
        return None  # neither route takes uploads through signalbox

    def get_input_tokens_count(self, *args: Any, **kwargs: Any) -> int:
        return BaseLLM.get_input_tokens_count(self, *args, **kwargs)  # CrewAI's estimate

    def _multimodal_formatter_name(self) -> str:
        return "openai"

    def to_config_dict(self) -> dict[str, Any]:
        """For ``LLM(**config)``, which needs signalbox.crewai.install(): without it, it
        fails instead of turning into an LLM with another credential."""
        config = super().to_config_dict()
        config["model"] = f"signalbox/{self.model}"
        config.pop("base_url", None)
        if self.stream:
            config["stream"] = True
        for name in ("route", "binary", "simulate"):
            if getattr(self, name) is not None:
                config[name] = getattr(self, name)
        return config


# A restored agent gets this class again, and never a plain OpenAICompletion.
base_agent._LLM_TYPE_REGISTRY["signalbox"] = "signalbox.crewai.SignalboxLLM"
