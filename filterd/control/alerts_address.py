"""Addresses that alerts may go to: https anywhere, without encryption only inside the house.

check_url("https://hooks.example.org/x", "webhook.url")
check_plain("192.168.1.5", "email.tls")             # ConfigError unless the host is in the house
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from filterd.errors import ConfigError

MAX_URL = 1000  # characters
# names that never leave a home (RFC 6762, RFC 8375, RFC 6761; .lan and .internal by custom and by ICANN's word)
_HOME = (".local", ".home.arpa", ".lan", ".internal", ".localhost")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


def check_url(url: str, what: str) -> str:
    """Return an http or https address; ConfigError when it is none, or when it would go out unencrypted.

    The address itself is not repeated in an error: it is a secret.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(f"{what}: expected an address such as https://example.org/...") from None
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(f"{what}: expected at most {MAX_URL} ASCII characters without blanks")
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(f"{what}: expected an address such as https://example.org/...")
    if "@" in parts.netloc:
        raise ConfigError(f"{what}: expected no user or password in the address")
    if parts.fragment:
        raise ConfigError(f"{what}: expected no # in the address")
    if parts.scheme == "http":
        check_plain(host, what)
    return url


def check_plain(host: str, what: str) -> None:
    """ConfigError unless `host` is in the house, where there may be no encryption."""
    if not is_home(host):
        raise ConfigError(f"{what}: without encryption only hosts of the house are allowed (192.168..., .local, .lan)")


def is_home(host: str) -> bool:
    """Return whether a host's address or name is one of the house."""
    try:
        return is_home_address(host)
    except ValueError:
        name = host.rstrip(".").lower()
        return name == "localhost" or name.endswith(_HOME) or ("." not in name and bool(name))


def is_home_address(address: str) -> bool:
    """Return whether an address is private, loopback or link-local. Raises ValueError when it is none."""
    found = ipaddress.ip_address(address.split("%")[0])
    return (found.is_private or found.is_loopback or found.is_link_local) and not found.is_unspecified


def check_mail_host(host: str) -> str:
    """Return a mail server's name or address; ConfigError when it is none."""
    try:
        return ipaddress.ip_address(host).compressed
    except ValueError:
        if len(host) > 253 or not all(map(_LABEL.fullmatch, host.removesuffix(".").split("."))):
            raise ConfigError(f"email.host: expected a mail server's name, got {host[:80]!r}") from None
        return host


def check_email(address: str, what: str) -> str:
    """Return a mail address; ConfigError when it is none. ASCII alone: what every server takes."""
    address = address.strip()
    if len(address) > 254 or not _EMAIL.fullmatch(address) or "=?" in address:  # no encoded words
        raise ConfigError(f"{what}: expected an address such as me@example.org, got {address[:80]!r}")
    return address
