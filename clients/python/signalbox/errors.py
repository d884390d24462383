"""What can go wrong, as exceptions.

A reply of signalbox that is an error becomes the class of its ``kind``
(docs/reference.md: Errors); a kind that this version does not know becomes the class
of its code. What happens on this side of the pipe has classes of its own at the end
of the file.
"""

from __future__ import annotations

from typing import Any, ClassVar, Mapping, Optional

__all__ = [
    "AuthUnavailableError",
    "BinaryNotFoundError",
    "BusyError",
    "CancelledError",
    "ConfigurationError",
    "ConnectionClosedError",
    "ConnectionLostError",
    "CredentialMismatchError",
    "CredentialStoreError",
    "ExchangeFailedError",
    "InternalError",
    "InvalidParamsError",
    "InvalidRequestError",
    "LoginFailedError",
    "LoginRequiredError",
    "MethodNotFoundError",
    "ModelMismatchError",
    "NotInitializedError",
    "ParseError",
    "RateLimitedError",
    "ResponseFailedError",
    "SignalboxError",
    "StartError",
    "StreamBrokenError",
    "StreamOverflowError",
    "TimeoutExpiredError",
    "UnsupportedParameterError",
    "UpstreamRejectedError",
    "UpstreamUnavailableError",
    "VersionMismatchError",
    "error_from_reply",
]


class SignalboxError(Exception):
    """Any error of this package.

    ``kind`` is the stable word to branch on, ``reason`` narrows it, ``action`` is
    one imperative for a person. ``data`` is the whole ``error.data`` of the reply,
    empty for an error of this side of the pipe. No text holds a secret.
    """

    kind: str = "error"
    code: Optional[int] = None

    def __init__(
        self,
        message: str,
        *,
        action: Optional[str] = None,
        code: Optional[int] = None,
        kind: Optional[str] = None,
        data: Optional[Mapping[str, Any]] = None,
    ) -> None:
        super().__init__(message if not action else f"{message} {action}")
        self.message = message
        self.data: dict[str, Any] = dict(data or {})
        self.action: Optional[str] = action
        self.code = code if code is not None else type(self).code
        self.kind = kind or type(self).kind

    def __reduce__(self) -> Any:
        # Exceptions cross process borders (multiprocessing); the message alone is
        # not enough to make one again.
        state = (self.message, self.action, self.code, self.kind, self.data)
        return _rebuild, (type(self), state)

    @property
    def reason(self) -> Optional[str]:
        return self.data.get("reason")

    @property
    def retryable(self) -> bool:
        """The same request may succeed later, and no event of it was delivered."""
        return bool(self.data.get("retryable", False))

    @property
    def retry_after_ms(self) -> Optional[int]:
        return self.data.get("retryAfterMs")

    @property
    def http_status(self) -> Optional[int]:
        """Status of the upstream; None when it gave none."""
        return self.data.get("httpStatus")

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the upstream, by lower-case name."""
        return dict(self.data.get("headers") or {})

    @property
    def upstream(self) -> dict[str, Any]:
        """The upstream's own error: type, code, message, param."""
        return dict(self.data.get("upstream") or {})

    @property
    def evidence(self) -> Optional[dict[str, Any]]:
        """Model, route and credential of the request that failed."""
        return self.data.get("evidence")


def _rebuild(cls: type[SignalboxError], state: tuple[Any, ...]) -> SignalboxError:
    message, action, code, kind, data = state
    error = cls.__new__(cls)
    SignalboxError.__init__(error, message, action=action, code=code, kind=kind, data=data)
    return error


class ParseError(SignalboxError):
    kind, code = "parse_error", -32700


class InvalidRequestError(SignalboxError):
    kind, code = "invalid_request", -32600


class MethodNotFoundError(SignalboxError):
    kind, code = "method_not_found", -32601


class InvalidParamsError(SignalboxError):
    kind, code = "invalid_params", -32602


class InternalError(SignalboxError):
    kind, code = "internal_error", -32603


class NotInitializedError(SignalboxError):
    kind, code = "not_initialized", -32002


class CancelledError(SignalboxError):
    """The request was cancelled, from here or from another thread."""

    kind, code = "cancelled", -32800


class BusyError(SignalboxError):
    """Too much is in flight; ``retry_after_ms`` says when to come back."""

    kind, code = "busy", 1000


class LoginRequiredError(SignalboxError):
    """There is no usable credential; ``data["loginMethods"]`` says how to get one."""

    kind, code = "login_required", 1001


class CredentialMismatchError(SignalboxError):
    """There is a credential, and it must not be used for this."""

    kind, code = "credential_mismatch", 1002


class CredentialStoreError(SignalboxError):
    """auth.json or the keyring cannot be used."""

    kind, code = "credential_store", 1003


class AuthUnavailableError(SignalboxError):
    """The issuer cannot be reached."""

    kind, code = "auth_unavailable", 1004


class LoginFailedError(SignalboxError):
    kind, code = "login_failed", 1005


class ExchangeFailedError(SignalboxError):
    """The ChatGPT login could not be exchanged for a Platform key."""

    kind, code = "exchange_failed", 1006


class UnsupportedParameterError(SignalboxError):
    """The route does not take a member of the body: ``data["field"]``."""

    kind, code = "unsupported_parameter", 1101


class UpstreamRejectedError(SignalboxError):
    """The upstream refused the request; ``upstream`` has its words."""

    kind, code = "upstream_rejected", 1102


class RateLimitedError(SignalboxError):
    """A limit of the upstream has been reached."""

    kind, code = "rate_limited", 1103


class UpstreamUnavailableError(SignalboxError):
    """The upstream could not be reached, or asked to try again later."""

    kind, code = "upstream_unavailable", 1104


class StreamBrokenError(SignalboxError):
    """The response started but broke off."""

    kind, code = "stream_broken", 1105


class ResponseFailedError(SignalboxError):
    """The upstream says that the response failed."""

    kind, code = "response_failed", 1106


class ModelMismatchError(SignalboxError):
    """Another model answered than the one that was expected."""

    kind, code = "model_mismatch", 1107


class ConfigurationError(SignalboxError, ValueError):
    """An argument or an environment variable has a value that cannot be used."""

    kind = "configuration"


class StartError(SignalboxError):
    """The signalbox process could not be started."""

    kind = "start_failed"


class BinaryNotFoundError(StartError, FileNotFoundError):
    """There is no signalbox binary."""

    kind = "binary_not_found"

    def __init__(self, message: str, **kwargs: Any) -> None:
        SignalboxError.__init__(self, message, **kwargs)

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class VersionMismatchError(StartError):
    """The binary speaks another version of the protocol, or is not signalbox."""

    kind = "version_mismatch"


class ConnectionLostError(SignalboxError, ConnectionError):
    """The process ended while requests were waiting. The next call starts a new one."""

    kind = "connection_lost"


class ConnectionClosedError(SignalboxError):
    """The connection was closed from here."""

    kind = "connection_closed"


class StreamOverflowError(SignalboxError):
    """More of a stream waited unread than its buffer holds, so it was cancelled."""

    kind = "stream_overflow"


class TimeoutExpiredError(SignalboxError, TimeoutError):
    """No answer, or no further event, came in time; the request was cancelled."""

    kind = "timeout"


def _classes() -> list[type[SignalboxError]]:
    return [c for c in SignalboxError.__subclasses__() if c.code is not None]


class _Registry:
    by_kind: ClassVar[dict[str, type[SignalboxError]]] = {c.kind: c for c in _classes()}
    by_code: ClassVar[dict[int, type[SignalboxError]]] = {c.code: c for c in _classes() if c.code is not None}


def error_from_reply(error: Mapping[str, Any]) -> SignalboxError:
    """Makes the exception of the ``error`` member of a reply."""
    data = error.get("data")
    if not isinstance(data, Mapping):
        data = {}
    code = error.get("code")
    code = code if isinstance(code, int) else None
    kind = data.get("kind")
    found = _Registry.by_kind.get(kind) if isinstance(kind, str) else None
    if found is None and code is not None:
        found = _Registry.by_code.get(code)
    cls = found or SignalboxError
    message = error.get("message")
    action = data.get("action")
    return cls(
        message if isinstance(message, str) else "signalbox answered with an error.",
        action=action if isinstance(action, str) else None,
        code=code,
        kind=kind if isinstance(kind, str) else None,
        data=data,
    )
