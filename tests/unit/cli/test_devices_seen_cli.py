"""`filterd devices`: who is on the network, in words and as JSON."""

from __future__ import annotations

import json
import time
from pathlib import Path

from filterd.cli.devices_seen import devices
from filterd.control.seen import FILE
from filterd.host.run import run_dir
from tests.unit.cli.told import document, result, run, state

__all__ = ["state"]  # a fixture

PHONE, NEW = "02:00:00:00:00:01", "da:00:00:00:00:02"


def saw(state: Path, heard: float | None = None) -> None:
    """What the manager shows."""
    now = time.time()
    rows = {
        PHONE: {"first": now - 9e5, "last": now - 7200, "names": ["Anna-Pixel"], "fingerprint": "1,3", "addresses": []},
        NEW: {
            "first": now - 600, "last": now - 60, "asked": now - 70, "names": ["Anna-Pixel"], "fingerprint": "1,3",
            "addresses": ["192.0.2.77"],
        },
        "00:1d:c9:00:00:13": {"first": now, "last": now - 90, "names": ["x\x1b[31m"], "vendor": "GainSpan Corp."},
    }  # fmt: skip
    body = {"layout": 1, "at": now, "heard": now if heard is None else heard, "devices": rows}
    (run_dir(state) / FILE).write_text(json.dumps(body))


def test_known_and_new_ones_with_what_they_may_be(state: Path) -> None:
    saw(state)
    lines = run(state, devices).splitlines()
    assert lines[0].startswith(f"{NEW}  new; calls itself 'Anna-Pixel'; private address; 192.0.2.77; last ")
    assert lines[1] == "    maybe phone again: name, dhcp, quiet"
    assert "GainSpan Corp." in lines[2] and "\x1b" not in lines[2]
    assert "Phone (phone)" in lines[3]
    assert len(run(state, devices, "--new").splitlines()) == 3
    told = document(state, devices)
    assert told["watched"] and [d["device"] for d in told["devices"]] == [None, None, "phone"]
    assert told["devices"][0]["maybe"] == [{"device": "phone", "reasons": ["name", "dhcp", "quiet"]}]


def test_without_presence_it_says_what_that_means(state: Path) -> None:
    done = result(state, devices)
    assert done.stdout == "nobody was seen\n" and "presence does not look" in done.stderr
    saw(state, heard=time.time() - 3600)
    assert "presence does not look" in result(state, devices).stderr
