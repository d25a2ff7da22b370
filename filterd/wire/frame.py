"""DNS over a stream: two bytes of length before every message (RFC 1035 section 4.2.2, RFC 7766 section 8).

Handles cutting and joining; timeouts, limits of connections and the answer order belong to the sockets' owner.

    deframer = Deframer()
    for packet in deframer.feed(connection.recv(65536)): ...
"""

from __future__ import annotations

from filterd.errors import ParseError
from filterd.wire.constants import MAX_MESSAGE


class Deframer:
    """Cuts a stream into messages. Bytes may arrive in any pieces; at most one unfinished message is kept."""

    __slots__ = ("_buffer", "_max_len")

    def __init__(self, max_len: int = MAX_MESSAGE) -> None:
        """`max_len`: bytes of the longest message to accept, 1..65535."""
        self._buffer = bytearray()
        self._max_len = max_len

    @property
    def pending(self) -> int:
        """Bytes of an unfinished message, its length bytes included; 0 between messages (for the idle timer)."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that `data` completes, in order; empty ones are skipped.

        ParseError when a message is announced that is longer than `max_len`: the stream cannot be followed any
        further, close it.
        """
        buffer = self._buffer
        buffer += data
        messages = []
        pos = 0
        size = len(buffer)
        while size - pos >= 2:
            length = buffer[pos] << 8 | buffer[pos + 1]
            if length > self._max_len:
                raise ParseError(f"expected messages of at most {self._max_len} bytes, got one of {length}")
            end = pos + 2 + length
            if end > size:
                break
            if length:
                messages.append(bytes(buffer[pos + 2 : end]))
            pos = end
        del buffer[:pos]
        return messages


def frame(packet: bytes) -> bytes:
    """Return `packet` with its length before it, in one piece: two writes would be two TCP segments (RFC 7766 section
    8).
    """
    if len(packet) > MAX_MESSAGE:
        raise ParseError(f"expected a message of at most {MAX_MESSAGE} bytes, got {len(packet)}")
    return len(packet).to_bytes(2, "big") + packet
