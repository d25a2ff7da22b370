"""Where a list may be fetched from: public http(s) addresses, checked at the moment of connecting.

A list's address comes from a file or a form, and a server may redirect anywhere: without this check a redirect could
make the box ask the router's own page, or a name could mean a public address when it is checked and 127.0.0.1 when it
is connected to (DNS rebinding). So `open_socket` resolves, judges and connects in one step: the address that was judged
is the address that is used.

    split = check_url("https://lists.example.org/ads.txt")
    sock = open_socket(split.hostname, 443, timeout_s=30.0)
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from filterd.listbuild.refusal import Refused, Why

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")  # RFC 3879: deprecated, yet nobody's public address

Resolve = Callable[[str], Sequence[str]]  # a host's addresses, none when it is not known
_Row = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_url(url: str) -> SplitResult:
    """Return the parts of an address that may be asked: http or https, a host, no password. Raises Refused."""
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError as exc:
        raise Refused(Why.ADDRESS, f"expected an http or https address, got {url!r}: {exc}") from None
    if split.scheme.lower() not in ("http", "https") or not split.hostname:
        raise Refused(Why.ADDRESS, f"expected an http or https address, got {url}")
    if "@" in split.netloc:
        raise Refused(Why.ADDRESS, f"expected an address without a name and password, got one at {split.hostname}")
    if port == 0 or any(char <= " " or char == "\x7f" for char in url):
        raise Refused(Why.ADDRESS, f"expected an http or https address, got {url!r}")
    return split


def is_public(address: Address, *, loopback: bool = False) -> bool:
    """True when `address` belongs to the Internet at large.

    Not public are private, loopback, link-local, shared (RFC 6598), documentation, multicast and unspecified ones, and
    IPv6 addresses that carry such an IPv4 address. `loopback` lets 127.0.0.0/8 and ::1 through: for tests alone.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.teredo is not None:
            inner = address.teredo[1]
        if inner is None and (address in _NAT64 or (1 < int(address) <= 0xFFFFFFFF)):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner, loopback=loopback)
        if address in _SITE_LOCAL:
            return False
    if address.is_loopback:
        return loopback
    return address.is_global and not address.is_multicast and not address.is_unspecified and not address.is_reserved


def open_socket(
    host: str, port: int, timeout_s: float | None, *, loopback: bool = False, resolve: Resolve | None = None
) -> socket.socket:
    """Return a socket connected to a public address of `host`.

    `resolve` is asked for its addresses first, the system when it knows none. Raises Refused when `host` has no public
    address (or none at all), OSError when nobody answers at those it has.
    """
    try:
        # one look-up, and what it returns is what is judged and connected to
        found = _look_up(host, port, resolve)
    except (socket.gaierror, UnicodeError) as exc:
        raise Refused(Why.NO_CONNECTION, f"the name {host} has no address just now: {exc}") from exc
    allowed = [row for row in found if is_public(ipaddress.ip_address(_plain(row[4])), loopback=loopback)]
    if not allowed:
        shown = ", ".join(sorted({_plain(row[4]) for row in found})) or "no address"
        raise Refused(Why.PRIVATE, f"{host} leads to {shown}: lists are fetched from public addresses alone")
    failed: OSError = OSError("nobody answers")
    for family, kind, protocol, _, sockaddr in allowed:
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as exc:  # no IPv6 here
            failed = exc
            continue
        try:
            sock.settimeout(timeout_s)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(sockaddr)
        except OSError as exc:
            failed = exc
            sock.close()
            continue
        return sock
    raise failed


def _look_up(host: str, port: int, resolve: Resolve | None) -> Sequence[_Row]:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        known = resolve(host) if resolve is not None else ()
        if known:
            rows: list[_Row] = []
            for address in known:
                rows += socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            return rows
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _plain(sockaddr: tuple[object, ...]) -> str:
    """Return the address of a socket address without an IPv6 scope."""
    return str(sockaddr[0]).partition("%")[0]
