"""Ways round in this house: kept, answered, ended, alerted; the manager's part; the check; a replay by the command line."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from filterd.cli import main
from filterd.control import bypass_words, watch, watch_job
from filterd.control.bypass_steps import STEPS
from filterd.control.watch import LATER_S, MAX_KEPT, Kept, check, findings, ident_of
from filterd.control.watch_job import Ways
from filterd.errors import ConfigError
from filterd.model.bypass import SYSTEMS, Confidence, Finding, Kind
from filterd.model.decision import Action, Row
from filterd.model.event import Origin, Tail
from filterd.model.sighting import Kind as Seen
from filterd.model.sighting import Sighting
from filterd.presence.bypass_asks import AGAIN_S
from filterd.presence.identify import Identify
from filterd.wire.name import to_wire

MAC, ADDRESS = "02:aa:00:00:00:11", "192.0.2.11"
NOW = 1_796_058_000.0


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    monkeypatch.setattr(watch_job, "local_networks", lambda: (["192.0.2.2"], []))
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


def tail(name: str, action: Action = Action.ALLOW) -> Tail:
    return Tail(action, Row.DEFAULT, 1, 0, Origin.CACHE, to_wire(name))


def asked(ways: Ways, at: float, name: str) -> None:
    ways.take([(int(at * 1000), bytes((192, 0, 2, 11)), tail(name))])


def vpn(state: Path, at: float = NOW) -> Ways:
    """A manager's part that has found a VPN."""
    ways = Ways(state)
    ways.addresses = {ADDRESS: MAC}
    asked(ways, at, "api.nordvpn.com")
    ways.step(at + 1)
    return ways


def test_a_way_is_found_kept_and_told_once(state: Path) -> None:
    ways = vpn(state)
    (kept,) = findings(state)
    assert (kept.finding.kind, kept.finding.mac, kept.is_open) == (Kind.VPN, MAC, True)
    assert [f.kind for f in ways.news()] == [Kind.VPN] and ways.news() == []
    assert Ways(state)._ways.keys() == {kept.id}  # a new manager knows it


def test_who_asks_without_a_hardware_address_is_not_watched(state: Path) -> None:
    ways = Ways(state)
    asked(ways, NOW, "api.nordvpn.com")
    ways.step(NOW + 1)
    assert findings(state) == []


def test_another_resolver_of_a_sighting(state: Path) -> None:
    ways = Ways(state)
    ways.step(NOW)
    for address in ("192.0.2.2", "198.51.100.53"):
        ways.sighting(Sighting(NOW + 1, Seen.DNS_SERVER, MAC, address, detail="dhcp"))
    ways.step(NOW + 2)
    assert [k.finding.facts["address"] for k in findings(state)] == ["198.51.100.53"]


def test_it_ends_when_it_is_not_seen_any_more_and_is_forgotten_later(state: Path) -> None:
    ways = vpn(state)
    ways.step(NOW + 7 * 3600)
    (kept,) = findings(state)
    assert kept.ended == NOW + 7 * 3600 and not kept.is_open
    ways.step(NOW + 40 * 86_400)
    assert findings(state) == []


def test_fine_and_back(state: Path) -> None:
    ways = vpn(state)
    ways.news()
    ident = findings(state)[0].id
    watch.fine(state, ident, "Hạnh")
    assert not findings(state)[0].is_open and check(state, NOW).ok
    ways.step(NOW + 60)
    asked(ways, NOW + 8 * 3600, "api.nordvpn.com")
    ways.step(NOW + 8 * 3600 + 1)
    assert ways.news() == []  # it is fine: no alert
    watch.not_fine(state, ident)
    assert findings(state)[0].is_open and not check(state, NOW).ok


def test_a_reminder_waits_an_hour(state: Path) -> None:
    vpn(state)
    watch.later(state, findings(state)[0].id, NOW)
    assert check(state, NOW + LATER_S - 1).ok and not check(state, NOW + LATER_S + 1).ok


def test_the_check_names_the_worst_and_the_device(state: Path) -> None:
    watch.save(state, [
        Kept(Finding(Kind.DOH, MAC, NOW, NOW, Confidence.LOW, {"name": "dns.google"})),
        Kept(Finding(Kind.SECOND_DNS, MAC, NOW, NOW, Confidence.HIGH, {"address": "198.51.100.53"}, "router")),
    ])  # fmt: skip
    found = check(state, NOW)
    assert (found.ok, found.reason, found.facts["count"], found.facts["device"]) == (False, "second_dns", 2, MAC)
    assert found.facts["watched"] is False


def test_a_router_that_merely_answers_is_said_kindly_and_is_no_failure(state: Path) -> None:
    chance = Finding(Kind.ROUTER_DNS, MAC, NOW, NOW, Confidence.LOW, {"address": "192.0.2.1", "offered": "answers"})
    watch.save(state, [Kept(chance)])
    assert check(state, NOW).ok and [kept.finding for kept in findings(state)] == [chance]  # the page has it
    title, why = bypass_words.told(chance)
    assert "hand-set DNS could use it" in why[1] and "đặt DNS bằng tay" in why[0]
    offered = replace(chance, facts={"address": "192.0.2.1", "offered": "dhcp"}, confidence=Confidence.HIGH)
    assert bypass_words.told(offered) != (title, why)
    watch.save(state, [Kept(chance), Kept(replace(offered, facts={"address": "192.0.2.7", "offered": "dhcp"}))])
    found = check(state, NOW)
    assert not found.ok and (found.facts["count"], found.facts["address"]) == (1, "192.0.2.7")


def test_watched_is_true_only_when_manager_and_presence_look(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from filterd.control import seen

    monkeypatch.setattr(seen, "is_watched", lambda *_: True)
    assert not watch.watched(state, NOW)
    Ways(state).step(NOW)
    assert watch.watched(state, NOW + 60) and not watch.watched(state, NOW + 600)
    monkeypatch.setattr(seen, "is_watched", lambda *_: False)
    assert not watch.watched(state, NOW + 60)


def test_unknown_ids_are_refused(state: Path) -> None:
    for act in (lambda: watch.fine(state, "x", "y"), lambda: watch.later(state, "x"), lambda: watch.one(state, "x")):
        with pytest.raises(ConfigError, match="there is no"):
            act()


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"layout":1,"ways":5}', '{"layout":1,"ways":[1,{"kind":"vpn"}]}', '{"layout":9}']
)
def test_damaged_files_are_nothing(state: Path, text: str) -> None:
    for name in (watch.FILE, watch.ANSWERS, watch_job.HABITS):
        (state / name).write_text(text)
    assert findings(state) == [] and check(state, NOW).ok
    vpn(state)
    assert len(findings(state)) == 1


def test_what_is_kept_is_bounded(state: Path) -> None:
    ways = Ways(state)
    ways.addresses = {
        f"192.0.{n >> 8}.{n & 255}": f"02:aa:00:00:{n >> 8:02x}:{n & 255:02x}" for n in range(MAX_KEPT + 20)
    }
    for n in range(MAX_KEPT + 20):
        ways.take([(int(NOW * 1000) + n, bytes((192, 0, n >> 8, n & 255)), tail("api.nordvpn.com"))])
    ways.step(NOW + 1)
    assert len(findings(state)) == MAX_KEPT and len(ways.news()) == 50


def test_a_full_disk_ends_nothing(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(watch, "write_atomic", full)
    vpn(state)
    assert findings(state) == []


def test_habits_come_back_with_the_next_manager(state: Path) -> None:
    ways = vpn(state)
    ways.close()
    assert MAC in Ways(state)._watch.document()["devices"]


def test_every_kind_has_words_and_every_system_steps() -> None:
    assert set(STEPS) == set(SYSTEMS)
    for kind in Kind:
        for sure in Confidence:
            finding = Finding(
                kind, MAC, NOW, NOW, sure, {"name": "a\x1b\nb", "address": "192.0.2.1", "silent_minutes": 20}
            )
            fields = bypass_words.fields(finding, "Máy\ncủa Lan")
            for both in bypass_words.told(finding):
                for text in both:
                    said = text.format(**fields)
                    assert said.isprintable() and "{" not in said


def test_replay_by_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "days.jsonl"
    lines = [
        {"record": "box", "addresses": ["192.0.2.2"]},
        {"at": NOW, "record": "question", "mac": MAC, "name": "api.nordvpn.com", "blocked": True},
        {
            "at": NOW + 60,
            "record": "sighting",
            "mac": MAC,
            "kind": "dns_server",
            "address": "198.51.100.53",
            "detail": "ra",
        },
    ]
    file.write_text("".join(f"{json.dumps(x)}\n" for x in lines) + "oops\n")
    done = CliRunner().invoke(main, ["watch", "--replay", str(file), "--json"])
    assert done.exit_code == 0, done.output
    found = [json.loads(x) for x in done.stdout.splitlines()]
    assert [(f["kind"], f["mac"], f["at"], f["confidence"]) for f in found] == [
        ("vpn", MAC, NOW, "low"), ("second_dns", MAC, NOW + 60, "high"),
    ]  # fmt: skip
    assert "line 4 skipped" in done.stderr
    done = CliRunner().invoke(main, ["watch", "--replay", "-"], input=file.read_text())
    assert done.exit_code == 0 and "vpn" in done.stdout
    assert CliRunner().invoke(main, ["watch", "--replay", str(tmp_path / "absent")]).exit_code == 1


def test_the_command_shows_what_the_box_has_found(state: Path) -> None:
    run = CliRunner()
    assert "not watched" in run.invoke(main, ["watch", "--state", str(state)]).stdout
    vpn(state, time.time())
    assert MAC in run.invoke(main, ["watch", "--state", str(state)]).stdout
    assert ident_of(f"vpn|{MAC}") == findings(state)[0].id


def test_an_address_that_two_devices_claim_is_found_kept_and_ends(state: Path) -> None:
    seen = Identify()
    for second, mac in enumerate((MAC, "02:aa:00:00:00:12", MAC)):
        seen.take(Sighting(NOW - 3 + second, Seen.ARP, mac, ADDRESS))
    ways = Ways(state)
    ways.conflicts(NOW + 1, seen.conflicts(NOW + 1))
    ways.step(NOW + 1)
    ways.conflicts(NOW + 2, seen.conflicts(NOW + 2))
    ways.step(NOW + 2)
    (kept,) = findings(state)
    assert kept.finding.kind is Kind.ADDRESS_CONFLICT and kept.finding.facts["address"] == ADDRESS and kept.is_open
    assert [f.kind for f in ways.news()] == [Kind.ADDRESS_CONFLICT]
    ways.conflicts(NOW + AGAIN_S + 3, seen.conflicts(NOW + AGAIN_S + 3))
    ways.step(NOW + AGAIN_S + 3)
    assert not findings(state)[0].is_open
