"""The maker of an adapter: from the registry, for real addresses alone."""

from __future__ import annotations

import pytest

from filterd.presence import vendor as module
from filterd.presence.vendor import vendor


def test_a_registered_address_has_its_maker() -> None:
    assert vendor("00:1d:c9:00:00:13") == "GainSpan Corp."
    assert "Apple" in vendor("00:03:93:12:34:56")


def test_a_made_up_an_unknown_and_no_address_have_none() -> None:
    for mac in ("02:1d:c9:00:00:13", "f0:ff:ff:ff:ff:fe", "01:00:5e:00:00:01", "", "x", "00:1d:c9"):
        assert vendor(mac) == ""


def test_without_the_registry_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    module._maker.cache_clear()
    monkeypatch.setattr(module, "_registry", lambda: None)
    assert vendor("00:1d:c9:00:00:13") == ""
    module._maker.cache_clear()
