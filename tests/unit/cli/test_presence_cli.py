"""`filterd presence` and `filterd scan`: what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from filterd.cli import main
from filterd.cli import presence as module
from filterd.errors import StartError
from filterd.model.sighting import Kind, Sighting, encode

PHONE, ROUTER, TV = "02:aa:00:00:00:11", "02:aa:00:00:00:01", "00:00:5e:00:53:01"
FOUND = [
    Sighting(5.0, Kind.SCAN, PHONE, "192.0.2.11", interface="eth0"),
    Sighting(5.0, Kind.SCAN, PHONE, "192.0.2.9", interface="eth0"),
    Sighting(5.0, Kind.MDNS, PHONE, "192.0.2.11", "Lans-iPhone", interface="eth0"),
    Sighting(5.0, Kind.SCAN, TV, "fd00::5", interface="eth0"),
    Sighting(5.0, Kind.RA, ROUTER, "fe80::1", detail="lifetime=1800", interface="eth0"),
    Sighting(5.0, Kind.SCAN, ROUTER, "192.0.2.1", interface="eth0"),
    Sighting(5.0, Kind.DNS_SERVER, ROUTER, "198.51.100.53", detail="dhcp", interface="eth0"),
    Sighting(5.0, Kind.DNS_SERVER, ROUTER, "198.51.100.53", detail="ra", interface="eth0"),
]


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """A scan that finds FOUND; what it was asked."""
    asked: list[tuple[str, float]] = []

    def ask(interface: str, seconds: float) -> list[Sighting]:
        asked.append((interface, seconds))
        return FOUND

    monkeypatch.setattr(module, "_ask", ask)
    monkeypatch.setattr("filterd.presence.sniff.may_sniff", lambda: "")
    return asked


def test_a_scan_shows_devices_and_who_hands_out_resolvers(answered: list[tuple[str, float]], tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["scan", "--state", str(tmp_path), "--interface", "eth0", "--seconds", "2"])
    assert done.exit_code == 0 and answered == [("eth0", 2.0)]
    assert done.output.splitlines() == [
        "3 devices answered",
        "  02:aa:00:00:00:01  192.0.2.1 fe80::1  (private address)",
        "  02:aa:00:00:00:11  192.0.2.9 192.0.2.11  (Lans-iPhone, private address)",
        "  00:00:5e:00:53:01  fd00::5  (ICANN, IANA Department)",
        "resolvers that are handed out:",
        "  198.51.100.53 by 02:aa:00:00:00:01 (dhcp, ra)",
    ]


def test_as_json_it_is_one_sighting_a_line(answered: list[tuple[str, float]], tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["scan", "--state", str(tmp_path), "--json"])
    assert done.output.encode() == b"".join(encode(sighting) + b"\n" for sighting in FOUND)


def test_nobody_there() -> None:
    assert module.said([], lambda _: "") == ["0 devices answered", "nobody hands out a resolver"]


@pytest.mark.parametrize("command", ["scan", "presence"])
def test_without_the_right_it_says_what_it_needs(command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("filterd.presence.sniff.may_sniff", lambda: "a raw socket needs root or CAP_NET_RAW")
    done = CliRunner().invoke(main, [command, "--state", str(tmp_path)])
    assert done.exit_code == 1 and "a raw socket needs root or CAP_NET_RAW" in done.output


def test_a_scan_that_fails_says_why() -> None:
    with pytest.raises(
        StartError, match="the scan failed: (no interface none7 to scan|a scan sends packets of its own)"
    ):
        module._ask("none7", 1.0)


@pytest.mark.parametrize(("words", "environment", "asks"), [
    ([], {}, True), (["--no-ask"], {}, False), ([], {"FILTERD_PRESENCE_ASK": "0"}, False),
    (["--ask"], {"FILTERD_PRESENCE_ASK": "no"}, True),
])  # fmt: skip
def test_the_operator_may_have_it_listen_only(
    words: list[str], environment: dict[str, str], asks: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    documents: list[dict[str, object]] = []
    monkeypatch.setattr("filterd.presence.sniff.may_sniff", lambda: "")
    monkeypatch.setattr("filterd.host.child.memory_file", lambda document: documents.append(document) or 7)
    monkeypatch.setattr(module.os, "execv", lambda *_: None)
    done = CliRunner().invoke(main, ["presence", "--state", str(tmp_path), *words], env=environment)
    assert done.exit_code == 0 and [document["ask"] for document in documents] == [asks]


def test_up_passes_the_choice_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[bool] = []
    monkeypatch.setattr("filterd.up.up", lambda *_, presence_ask, **__: given.append(presence_ask) or 0)
    for words in ([], ["--no-presence-ask"]):
        done = CliRunner().invoke(main, ["up", "--state", str(tmp_path), *words])
        assert done.exit_code == 0, done.output
    assert given == [True, False]
