"""Alerts: each once, within a step, exactly counted whatever crashes, and nothing that nobody may know."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from filterd.control import alerts_attempts, alerts_harm
from filterd.control import alerts_rows as rows
from filterd.control.alerts import RETRY_S, Alerts
from filterd.control.alerts_harm import BURST_HITS, BURST_MINUTES, QUIET_MINUTES
from filterd.control.ingest import COMMIT_S
from filterd.control.retention import delete
from filterd.errors import ConfigError, StoreError
from filterd.model.alert import AlertKind
from filterd.model.change import Who
from filterd.store.activity import open_activity
from filterd.store.engine import writing
from tests.unit.control.alerts_data import HOUSE, MINUTE, NEW_MAC, NOW, OLD_MAC, Home, home, memory
from tests.unit.control.ring_data import START
from tests.unit.control.ring_data import rows as sql

__all__ = ["home"]  # a fixture
HOUR = 3_600_000
DAY = 86_400_000


def test_the_first_hit_of_a_day_is_an_alert_within_a_step(home: Home) -> None:
    home.harm(START + 5)
    home.worker.ask("www.example.org", START, blocked=True, category="ads")
    home.worker.ask("www.example.org", START, category="gambling")  # allowed: nothing happened
    assert home.step() is True
    assert home.brief == [("harm_first", "lan", "gambling", 1)]
    alert = home.found[0]
    assert (alert.at_ms, alert.last_at_ms, alert.device, alert.state) == (START + 5, START + 5, "pad", "new")
    assert len(alert.uid) == 16 and "bet" not in str(alert)
    assert sql(home.state, "SELECT count(*) FROM event") == [(0,)]  # long before the questions are stored
    assert home.step() is False


def test_more_of_it_raises_the_count_when_the_questions_are_stored(home: Home) -> None:
    for n in range(3):
        home.harm(START + n)
        home.step()
    home.harm(START + 3, qtype=28)  # the same visit asks for AAAA too
    home.step()
    assert home.brief == [("harm_first", "lan", "gambling", 1)]
    assert home.commit()
    assert home.brief == [("harm_first", "lan", "gambling", 3)] and home.found[0].last_at_ms == START + 3
    home.harm(START + 9)
    home.step()
    assert home.commit() and home.brief == [("harm_first", "lan", "gambling", 4)]


def test_a_visit_of_a_client_that_asks_for_one_type_alone_is_an_alert(home: Home) -> None:
    home.harm(qtype=65)
    assert home.step() and home.commit()
    assert home.brief == [("harm_first", "lan", "gambling", 1)]


def test_profile_category_and_local_day_make_an_alert_of_their_own(home: Home) -> None:
    midnight = int(datetime(2026, 11, 25, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).timestamp() * 1000)
    for at_ms in (midnight - 1, midnight):
        for profile in ("lan", "tuan"):
            for category in ("gambling", "drugs"):
                home.harm(at_ms, category, profile=profile)
    home.step()
    assert len(home.found) == 8 and {a.count for a in home.found} == {1}
    assert Counter(a.key.split("|")[0] for a in home.found) == {"2026-11-24": 4, "2026-11-25": 4}


def test_a_manager_that_was_killed_counts_nothing_twice(home: Home) -> None:
    for n in range(4):
        home.harm(START + n)
    home.step()
    home.commit()
    for n in range(2):
        home.harm(START + 10 + n)
        home.harm(START + 10 + n, "drugs")
    home.step()
    before = [(a.id, a.uid) for a in home.found]
    assert home.brief == [("harm_first", "lan", "gambling", 4), ("harm_first", "lan", "drugs", 2)]
    home.kill()
    assert home.step() is False  # it reads the same four again
    home.commit()
    assert home.brief == [("harm_first", "lan", "gambling", 6), ("harm_first", "lan", "drugs", 2)]
    assert [(a.id, a.uid) for a in home.found] == before


def test_a_flush_that_is_lost_comes_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.harm()
    home.ingest.step(NOW)  # no step of the alerts: the flush is the first to write
    real = alerts_attempts.Attempts.write

    def lost(self: alerts_attempts.Attempts, connection: sa.Connection, *, settle: bool) -> int:
        real(self, connection, settle=settle)
        raise StoreError("no")

    with monkeypatch.context() as patched:
        patched.setattr(alerts_attempts.Attempts, "write", lost)
        assert home.commit()  # the questions are stored, the alerts' part of it is not
    assert home.brief == []
    assert home.alerts.step(NOW) is True or home.commit()
    home.harm(START + 1)
    home.step()
    home.commit()
    assert home.brief == [("harm_first", "lan", "gambling", 2)]


def test_a_transaction_that_fails_after_the_flush_settles_nothing(home: Home) -> None:
    home.harm()
    home.ingest.step(NOW)
    engine = open_activity(home.state)
    with pytest.raises(StoreError, match="full"), writing(engine, "activity") as connection:
        home.alerts.flush(connection)
        raise StoreError("full")
    engine.dispose()
    assert home.brief == []
    home.commit()
    assert home.brief == [("harm_first", "lan", "gambling", 1)]


def test_what_a_flush_finds_first_is_told_by_the_next_step(home: Home) -> None:
    home.harm()
    home.ingest.step(NOW)
    home.commit()
    assert home.alerts.step(NOW) is True and home.alerts.step(NOW) is False


# --- bursts ---


def test_many_attempts_within_minutes_are_a_burst_once_an_hour(home: Home) -> None:
    for n in range(BURST_HITS - 1):
        home.harm(START + n * MINUTE, "gambling" if n % 2 else "drugs")
        home.step()
    assert not home.of("harm_burst")
    home.harm(START + (BURST_HITS - 1) * MINUTE, "gambling")
    assert home.step() is True
    (burst,) = home.of("harm_burst")
    assert (burst.count, burst.at_ms) == (BURST_HITS, START + (BURST_HITS - 1) * MINUTE)
    assert burst.detail["categories"] == ["drugs", "gambling"]
    for n in range(BURST_HITS, 60):
        home.harm(START + n * MINUTE, "adult")
        home.step()
        if n % 7 == 0:
            home.commit()
    home.commit()
    (burst,) = home.of("harm_burst")
    assert burst.count == 60 and burst.detail["categories"] == ["drugs", "gambling", "adult"]
    assert burst.last_at_ms == START + 59 * MINUTE
    for n in range(60, 60 + BURST_MINUTES + 1):
        home.harm(START + n * MINUTE, "adult")
        home.step()
    home.commit()
    assert [b.count for b in home.of("harm_burst")] == [69, 2]  # an hour later it is said again


def test_a_slow_trickle_is_no_burst(home: Home) -> None:
    for n in range(40):
        home.harm(START + n * 70_000)
        home.step()
        if n % 5 == 0:
            home.commit()
    assert not home.of("harm_burst")


def test_a_burst_is_of_one_profile_over_its_devices(home: Home) -> None:
    for n in range(BURST_HITS - 1):
        home.harm(START + n, profile="lan")
        home.harm(START + n, profile="tuan", device="")
    home.step()
    assert not home.of("harm_burst")
    home.harm(START + 50, device="phone")
    home.step()
    (burst,) = home.of("harm_burst")
    assert (burst.profile, burst.device, burst.count) == ("lan", "pad", BURST_HITS)


@pytest.mark.parametrize("killed", [False, True])
def test_a_burst_across_a_batch_and_a_restart_is_one(home: Home, killed: bool) -> None:
    for n in range(6):
        home.harm(START + n * 30_000)
    home.step()
    home.commit()
    if killed:
        home.kill()
    for n in range(6, 12):
        home.harm(START + n * 30_000)
        home.step()
    (burst,) = home.of("harm_burst")
    home.commit()
    (after,) = home.of("harm_burst")
    assert (burst.id, after.count) == (after.id, 12)
    if killed:
        home.kill()
    home.harm(START + 20 * 30_000)
    home.step()
    home.commit()
    (after,) = home.of("harm_burst")
    assert after.count == 13


# --- what may be known ---


def test_abuse_is_known_by_its_hour_alone(home: Home) -> None:
    for n in range(BURST_HITS + 2):
        home.harm(START + 1_234_567 + n, "abuse", "hurt.example.org")
    home.step()
    home.commit()
    assert home.brief == [("harm_first", "lan", "abuse", 12), ("harm_burst", "lan", "abuse", 12)]
    for at, last_at, detail, key in sql(home.state, "SELECT at, last_at, detail, key FROM alert WHERE state = 'new'"):
        assert at % HOUR == 0 and last_at % HOUR == 0 and abs(at - START) <= HOUR
        assert str((START + 1_234_567) // MINUTE)[:8] not in detail + key
    for file in home.state.iterdir():
        assert b"hurt" not in file.read_bytes()


def test_counts_keep_no_more_than_the_hour(home: Home) -> None:
    home.level("counts")
    home.harm(START + 1_234_567)
    home.step()
    home.commit()
    (alert,) = home.found
    assert alert.at_ms % HOUR == 0 and alert.count == 1


def test_nothing_means_nothing(home: Home) -> None:
    home.harm()
    home.step()
    home.level("nothing")
    home.harm(START + 1, "drugs")
    home.alerts.neighbours({"192.0.2.1": OLD_MAC})
    home.step()
    home.commit()
    assert home.found == []
    home.level("everything")
    home.harm(START + 2, "adult")
    home.step()
    assert home.brief == [("harm_first", "lan", "adult", 1)]


def test_no_name_of_a_site_is_kept(home: Home) -> None:
    for n in range(BURST_HITS):
        home.harm(START + n, "adult", "very-secret-name.example.org", rule="secret-rule", service="secret-app")
    home.step()
    home.commit()
    for row in sql(home.state, "SELECT * FROM alert"):
        assert "secret" not in str(row)


@pytest.mark.parametrize("stored", [False, True])
def test_what_a_person_deletes_is_gone_and_does_not_come_back(home: Home, stored: bool) -> None:
    home.harm(START, profile="lan")
    home.harm(START, profile="tuan")
    home.step()
    if stored:
        home.commit()
    delete(home.state, profile="lan", now=NOW + 60)
    assert [a.profile for a in home.found] == ["tuan"]
    home.step(NOW + 61)
    home.commit(NOW + 61)
    home.kill()
    home.step(NOW + 62)
    home.commit(NOW + 62)
    assert home.brief == [("harm_first", "tuan", "gambling", 1)]
    home.harm(START + 120_000, profile="lan")  # afterwards
    home.step(NOW + 130)
    home.commit(NOW + 130)
    assert sorted(home.brief) == [("harm_first", "lan", "gambling", 1), ("harm_first", "tuan", "gambling", 1)]


def test_deleting_in_the_middle_of_a_minute_keeps_what_came_after(home: Home) -> None:
    home.harm(START + 1000)
    home.harm(START + 3000)
    home.ingest.step(NOW + 4)
    delete(home.state, device="pad", now=NOW + 2)
    home.alerts.step(NOW + 5)
    home.commit(NOW + 5)
    (alert,) = home.found
    assert (alert.count, alert.at_ms) == (1, START + 3000)


def test_delete_alerts_takes_what_it_is_told(home: Home) -> None:
    home.harm(START, profile="lan")
    home.harm(START + 5, "drugs", profile="tuan", device="pc")
    home.step()
    home.alerts.neighbours({"192.0.2.1": OLD_MAC})
    engine = open_activity(home.state)
    with writing(engine, "activity") as connection:
        assert rows.delete_alerts(connection, profile="lan", device="pc") == 0
        assert rows.delete_alerts(connection, profile="lan") == 1
        assert rows.delete_alerts(connection, before_ms=START + 5) == 0
        assert rows.delete_alerts(connection, before_ms=START + 6) == 1
        assert rows.memory(connection) is not None
        assert rows.delete_alerts(connection) == 1 and rows.memory(connection) is None
    engine.dispose()


# --- devices ---


def test_who_is_there_at_the_very_first_run_is_no_news(home: Home) -> None:
    home.alerts.neighbours({"192.0.2.1": OLD_MAC})
    assert home.step(NOW) is False
    home.alerts.neighbours({"192.0.2.1": OLD_MAC, "192.0.2.9": "3c:00:00:00:00:09"})
    assert home.step(NOW + 599) is False
    assert home.found == [] and set(memory(home.state)["macs"]) == {OLD_MAC, "3c:00:00:00:00:09"}
    home.alerts.neighbours({"192.0.2.1": OLD_MAC, "192.0.2.2": NEW_MAC})
    assert home.step(NOW + 601) is True
    (alert,) = home.found
    assert alert.kind is AlertKind.NEW_DEVICE
    assert {k: v for k, v in alert.detail.items() if k != "uid"} == {
        "mac": NEW_MAC,
        "address": "192.0.2.2",
        "private": False,
    }


def test_a_new_device_is_told_once_also_after_a_restart(home: Home) -> None:
    home.alerts.neighbours({"192.0.2.1": OLD_MAC})
    home.step(NOW)
    home.kill()
    private = "da:00:00:00:00:07"
    for now in (NOW + 700, NOW + 701):
        home.alerts.neighbours({"192.0.2.1": OLD_MAC, "fe80::7": private, "192.0.2.7": private})
        home.step(now)
    home.kill()
    home.alerts.neighbours({"192.0.2.1": OLD_MAC})
    home.step(NOW + 702)
    home.alerts.neighbours({"192.0.2.7": private})
    assert home.step(NOW + 703) is False
    (alert,) = home.found
    assert alert.detail["mac"] == private and alert.detail["private"] is True


def test_a_device_of_the_household_is_no_news(home: Home) -> None:
    home.step(NOW)
    home.alerts.neighbours({"192.0.2.1": HOUSE.devices[0].mac})
    assert home.step(NOW + 700) is False and home.found == []


def test_a_device_that_could_not_be_written_is_told_later(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.step(NOW)

    def full(*_: object) -> None:
        raise StoreError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("filterd.control.alerts_rows.remember", full)
        home.alerts.neighbours({"192.0.2.2": NEW_MAC})
        home.harm()
        assert home.step(NOW + 700) is False
    assert home.found == []
    assert home.step(NOW + 701) is False  # not at once again
    home.clock.now += RETRY_S
    assert home.step(NOW + 711) is True
    assert {a.kind for a in home.found} == {AlertKind.NEW_DEVICE, AlertKind.HARM_FIRST}


def test_a_crowd_of_strangers_is_few_alerts_and_little_memory(home: Home) -> None:
    home.step(NOW)
    for part in range(6):
        crowd = {f"10.0.{n >> 8}.{n & 255}": f"3c:{part:02x}:00:00:{n >> 8:02x}:{n & 255:02x}" for n in range(1000)}
        home.alerts.neighbours(crowd)
        home.step(NOW + 700 + part)
    found = home.found
    assert len(found) == 11 and found[-1].detail["many"] is True and found[-1].count == 5990
    assert len(memory(home.state)["macs"]) == 4096
    assert set(crowd.values()) <= set(memory(home.state)["macs"])


def test_forgetting_everything_forgets_who_was_there(home: Home) -> None:
    home.alerts.neighbours({"192.0.2.1": OLD_MAC})
    home.step(NOW)
    home.alerts.neighbours({"192.0.2.2": NEW_MAC})
    home.step(NOW + 700)
    delete(home.state, everything=True, now=NOW + 701)
    assert home.found == []
    home.harm(START + 702_000)
    home.step(NOW + 703)
    assert [a.kind for a in home.found] == [AlertKind.HARM_FIRST]
    assert memory(home.state)["macs"] == [NEW_MAC]  # who is here now, and nobody else


# --- bounds ---


def test_rows_are_bounded_by_age_and_number(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(9):
        home.harm(START + n * DAY)
    home.step()
    assert len(home.found) == 9
    monkeypatch.setattr(rows, "KEPT_ROWS", 5)
    home.clock.now += 3601
    home.step(NOW + 91 * 86_400)
    assert [a.at_ms for a in home.found] == [START + n * DAY for n in range(4, 9)]
    home.clock.now += 3601
    home.step(NOW + 97 * 86_400)
    assert [a.at_ms for a in home.found] == [START + n * DAY for n in range(7, 9)]
    assert memory(home.state)["macs"] == []


def test_minutes_that_wait_are_bounded(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts_harm, "MAX_BUCKETS", 50)
    monkeypatch.setattr(alerts_attempts, "MAX_KNOWN", 20)
    for n in range(200):
        home.harm(START + n, profile=f"p{n}")
    home.step()
    hits = home.alerts._attempts._hits
    assert len(hits.pending) == 50 and hits.dropped == 150 and len(home.found) == 50
    assert len(home.alerts._attempts._known) <= 21
    home.commit()
    assert len(home.found) == 50


def test_a_hostile_category_is_nothing(home: Home) -> None:
    for category in ("x\r\nBcc: a@b", "GAMBLING", "", "gambling ", "\u202egambling", "own-list"):
        home.harm(START, category)
    assert home.step() is False and home.found == []


def test_without_any_store_nothing_is_made(tmp_path: Path) -> None:
    alerts = Alerts(tmp_path)
    alerts.neighbours({"192.0.2.1": OLD_MAC})
    assert alerts.step(NOW) is False
    alerts.close()
    assert list(tmp_path.iterdir()) == []


# --- seen ---


def test_seen_is_seen_and_says_by_whom(home: Home) -> None:
    for category in ("gambling", "drugs", "adult"):
        home.harm(START, category)
    home.step()
    first, second, third = (a.id for a in home.found)
    assert rows.mark_seen(home.state, Who("mẹ"), [first]) == 1
    assert rows.mark_seen(home.state, Who("bố"), [first, second]) == 1
    assert [a.id for a in rows.list_alerts(home.state, unseen=True)] == [third]
    assert [a.detail.get("seen_by") for a in home.found] == ["mẹ", "bố", None]
    with pytest.raises(ConfigError, match="there is no 99"):
        rows.mark_seen(home.state, Who(), [99, third])
    assert rows.mark_seen(home.state, Who()) == 1 and rows.mark_seen(home.state, Who()) == 0
    assert [a.id for a in rows.list_alerts(home.state, limit=1, before=third)] == [second]
    home.harm(START + 5, home.found[0].detail["category"])
    home.step()
    home.commit()
    assert home.found[0].count == 2 and home.found[0].state == "seen"


def test_nothing_was_ever_kept(tmp_path: Path) -> None:
    assert rows.list_alerts(tmp_path) == [] and rows.mark_seen(tmp_path, Who()) == 0
    with pytest.raises(ConfigError, match="there is no 1"):
        rows.mark_seen(tmp_path, Who(), [1])
    assert list(tmp_path.iterdir()) == []


# --- any order of events, batches and crashes ---


@pytest.mark.parametrize("seed", range(12))
def test_any_batches_and_crashes_give_the_rows_of_a_model(home: Home, seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    asked: list[tuple[int, str, str]] = []
    at_ms = START
    for _ in range(60):
        for _ in range(dice.randrange(4)):
            at_ms += dice.choice((0, 500, 20_000, 90_000, 40 * MINUTE))
            profile, category = dice.choice(("lan", "tuan")), dice.choice(("gambling", "abuse", "drugs"))
            # the two rings of a worker, and several workers, are not read in the order of time
            late = at_ms - dice.choice((0, 0, 0, 3000))
            home.harm(late, category, profile=profile)
            asked.append((late, profile, category))
        home.ingest.step(NOW)
        match dice.randrange(6):
            case 0:
                home.commit()
            case 1:
                home.kill()
            case 2 | 3:
                home.alerts.step(NOW)
            case 4:
                home.clock.now += COMMIT_S
    home.ingest.step(NOW)
    home.commit()
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    model = Counter((datetime.fromtimestamp(t / 1000, zone).date().isoformat(), p, c) for t, p, c in asked)
    firsts = home.of("harm_first")
    assert Counter({tuple(a.key.split("|")): a.count for a in firsts}) == model
    assert len({a.key for a in firsts}) == len(firsts) == len(model)
    for profile in ("lan", "tuan"):
        times = sorted(t // MINUTE for t, p, _ in asked if p == profile)
        bursts = [a for a in home.of("harm_burst") if a.profile == profile]
        spans = sorted((a.detail["from"], a.detail["until"]) for a in bursts)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))  # nothing twice
        for alert in bursts:
            if not alert.detail["cut"]:
                inside = sum(alert.detail["from"] <= t < alert.detail["until"] for t in times)
                assert alert.count <= inside and alert.count >= BURST_HITS - 1
        plain = sorted(t // MINUTE for t, p, c in asked if p == profile and c != "abuse")
        for n in range(len(plain) - BURST_HITS + 1):  # no burst of what can be recalled is missed
            if plain[n + BURST_HITS - 1] - plain[n] < BURST_MINUTES:
                assert any(s - QUIET_MINUTES <= plain[n + BURST_HITS - 1] < e for s, e in spans), (plain[n], spans)


def test_a_step_without_news_touches_no_file(home: Home) -> None:
    for n in range(BURST_HITS):
        home.harm(START + n)
    home.step()
    home.commit()
    before = {p.name: (p.stat().st_mtime_ns, p.stat().st_size) for p in home.state.iterdir()}
    for n in range(20):
        home.harm(START + 100 + n)  # the same again
        home.alerts.neighbours({})
        assert home.step(NOW + 60 + n) is False
    assert {p.name: (p.stat().st_mtime_ns, p.stat().st_size) for p in home.state.iterdir()} == before
