"""Evidence: which model, route and credential made an answer."""

from __future__ import annotations

import collections
import threading
from typing import Any, Optional

#: Where the record of a call is in the extensions of its request and response.
EXTENSION = "signalbox"
_KEPT = 4096

_lock = threading.Lock()
_by_response: "collections.OrderedDict[str, Record]" = collections.OrderedDict()


class Record:
    """What is known of one call; complete when its last event was read."""

    def __init__(self, adjustments: Optional[list[dict[str, Any]]] = None) -> None:
        self.adjustments = adjustments or []
        self.evidence: Optional[dict[str, Any]] = None
        self.response_id: Optional[str] = None
        self.usage: Optional[dict[str, Any]] = None

    def update(self, evidence: Any, response_id: Any = None, usage: Any = None) -> None:
        if isinstance(evidence, dict):
            # What this side changed is listed before what signalbox changed.
            known = list(evidence.get("adjustments") or [])
            self.evidence = {**evidence, "adjustments": self.adjustments + known} if self.adjustments else evidence
        if isinstance(usage, dict):
            self.usage = usage
        if isinstance(response_id, str) and response_id:
            self.response_id = response_id
            with _lock:
                _by_response[response_id] = self
                _by_response.move_to_end(response_id)
                while len(_by_response) > _KEPT:
                    _by_response.popitem(last=False)


def evidence(source: Any) -> Optional[dict[str, Any]]:
    """Returns the evidence of an answer, or None if it did not come from signalbox.

    source: an object of the OpenAI SDK (a Response, a stream, a raw response, an
    exception), an exception of this package, a result of ``Connection.call``, a
    response id, or an object of a framework that carries one of them. For a stream it
    is complete after the last event. The last 4,096 responses are remembered.
    """
    record = _find(source, 4)
    return record.evidence if isinstance(record, Record) else record


def _find(source: Any, depth: int) -> Any:
    if source is None or depth < 0:
        return None
    if isinstance(source, Record):
        return source
    if isinstance(source, str):
        with _lock:
            return _by_response.get(source)
    if isinstance(source, dict):
        found = source.get("evidence")
        return found if isinstance(found, dict) else _find(source.get("id") or source.get("response_id"), 0)
    own = getattr(source, "evidence", None)
    if isinstance(own, dict):
        return own
    extensions = getattr(source, "extensions", None)
    if isinstance(extensions, dict) and isinstance(extensions.get(EXTENSION), Record):
        return extensions[EXTENSION]
    for name in _PATHS:
        try:
            inner = getattr(source, name, None)
        except Exception:  # a foreign property, such as a body that was not read yet
            continue
        if inner is None or callable(inner):
            continue
        found = _find(inner, depth - 1)
        if found is not None:
            return found
    if isinstance(source, BaseException):
        return _find(source.__cause__ or source.__context__, depth)
    return None


# Where SDKs and frameworks keep a response, its id, or its HTTP response.
_PATHS = (
    "http_response",
    "response",
    "_response",
    "_raw_stream",
    "request",
    "id",
    "response_id",
    "provider_response_id",
    "response_metadata",
    "raw",
    "additional_kwargs",
)
