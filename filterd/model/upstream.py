"""Upstream addresses: `udp://1.1.1.3`, `tcp://[2606:4700:4700::1113]:53`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from filterd.errors import UpstreamError

MAX_UPSTREAMS = 8  # that one name is asked of


@dataclass(frozen=True, slots=True)
class Upstream:
    """One server that answers for us. `address` is an IP address: names would need bootstrap addresses."""

    scheme: str  # udp | tcp
    address: str
    port: int = 53

    @property
    def url(self) -> str:
        """The canonical form; `parse(u.url) == u`."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port != 53 else "")

    @property
    def is_loopback(self) -> bool:
        """True when its AD bit may be believed (RFC 6840 5.7: only over a secure path)."""
        return ipaddress.ip_address(self.address).is_loopback


def parse(url: str) -> Upstream:
    """Return the upstream that `url` names; UpstreamError says what was expected. A bare address means udp://."""
    text = url.strip()
    scheme, sep, rest = text.partition("://")
    if not sep:
        scheme, rest = "udp", text
    scheme = scheme.lower()
    if scheme in ("tls", "https", "quic", "h3"):
        raise UpstreamError(f"{url}: encrypted upstreams ({scheme}://) are not served yet; use udp:// or tcp://")
    if scheme not in ("udp", "tcp"):
        raise UpstreamError(f"{url}: expected udp://ADDRESS[:PORT] or tcp://ADDRESS[:PORT], got {scheme}://")
    rest = rest.rstrip("/")
    host, port_text = rest, ""
    if rest.startswith("["):
        host, closed, tail = rest[1:].partition("]")
        if not closed or (tail and not tail.startswith(":")):
            raise UpstreamError(f"{url}: expected [IPv6]:PORT")
        port_text = tail[1:] if tail else ""
    elif rest.count(":") == 1:
        host, _, port_text = rest.partition(":")
    elif "#" in rest:
        host, _, port_text = rest.partition("#")
    port = 53
    if port_text:
        if not port_text.isascii() or not port_text.isdigit() or not 1 <= int(port_text) <= 65535:
            raise UpstreamError(f"{url}: port {port_text} is not in 1..65535")
        port = int(port_text)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise UpstreamError(f"{url}: expected an IP address, got {host!r}") from None
    if address.is_unspecified or address.is_multicast:
        raise UpstreamError(f"{url}: {host} cannot be asked")
    return Upstream(scheme, str(address), port)
