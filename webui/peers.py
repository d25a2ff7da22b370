"""Who may see the page: the house, by an address or a name that no site on the Internet has.

assert is_of_the_house("192.168.1.7") and not is_of_the_house("203.0.113.7")
"""

from __future__ import annotations

import ipaddress

from filterd.control.on_link import is_on_link, plain

_HOUSE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
# ends of names that the public DNS does not have (RFC 6761, 6762, 8375); a home's routers use the last two
_ENDS = (".localhost", ".local", ".home.arpa", ".internal", ".lan", ".home")


def is_of_the_house(address: str) -> bool:
    """True for loopback, private and link-local addresses, and for public ones on-link at this box."""
    found = plain(address)
    if found is None:
        return False
    if any(found.version == network.version and found in network for network in _HOUSE):
        return True
    return is_on_link(str(found))


def is_our_name(host: str) -> bool:
    """True when a Host header is an address, or a name that only this house can know.

    A site whose name suddenly leads to this box (DNS rebinding) would otherwise read the page through a visitor's
    browser.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
    name = name.lower().rstrip(".")
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1].partition("%")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return bool(name) and ("." not in name or name.endswith(_ENDS))
    return True
