"""What an HTTP request of an SDK means to signalbox, and what comes back as HTTP.

Shared by the transports of all httpx families; nothing here does any I/O.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Union

from ._child import dumps
from ._environment import split_model
from ._evidence import Record
from ._login import COMMAND
from ._version import __version__
from .errors import AuthUnavailableError, ConfigurationError, SignalboxError, UpstreamRejectedError, UpstreamUnavailableError

JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"

# Headers of the caller that _meta.headers takes (docs/reference.md: responses/create). All others stay
# here: the SDK's Authorization is a placeholder, and credentials are signalbox's.
_PASSED = ("traceparent", "tracestate", "x-client-request-id", "idempotency-key")

# docs/reference.md: Errors, the column "as HTTP"; a test holds it against the schema.
_STATUS = {
    "parse_error": 400,
    "invalid_request": 400,
    "method_not_found": 400,
    "invalid_params": 400,
    "internal_error": 500,
    "not_initialized": 400,
    "cancelled": 499,
    "busy": 503,
    "login_required": 401,
    "credential_mismatch": 403,
    "credential_store": 500,
    "auth_unavailable": 502,
    "login_failed": 403,
    "exchange_failed": 403,
    "unsupported_parameter": 400,
    "rate_limited": 429,
    "upstream_unavailable": 502,
    "stream_broken": 502,
    "response_failed": 502,
    "model_mismatch": 502,
    "timeout": 504,
}


@dataclass(frozen=True)
class Options:
    """How a transport asks; the members of _meta in a body come first."""

    route: Optional[str] = None
    on_unsupported: str = "refuse"
    expect_model: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.route not in (None, "auto", "chatgpt", "platform"):
            raise ConfigurationError(f"route is {self.route!r}.", action='Use "auto", "chatgpt" or "platform".')
        if self.on_unsupported not in ("refuse", "drop"):
            raise ConfigurationError(f"on_unsupported is {self.on_unsupported!r}.", action='Use "refuse" or "drop".')


@dataclass
class Create:
    """POST …/responses: the params of responses/create."""

    params: bytes
    stream: bool
    record: Record


class Models:
    """GET …/models."""


@dataclass
class Reply:
    """An answer that needs no process."""

    status: int
    headers: dict[str, str]
    body: bytes


Plan = Union[Create, Models, Reply]


def plan(method: str, path: str, query: bytes, headers: Mapping[str, str], body: bytes, options: Options) -> Plan:
    """Decides what a request becomes."""
    path = path.rstrip("/")
    if method == "POST" and path.endswith("/responses"):
        return _create(query, headers, body, options)
    if method == "GET" and path.endswith("/models"):
        return Models()
    hint = ' Use the Responses API: "client.responses.create".' if path.endswith("/completions") else ""
    return not_served(f"{method} {path}", hint)


def not_served(what: str, hint: str = "") -> Reply:
    """Returns the answer to what signalbox has no route for."""
    return refusal(404, "unsupported_route", f"{what} is not served by signalbox; POST /responses and GET /models are.{hint}")


def refusal(status: int, code: str, message: str, param: Optional[str] = None) -> Reply:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Reply(status, {"content-type": JSON, "x-should-retry": "false"}, dumps({"error": error}))


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _create(query: bytes, headers: Mapping[str, str], body: bytes, options: Options) -> Union[Create, Reply]:
    try:
        request = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        request = None
    if not isinstance(request, dict):
        return refusal(400, "invalid_request", "The body must be one JSON object.")
    own = request.get("_meta")
    if own is not None and not isinstance(own, dict):
        return refusal(400, "invalid_params", 'The member "_meta" must be an object.', "_meta")

    adjustments: list[dict[str, Any]] = []
    meta: dict[str, Any] = {}
    if request.get("stream") is True:
        meta["fillOutput"] = True  # SDKs read the output of the last event
    if options.route:
        meta["route"] = options.route
    if options.on_unsupported != "refuse":
        meta["onUnsupported"] = options.on_unsupported
    passed = {name: headers[name] for name in _PASSED if headers.get(name)}
    if passed:
        meta["headers"] = passed
    meta.update(options.meta)
    meta.update(own or {})

    rewritten = own is not None
    model = request.get("model")
    if isinstance(model, str):
        name, codex = split_model(model)
        if codex:
            meta["route"] = "chatgpt"
            request["model"] = name
            rewritten = True
            adjustments.append({"field": "model", "action": "replaced", "reason": f"{model!r} names the ChatGPT route"})
        if options.expect_model and "expect" not in meta:
            meta["expect"] = {"model": name}
    if query:
        adjustments.append({"field": "query", "action": "ignored", "reason": "signalbox takes no query"})

    if rewritten:
        request.pop("_meta", None)
        body = dumps(request)
    if meta:
        # Spliced in, so that every other byte reaches the upstream as the SDK wrote it.
        brace = body.index(b"{") + 1
        comma = b"," if len(request) else b""
        body = body[:brace] + b'"_meta":' + dumps(meta) + comma + body[brace:]
    return Create(body, request.get("stream") is True, Record(adjustments))


def status_of(error: SignalboxError) -> int:
    """Returns the HTTP status of an error (docs/reference.md: Errors)."""
    if isinstance(error, UpstreamRejectedError):
        status = error.http_status
        return status if status is not None and 400 <= status <= 599 else 400
    if isinstance(error, (AuthUnavailableError, UpstreamUnavailableError)) and error.reason == "timeout":
        return 504
    # The class is that of the code where the kind is not known.
    return _STATUS.get(error.kind) or _STATUS.get(type(error).kind, 500)


_SHOWN = ("reason", "action", "retryable", "retryAfterMs", "httpStatus", "route", "need", "have", "loginMethods", "resetsAt", "limit")


def error_object(error: BaseException) -> dict[str, Any]:
    """The ``error`` member of an OpenAI body: the upstream's own type, code and
    param where there are any, because programs branch on them."""
    if not isinstance(error, SignalboxError):
        return {"message": str(error), "type": "signalbox_error", "param": None, "code": type(error).__name__}
    upstream = error.upstream
    code = upstream.get("code")
    if not code:
        code = "context_length_exceeded" if error.reason == "context_length" else (error.reason or error.kind)
    words = upstream.get("message")
    message = str(error) if not words or words in error.message else f"{error} ({words})"
    if error.kind == "login_required" or error.data.get("loginMethods"):
        message += _how_to_log_in(error)
    return {
        "message": message,
        "type": upstream.get("type") or error.kind,
        "param": upstream.get("param") or error.data.get("field"),
        "code": code,
        # Short, because SDKs print it; signalbox.evidence(exception) has the evidence.
        "signalbox": {"kind": error.kind, **{k: error.data[k] for k in _SHOWN if k in error.data}},
    }


def _how_to_log_in(error: SignalboxError) -> str:
    if "apiKey" in (error.data.get("loginMethods") or []) and error.data.get("need") == "platformKey":
        return ' From Python: "python -m signalbox login --with-api-key", or OPENAI_API_KEY.'
    return f' From Python: "{COMMAND}".'


def error_reply(error: SignalboxError) -> Reply:
    """An error as the HTTP answer that an SDK makes its exception of."""
    headers = {name.lower(): value for name, value in error.headers.items() if isinstance(value, str)}
    headers.pop("retry-after", None)
    # signalbox has spent its own retries; what it leaves to the client are these
    # two (docs/protocol.md: Errors and retries).
    again = error.retryable and (error.kind == "busy" or (error.kind == "rate_limited" and error.reason in ("requests", "tokens")))
    headers["x-should-retry"] = "true" if again else "false"
    if error.retry_after_ms is not None:
        headers["retry-after-ms"] = str(error.retry_after_ms)
        headers["retry-after"] = str(-(-error.retry_after_ms // 1000))
    headers.update(_identity(error.evidence))
    headers["content-type"] = JSON
    headers["x-signalbox-kind"] = error.kind
    return Reply(status_of(error), _printable(headers), dumps({"error": error_object(error)}))


def started_headers(started: Optional[Mapping[str, Any]], record: Record, content_type: str) -> dict[str, str]:
    """Headers of an answer: the upstream's, and what signalbox knows."""
    headers: dict[str, str] = {}
    if started is not None:
        headers.update({k.lower(): v for k, v in (started.get("headers") or {}).items() if isinstance(v, str)})
    headers.update(_identity(record.evidence))
    headers["content-type"] = content_type
    headers["x-signalbox-client"] = __version__
    return _printable(headers)


def _identity(evidence: Optional[Mapping[str, Any]]) -> dict[str, str]:
    if not evidence:
        return {}
    headers = {"x-signalbox-evidence": json.dumps(evidence, separators=(",", ":"))}
    if evidence.get("upstream_request_id"):
        headers["x-request-id"] = str(evidence["upstream_request_id"])
    for name, member in (("route", "route"), ("model", "effective_model"), ("credential", "credential_source")):
        if evidence.get(member):
            headers[f"x-signalbox-{name}"] = str(evidence[member])
    return headers


def _printable(headers: dict[str, str]) -> dict[str, str]:
    """Header values are ASCII without line breaks."""
    return {name: "".join(c if " " <= c <= "~" else "?" for c in value) for name, value in headers.items()}


def models_body(result: Mapping[str, Any]) -> bytes:
    """The list of the OpenAI API of a models/list: one entry for each model; the rows
    of its routes are beside it."""
    data: dict[str, dict[str, Any]] = {}
    for row in result.get("models") or []:
        name = row.get("id")
        if not isinstance(name, str):
            continue
        entry = data.setdefault(name, {"id": name, "object": "model", "created": 0, "owned_by": "openai", "routes": []})
        entry["routes"].append({k: v for k, v in row.items() if k != "id"})
    return dumps({"object": "list", "data": list(data.values()), "warnings": list(result.get("warnings") or [])})
