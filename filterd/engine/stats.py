"""Counters of one worker. They only grow."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Stats:
    """Plain integers: the hot path adds to them by name."""

    queries: int = 0  # datagrams and messages that reached the engine; the inner loop counts its own
    events: int = 0
    blocked: int = 0
    local: int = 0
    rewritten: int = 0
    cache_hits: int = 0
    stale: int = 0  # answers given after their time
    forwarded: int = 0  # clients' questions that waited for an upstream
    coalesced: int = 0  # of which joined a question that was under way
    prefetches: int = 0
    servfail: int = 0
    truncated: int = 0
    refused: int = 0
    errors: int = 0  # malformed questions
    drop_malformed: int = 0  # of which did not even get an error answer
    drop_acl: int = 0  # outsiders without an answer
    drop_rate: int = 0  # over the client's limit, without an answer
    drop_busy: int = 0  # too much under way: SERVFAIL
    loops: int = 0  # our own loop questions that came back
    swaps: int = 0
    upstream_bad: int = 0  # answers that fit no question, though the id did
    upstream_unexpected: int = 0  # answers to nothing
    upstream_malformed: int = 0
    upstream_folded: int = 0  # right but for the case of the letters
    upstream_no_edns: int = 0
    upstream_tcp: int = 0  # questions over TCP
    upstream_timeouts: int = 0
    upstream_errors: int = 0  # ICMP unreachable

    def as_dict(self) -> dict[str, int]:
        """Return name -> count."""
        return asdict(self)
