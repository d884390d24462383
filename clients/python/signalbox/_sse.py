"""Events of signalbox as the bytes of a text/event-stream again."""

from __future__ import annotations

import json
import re
from typing import Any, Optional

from ._child import dumps
from ._evidence import Record
from ._http import error_object
from .errors import SignalboxError

_TYPE = re.compile(rb'\{"type":"([A-Za-z0-9_.]+)"')
_TERMINAL = frozenset(b"response." + end for end in (b"completed", b"incomplete", b"failed", b"cancelled", b"done"))


class EventWriter:
    """Turns what arrives for one request into the bytes of its stream; events pass
    byte for byte."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._sequence = 0
        self._ended = False  # by a terminal event
        self.done = False

    def write(self, items: list[Any]) -> bytes:
        out: list[bytes] = []
        for kind, value in items:
            if kind == "event":
                out.append(self._event(value))
            elif kind == "error":
                self.done = True
                out.append(self._error(value))
            elif isinstance(value, dict):  # started, completed, result
                self._record.update(value.get("evidence"), value.get("responseId"), value.get("usage"))
                if kind == "result":
                    self.done = True
                    if value.get("status") == "cancelled" and not self._ended:
                        out.append(self._error(SignalboxError("The request was cancelled.", kind="cancelled", code=-32800)))
        return b"".join(out)

    def _event(self, raw: bytes) -> bytes:
        self._sequence += 1
        found = _TYPE.match(raw)
        name = found[1] if found else _type_of(raw)
        if name in _TERMINAL:
            self._ended = True
            # Whoever holds the response asks for its evidence by this id.
            response = json.loads(raw).get("response")
            self._record.update(None, response.get("id") if isinstance(response, dict) else None)
        return b"event: %b\ndata: %b\n\n" % (name, raw.replace(b"\n", b"\ndata: ")) if name else b"data: %b\n\n" % raw

    def _error(self, error: BaseException) -> bytes:
        """An event that SDKs raise as their own error."""
        data: dict[str, Any] = error_object(error)
        self._record.update(getattr(error, "evidence", None))
        event = {
            "type": "error",
            "code": data["code"],
            "message": data["message"],
            "param": data["param"],
            "sequence_number": self._sequence,
            "error": data,
        }
        return b"event: error\ndata: %b\n\n" % dumps(event)


def _type_of(raw: bytes) -> bytes:
    """The type of an event whose first member is another; b"" if it has none."""
    event: Optional[Any] = json.loads(raw)
    name = event.get("type") if isinstance(event, dict) else None
    if not isinstance(name, str) or "\n" in name or "\r" in name:
        return b""
    return name.encode("utf-8", "replace")
