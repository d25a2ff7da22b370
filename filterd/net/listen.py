"""Listening sockets: opened with the right options, adopted from a parent or from systemd, checked for a rival.

What is read from them is udp.py's and tcp.py's business.

    udp, tcp = open_pair("127.0.0.1", 5300, shared=False)
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from collections.abc import Sequence

from filterd.errors import StartError
from filterd.host.notify import passed_sockets

BUFFER_BYTES = 4 * 1024 * 1024  # asked of the kernel for UDP; it may grant less (net.core.rmem_max)
BACKLOG = 256
NAME = "dns"  # of our sockets in systemd's unit (FileDescriptorName=)
_SO_RCVBUFFORCE, _SO_SNDBUFFORCE = 33, 32  # asm-generic/socket.h
_TRIES = 20  # free ports to look at until one is free for UDP and TCP both

Pair = tuple[socket.socket, socket.socket]


def open_pair(address: str, port: int, *, shared: bool) -> Pair:
    """Return a UDP and a TCP socket bound to the same address and port (0: a free one). StartError says why not.

    `shared`: several workers bind it (SO_REUSEPORT). Without it, a rival on the port is an error.
    """
    for _ in range(_TRIES if port == 0 else 1):
        udp = open_socket(socket.SOCK_DGRAM, address, port, shared=shared)
        try:
            return udp, open_socket(socket.SOCK_STREAM, address, udp.getsockname()[1], shared=shared)
        except StartError:
            udp.close()
            if port:
                raise
    raise StartError(f"no port is free for UDP and TCP at {shown(address, 0)}")


def reserve(wanted: Sequence[tuple[str, int]], *, keep: bool) -> tuple[list[tuple[str, int]], list[socket.socket]]:
    """Make sure that nobody else answers at these addresses, and find free ports for port 0. Raises StartError.

    Returns the addresses with their ports, and with `keep` the bound sockets: who supervises a single worker holds
    them, so that questions wait there while the worker is started again.
    """
    found: list[tuple[str, int]] = []
    sockets: list[socket.socket] = []
    try:
        for address, port in wanted:
            pair = open_pair(address, port, shared=False)
            sockets += pair
            found.append((address, pair[0].getsockname()[1]))
    except BaseException:
        _close_all(sockets)
        raise
    if not keep:
        _close_all(sockets)
    return found, sockets if keep else []


def open_socket(kind: socket.SocketKind, address: str, port: int, *, shared: bool) -> socket.socket:
    """Return one bound, non-blocking socket; a TCP socket listens already."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        sock = socket.socket(family, kind)
        try:
            if shared:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if kind == socket.SOCK_STREAM:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # in spite of old connections in TIME_WAIT
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            host = socket.getaddrinfo(address, port, family, kind, 0, socket.AI_NUMERICHOST)[0][4]
            sock.bind(host)
            prepare(sock)
        except BaseException:
            sock.close()
            raise
    except OSError as exc:
        raise StartError(f"cannot listen on {shown(address, port)}: {_reason(exc)}") from exc
    return sock


def prepare(sock: socket.socket) -> None:
    """Set the options that any of our listening sockets needs, own or adopted. Raises OSError."""
    sock.setblocking(False)
    if sock.type == socket.SOCK_STREAM:
        sock.listen(BACKLOG)
        return
    for option, forced in ((socket.SO_RCVBUF, _SO_RCVBUFFORCE), (socket.SO_SNDBUF, _SO_SNDBUFFORCE)):
        if sock.getsockopt(socket.SOL_SOCKET, option) >= 2 * BUFFER_BYTES:  # socket(7): the kernel says the double
            continue  # systemd has done it, beyond the limit for us
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, BUFFER_BYTES)
        except OSError:  # only root may go beyond the kernel's limit
            sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
    if is_wildcard(sock):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_PKTINFO", 8), 1)


def is_wildcard(sock: socket.socket) -> bool:
    """True when the socket takes what comes to any of our addresses."""
    return ipaddress.ip_address(sock.getsockname()[0].partition("%")[0]).is_unspecified


def adopt(fds: Sequence[int]) -> list[socket.socket]:
    """Return the inherited sockets `fds`, ready for use. Raises StartError for one that is no IP socket."""
    found = []
    for fd in fds:
        try:
            sock = socket.socket(fileno=fd)
            if sock.family not in (socket.AF_INET, socket.AF_INET6):
                sock.close()
                raise StartError(f"inherited descriptor {fd} is no IP socket")
            os.set_inheritable(fd, False)
            prepare(sock)
        except OSError as exc:
            raise StartError(f"inherited descriptor {fd} cannot be used: {exc.strerror or exc}") from exc
        found.append(sock)
    return found


def passed_by_systemd() -> list[int]:
    """Return the DNS sockets that systemd passed to this very process: those named `dns`, or all when none is."""
    passed = passed_sockets()
    return [fd for fd, name in passed if name == NAME] or [fd for fd, _ in passed]


def shown(address: str, port: int) -> str:
    """Return address and port as people write them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _close_all(sockets: Sequence[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def _reason(exc: OSError) -> str:
    match exc.errno:
        case errno.EADDRINUSE:
            return "another program answers there already"
        case errno.EACCES:
            return "no permission (a port below 1024 needs root or CAP_NET_BIND_SERVICE)"
        case errno.EADDRNOTAVAIL:
            return "this machine does not have that address"
        case _:
            return exc.strerror or str(exc)
