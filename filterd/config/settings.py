"""The operator's settings of one box: where it listens, whom it asks, how much it takes.

Values only, so that a DNS worker can read them without YAML; the file `filterd.yaml` is settings_file.py. What parents
choose is no setting: it is in the household.

    settings = Settings(dns=(Listen.parse("127.0.0.1:5300"),))
    assert Settings.from_json(settings.to_json()) == settings
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from filterd.errors import ConfigError
from filterd.model.household import ForwardZone

DEFAULT_UPSTREAMS = ("udp://1.1.1.3", "udp://1.0.0.3")  # a resolver that leaves malware and adult sites out itself
DEFAULT_PORT = 5300
DEFAULT_WEB = "127.0.0.1:8080"
BLOCK_MODES = ("null", "nxdomain", "page")
MAX_WORKERS = 64


@dataclass(frozen=True, slots=True)
class Listen:
    """An address and a port to answer at, over UDP and TCP."""

    address: str  # IPv4 or IPv6; 0.0.0.0 and :: are all of ours
    port: int  # 0: a free one

    @classmethod
    def parse(cls, text: str) -> Listen:
        """Return what `ADDR:PORT` or `[IPv6]:PORT` says. Raises ConfigError."""
        host, _, port = text.strip().rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
            bracketed = True
        else:
            bracketed = False
        if not port.isascii() or not port.isdigit() or int(port) > 65_535:
            raise ConfigError(f"{text}: expected ADDRESS:PORT or [IPv6]:PORT with a port from 0 to 65535")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            raise ConfigError(f"{text}: expected an IP address before the port, got {host!r}") from None
        if (address.version == 6) is not bracketed:
            raise ConfigError(f"{text}: expected {'[IPv6]:PORT' if address.version == 6 else 'ADDRESS:PORT'}")
        return cls(str(address), int(port))

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the file and the command line say together."""

    dns: tuple[Listen, ...] = ()  # (): 127.0.0.1:5300, and [::1]:5300 where there is IPv6
    web: str = ""  # ADDR:PORT of the page, or off; "": as the command has it
    web_tls: str = "off"  # ADDR:PORT of the page over HTTPS, beside `web`; off: as it is switched on the page
    child: str = "off"  # ADDR:PORT of the child's page; 80 for the block mode `page`
    metrics: str = "off"  # ADDR:PORT of /metrics for Prometheus, or off; loopback unless the operator says otherwise
    upstreams: tuple[str, ...] = DEFAULT_UPSTREAMS  # canonical URLs (model/upstream.py)
    workers: int = 1  # 1..64
    block: str = ""  # shape of a blocked answer; "": as the household says
    block_ttl_s: int = 10  # 1..60
    answer_ranges: tuple[str, ...] = ()  # prefixes that are answered beside the local ones
    forward_zones: tuple[ForwardZone, ...] = ()  # beside the household's
    rebind_allow: tuple[bytes, ...] = ()  # names that may lead to private addresses; beside the household's
    cache_mib: int = 16  # a worker, 1..1024
    rate_per_client: int = 500  # questions a second, 10..100000; twice as many at once
    own_name: bytes = b"\x07filterd\x04home\x04arpa\x00"  # the box's own name

    def to_json(self) -> dict[str, Any]:
        """Return a JSON document of these settings."""
        document = asdict(self)
        document["dns"] = [str(listen) for listen in self.dns]
        document["forward_zones"] = [{"zone": z.zone.hex(), "to": list(z.upstreams)} for z in self.forward_zones]
        document["rebind_allow"] = [name.hex() for name in self.rebind_allow]
        document["own_name"] = self.own_name.hex()
        json.dumps(document)  # a new field that does not fit is found by every test
        return document

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Settings:
        """Return the settings of a document made by `to_json`."""
        given = {f.name: document[f.name] for f in fields(cls) if f.name in document}
        for key in ("upstreams", "answer_ranges"):
            given[key] = tuple(given[key])
        given["dns"] = tuple(Listen.parse(text) for text in given["dns"])
        given["forward_zones"] = tuple(
            ForwardZone(bytes.fromhex(z["zone"]), tuple(z["to"])) for z in given["forward_zones"]
        )
        given["rebind_allow"] = tuple(bytes.fromhex(name) for name in given["rebind_allow"])
        given["own_name"] = bytes.fromhex(given["own_name"])
        return cls(**given)


def parse_web(text: str) -> str:
    """Return `off` or the canonical ADDR:PORT. Raises ConfigError."""
    return "off" if text.strip().lower() == "off" else str(Listen.parse(text))
