"""Content-Length framing, as the Language Server Protocol has it (docs/protocol.md: Framing)."""

from __future__ import annotations

import re
from typing import Optional

_LENGTH = re.compile(rb"(?i)^content-length[ \t]*:[ \t]*(\d+)[ \t]*$", re.MULTILINE)
# signalbox writes exactly this.
_USUAL = re.compile(rb"Content-Length: (\d+)\r\n\r\n")
_MAX_HEADER = 8 << 10


class FramingError(Exception):
    """The bytes are not frames, so what wrote them is not signalbox."""


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class FrameReader:
    """Cuts what arrives into bodies. Not safe for several threads."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._need = 0  # bytes that must have arrived before looking again

    def feed(self, data: bytes) -> list[bytes]:
        """Takes the next bytes and returns the bodies that are now complete."""
        buffer = self._buffer
        buffer += data
        if len(buffer) < self._need:
            return []
        bodies: list[bytes] = []
        position = 0
        self._need = 0
        while position < len(buffer):
            usual = _USUAL.match(buffer, position)
            if usual:
                start, length = usual.end(), int(usual[1])
            else:
                parsed = self._unusual(position)
                if parsed is None:
                    break
                start, length = parsed
            end = start + length
            if end > len(buffer):
                self._need = end - position
                break
            bodies.append(bytes(buffer[start:end]))
            position = end
        del buffer[:position]
        return bodies

    def _unusual(self, position: int) -> Optional[tuple[int, int]]:
        """Start and length of the body behind any other header block; None if it
        is not complete."""
        end = self._buffer.find(b"\r\n\r\n", position)
        if end < 0:
            if len(self._buffer) - position > _MAX_HEADER or not self._begins_header(position):
                raise FramingError(bytes(self._buffer[position : position + 200]).decode("utf-8", "replace"))
            return None
        block = bytes(self._buffer[position:end]).replace(b"\r\n", b"\n")
        length = _LENGTH.search(block)
        if not length:
            raise FramingError(block[:200].decode("utf-8", "replace"))
        return end + 4, int(length[1])

    def _begins_header(self, position: int) -> bool:
        """A header block begins with the name of a header."""
        line = bytes(self._buffer[position : position + 64]).split(b"\r", 1)[0]
        name, colon, _ = line.partition(b":")
        return bool(re.fullmatch(rb"[A-Za-z-]*", name)) and (bool(colon) or b"\n" not in line)
