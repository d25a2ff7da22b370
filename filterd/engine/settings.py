"""What an operator decides about a worker's engine. A parent's choices are in the snapshot, not here."""

from __future__ import annotations

from dataclasses import dataclass

from filterd.model.household import ForwardZone
from filterd.model.upstream import Upstream

MIB = 1024 * 1024
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Settings:
    """Immutable for the life of an engine."""

    upstreams: tuple[Upstream, ...]
    block_mode: str | None = None  # null | nxdomain | page; None: as the household says
    block_ttl_s: int = 10  # of blocked answers; 1..60
    cache_bytes: int = 16 * MIB  # 1 MiB ..
    max_inflight: int = 1000  # questions to upstreams under way at once
    max_inflight_per_client: int = 200  # clients' questions that wait for them
    rate_per_client: float = 500.0  # questions a second over UDP; as many again over TCP
    burst_per_client: float = 1000.0
    udp_cap: int = 1232  # bytes of the largest UDP answer
    lanes: int = 128  # sockets, each with its own random port, an upstream
    query_timeout_s: float = 4.5  # SERVFAIL (or a stale answer) at the latest
    stale_max_s: int = DAY_S  # how long after its end an answer may still be given when no upstream answers (RFC 8767)
    memo_entries: int = 34_000  # prepared answers (fast/memo.py), about 500 bytes each
    own_name: bytes = b"\x07filterd\x04home\x04arpa\x00"
    answer_ranges: tuple[str, ...] = ()  # prefixes that are served beside the local ones
    rebind_allow: tuple[bytes, ...] = ()  # names that may lead to private addresses, with all below them
    forward_zones: tuple[ForwardZone, ...] = ()  # beside the household's
    loop_key: bytes = b""  # the same in all workers of a box: whose loop question it is; b"": this worker's own
