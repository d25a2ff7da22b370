"""Lanes: what a forger would have to guess."""

from __future__ import annotations

import random

from filterd.engine.commands import Ask
from filterd.engine.lanes import Lanes
from filterd.engine.stats import Stats
from filterd.model.upstream import Upstream
from filterd.resolve.choose import Health
from filterd.resolve.inflight import Flight


def test_every_port_is_used_once_before_one_is_used_again() -> None:
    lanes = Lanes(128, random.Random(1), Stats())
    lanes.add_upstream()
    health = Health(0, Upstream("udp", "192.0.2.1"))
    out: list = []
    for n in range(256):
        name = b"\x04" + b"%04d" % n + b"\0"
        lanes.send(Flight(name, name, 1, False, False, 0, 0.0, 4.5), health, True, True, 0.0, out)
    used = [command.lane for command in out if isinstance(command, Ask)]
    assert sorted(used[:128]) == sorted(used[128:]) == list(range(128))
    assert used[:128] != used[128:]
