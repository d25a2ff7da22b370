"""The workers' counters as metrics: which of them, under which names and labels.

yield from worker_metrics([("0", {"queries": 17, ...}), ("1", None)])
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

# metric -> (help, label's name, {counter of the worker: label's value}); without a label: the counter alone
_COUNTERS: dict[str, tuple[str, str, dict[str, str]]] = {
    "questions": ("Questions that reached the engine.", "", {"queries": ""}),
    "events": ("Questions that were told to the log.", "", {"events": ""}),
    "decisions": (
        "Questions that were not simply allowed.",
        "action",
        {"blocked": "block", "rewritten": "rewrite", "local": "local"},
    ),
    "answers": (
        "Answers by where they came from; cache and memo asked nobody.",
        "origin",
        {"memo_hits": "memo", "cache_hits": "cache", "stale": "stale", "forwarded": "upstream"},
    ),
    "coalesced": ("Questions that joined one under way.", "", {"coalesced": ""}),
    "prefetches": ("Cached answers that were renewed before their end.", "", {"prefetches": ""}),
    "failed_answers": (
        "Answers that are none, by rcode.",
        "rcode",
        {"servfail": "servfail", "refused": "refused", "errors": "formerr"},
    ),
    "truncated": ("Answers that were cut to a datagram.", "", {"truncated": ""}),
    "dropped": (
        "Questions without a proper answer.",
        "reason",
        {"drop_malformed": "malformed", "drop_acl": "outsider", "drop_rate": "rate", "drop_busy": "busy"},
    ),
    "upstream_problems": (
        "What upstreams sent or did not send.",
        "problem",
        {
            "upstream_bad": "mismatch",
            "upstream_unexpected": "unexpected",
            "upstream_malformed": "malformed",
            "upstream_no_edns": "no_edns",
            "upstream_timeouts": "timeout",
            "upstream_errors": "unreachable",
        },
    ),
    "upstream_tcp": ("Questions to upstreams over TCP.", "", {"upstream_tcp": ""}),
    "loops": ("Our own loop questions that came back.", "", {"loops": ""}),
    "cache_evicted": ("Facts that had to leave the cache.", "", {"cache_evicted": ""}),
    "swaps": ("Revisions taken into service.", "", {"swaps": ""}),
    "reload_refused": ("Revisions that were not taken into service.", "", {"reload_refused": ""}),
    "failures": ("Bugs that were caught.", "", {"failures": ""}),
    "unsent": ("Answers that the kernel did not take.", "", {"unsent": ""}),
    "events_lost": ("Events without a ring to go to.", "", {"events_lost": ""}),
}
_GAUGES = {
    "revision": "Revision in force in the worker.",
    "clients": "Clients seen lately.",
    "cache_facts": "Facts in the cache.",
    "cache_bytes": "Size of the cache.",
    "inflight": "Questions that wait for an upstream.",
    "upstreams": "Upstreams.",
    "upstreams_down": "Upstreams that do not answer.",
    "upstreams_looping": "Upstreams that lead back to us.",
    "tcp_connections": "Open TCP connections.",
    "clock_trusted": "1 when the worker's clock is known to be right.",
}


def worker_metrics(asked: Sequence[tuple[str, dict[str, Any] | None]]) -> Iterable[Metric]:
    """Yield what the workers said; `asked`: number of the worker, its counters or None when it does not answer."""
    up = GaugeMetricFamily("filterd_worker_up", "1 when the worker answers.", labels=("worker",))
    for name, stats in asked:
        up.add_metric((name,), int(stats is not None))
    yield up
    answering = [(name, stats) for name, stats in asked if stats is not None]
    for metric, (help_, label, keys) in _COUNTERS.items():
        labels = ("worker", label) if label else ("worker",)
        counter = CounterMetricFamily(f"filterd_worker_{metric}", help_, labels=labels)
        for name, stats in answering:
            for key, value in keys.items():
                if isinstance(n := stats.get(key), int):
                    counter.add_metric((name, value) if label else (name,), n)
        yield counter
    for metric, help_ in _GAUGES.items():
        gauge = GaugeMetricFamily(f"filterd_worker_{metric}", help_, labels=("worker",))
        for name, stats in answering:
            if isinstance(n := stats.get(metric), int):
                gauge.add_metric((name,), n)
        yield gauge
