"""The client map: addresses and the MACs seen at them."""

from __future__ import annotations

import pytest

from filterd.errors import LayoutError
from filterd.policy import clients
from filterd.policy.clients import ClientMap, dump

MAC = "02:1a:2b:3c:4d:5e"


def test_a_map_is_read_back() -> None:
    loaded = ClientMap.load(dump({"192.0.2.7": MAC, "2001:db8::7": MAC}))
    assert (loaded.mac("192.0.2.7"), loaded.mac("2001:db8::7"), loaded.mac("192.0.2.8"), len(loaded)) == (
        MAC,
        MAC,
        "",
        2,
    )


def test_the_same_mapping_gives_the_same_bytes() -> None:
    assert dump({"a": MAC, "b": MAC}) == dump({"b": MAC, "a": MAC})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"layout": 2, "macs": {}}',
        b'{"layout": 1}',
        b'{"layout": 1, "macs": []}',
        b'{"layout": 1, "macs": {"192.0.2.7": 7}}',
        b'{"layout": 1, "macs": {"192.0.2.7": "02:1A:2B:3C:4D:5E"}}',
        b'{"layout": 1, "macs": {"192.0.2.7": "02-1a-2b-3c-4d-5e"}}',
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(LayoutError, match="client map"):
        ClientMap.load(data)


def test_too_many_addresses_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "MAX_ENTRIES", 1)
    with pytest.raises(LayoutError, match="at most 1"):
        ClientMap.load(dump({"a": MAC, "b": MAC}))
