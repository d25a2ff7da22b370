"""One raw socket on all Ethernet interfaces: the frames that the filter in the kernel (bpf.py) lets through.

Needs CAP_NET_RAW. Multicast that nobody on this box has joined is asked for (not promiscuous mode: other people's unicast
is none of our business). What the frames say is read by packets.py.

    sniffer = Sniffer()
    for frame, interface in sniffer.read(most=256): ...

Sources: packet(7).
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator

from filterd.errors import StartError
from filterd.presence.bpf import ETH_P_ALL, SNAP, attach

_SOL_PACKET = 263
_ADD_MEMBERSHIP, _STATISTICS = 1, 6
_MR_ALLMULTI = 2
_MREQ = struct.Struct("=iHH8s")  # packet_mreq: interface, type, length, address
_STATS = struct.Struct("=II")  # tpacket_stats: packets, dropped
BUFFER = 256 * 1024  # bytes that wait in the kernel; half a second of a flood, then it drops and counts
MAX_INTERFACES = 256
_MOST_BEFORE = 10_000  # frames; more than BUFFER holds


def may_sniff() -> str:
    """Return "" when a raw socket may be opened here, else why not."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0).close()
    except PermissionError:
        return "a raw socket needs root or CAP_NET_RAW"
    except (OSError, AttributeError) as exc:
        return f"this system has no raw sockets: {exc}"
    return ""


class Sniffer:
    """The socket. `fileno` is readable when a frame waits."""

    def __init__(self, interface: str = "") -> None:
        """Listen on `interface`, "" for all. Raises StartError."""
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            self.sock = socket.socket(socket.AF_PACKET, kind, socket.htons(ETH_P_ALL))
        except OSError as exc:
            raise StartError(f"cannot listen to the network: {may_sniff() or exc.strerror}") from exc
        self._joined: set[int] = set()
        self._interface = interface
        self._buffer = bytearray(SNAP)
        self.dropped = 0  # frames that the kernel had no room for
        try:
            attach(self.sock)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            if interface:
                self.sock.bind((interface, ETH_P_ALL))
            for _ in self.read(_MOST_BEFORE):  # came in before the filter was there
                pass
        except OSError as exc:
            self.sock.close()
            where = interface or "all interfaces"
            raise StartError(f"cannot listen to the network at {where}: {exc.strerror or exc}") from exc
        self.join()

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self.sock.fileno()

    def join(self) -> None:
        """Ask for all multicast on interfaces that were not there before."""
        with contextlib.suppress(OSError):
            for index, name in socket.if_nameindex()[:MAX_INTERFACES]:
                if index in self._joined or self._interface not in ("", name) or name == "lo":
                    continue
                with contextlib.suppress(OSError):  # it cannot, or is gone: what is broadcast comes all the same
                    request = _MREQ.pack(index, _MR_ALLMULTI, 0, bytes(8))
                    self.sock.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, request)
                    self._joined.add(index)

    def read(self, most: int) -> Iterator[tuple[bytes, str]]:
        """Yield (frame, interface) of at most `most` frames that wait."""
        for _ in range(most):
            try:
                size, source = self.sock.recvfrom_into(self._buffer)
            except BlockingIOError:
                return
            except OSError:  # an interface went down: said once, the others go on
                continue
            yield bytes(memoryview(self._buffer)[:size]), str(source[0])

    def count_drops(self) -> int:
        """Return how many frames the kernel dropped since this was asked before."""
        with contextlib.suppress(OSError):
            stats = self.sock.getsockopt(_SOL_PACKET, _STATISTICS, _STATS.size)
            self.dropped += _STATS.unpack(stats)[1]
            return int(_STATS.unpack(stats)[1])
        return 0

    def close(self) -> None:
        """End it."""
        self.sock.close()
