"""`filterd report`, `filterd advisories`, `filterd feed inbox`: what they say, in sentences and as JSON."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from filterd.cli.advisories import advisories
from filterd.cli.feed import feed
from filterd.cli.report import report
from filterd.control import feed_reports
from filterd.control.feed_inbox import inbox, take
from filterd.errors import ConfigError
from filterd.store.inbox import Added
from tests.unit.control.province import NOTE, NOW, advise, advisory, answer, follow

SAID = {"layout": 1, "site": "0123456789abcdef" * 2, "sequence": 1, "kind": "mistake", "name": "example.org",
        "category": "games", "reason": "trang\u00a0học".replace("\u00a0", " ")}  # fmt: skip


@pytest.fixture
def state(tmp_path: Path) -> Path:
    follow(tmp_path)
    return tmp_path


def run(command: Any, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(command, list(words), standalone_mode=code != 0, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout


def on(state: Path, *words: str) -> str:
    return run(report, *words, "--state", str(state))


def test_a_mistake_waits_and_says_what_will_be_sent(state: Path) -> None:
    said = on(state, "mistake", "Example.org", "--category", "games", "--reason", "trang học")
    assert "report 1: example.org waits" in said and "Who asked, when, and from which device is not" in said
    document = json.loads(on(state, "missed", "casino.example", "--json"))
    assert document["sends"] == feed_reports.load(state).reports[1].said() and document["sends"]["kind"] == "missed"


def test_the_list_says_how_each_stands(state: Path) -> None:
    assert on(state, "list") == "no reports\n"
    on(state, "mistake", "a.example", "--reason", "vì sao")
    on(state, "missed", "b.example")
    one = feed_reports.load(state).reports[0]
    answer(state, {"key": one.key, "verdict": "accepted", "date": "2026-12-01", "note": NOTE})
    said = on(state, "list")
    assert (
        "b.example  missed  waits to be sent" in said
        and f'accepted on 2026-12-01: "{NOTE["en"]}"' in said
        and "vì sao" in said
    )
    rows = json.loads(on(state, "list", "--json"))["reports"]
    assert (
        rows[1]["outcome"] == {"verdict": "accepted", "date": "2026-12-01", "note": NOTE} and rows[0]["outcome"] is None
    )


def test_taken_back_once(state: Path) -> None:
    on(state, "mistake", "a.example")
    assert on(state, "take-back", "1") == "report 1 is forgotten\n"
    with pytest.raises(ConfigError, match="not waiting"):
        on(state, "take-back", "1")


def test_sending_to_nobody_fails_and_says_why(tmp_path: Path) -> None:
    follow(tmp_path, url="http://127.0.0.1:9")
    on(tmp_path, "mistake", "a.example")
    said = run(report, "send", "--state", str(tmp_path), code=1)
    assert said == "reports: 0 sent, 0 not taken, 1 waiting: the office cannot be reached\n"
    assert "the last try to send: the office cannot be reached" in on(tmp_path, "list")


def test_advisories_in_both_languages_dismissed_and_hidden(state: Path) -> None:
    day = time.strftime("%Y-%m-%d", time.gmtime())
    advise(state, advisory("one", day), advisory("two", day))
    at = ["--state", str(state)]
    assert "Tin nhắn giả two" in run(advisories, *at) and "- Do not tap the link." in run(
        advisories, "--lang", "en", *at
    )
    assert "(read)" in run(advisories, "--dismiss", "two", *at)
    document = json.loads(run(advisories, "--hide", "--json", *at))
    assert [(row["id"], row["read"]) for row in document["advisories"]] == [("two", True), ("one", False)]
    assert document["shown"] is False and "not shown on the first page" in run(advisories, *at)
    with pytest.raises(ConfigError, match="there is no 'x'"):
        run(advisories, "--dismiss", "x", *at)


def test_no_advisories_is_said(tmp_path: Path) -> None:
    assert run(advisories, "--state", str(tmp_path)) == "no advisories\n"


# --- the office ---


def office(folder: Path, *words: str) -> str:
    return run(feed, "inbox", *words, "--folder", str(folder))


def test_the_office_reads_groups_and_decides(tmp_path: Path) -> None:
    assert office(tmp_path) == "the inbox is empty\n"
    with inbox(tmp_path) as box:
        assert take(box, SAID, NOW) is Added.NEW
        assert take(box, SAID | {"site": "f" * 32, "reason": ""}, NOW + 1) is Added.NEW
    assert "example.org  blocked by mistake  2 report(s) of 2 home(s), the first on 2026-11-" in office(tmp_path)
    assert json.loads(office(tmp_path, "--json"))["groups"][0]["homes"] == 2
    shown = office(tmp_path, "show", "example.org")
    assert "example.org  mistake  games" in shown and "trang học" in shown and "0123456789abcdef" not in shown
    words = (
        "decide",
        "example.org",
        "--kind",
        "mistake",
        "--accept",
        "--by",
        "cô Hoa",
        "--vi",
        "Đã gỡ.",
        "--en",
        "Removed.",
    )
    said = office(tmp_path, *words)
    assert "2 report(s) about example.org: accepted" in said and "filterd feed withdraw example.org" in said
    assert office(tmp_path) == "the inbox is empty\n" and "accepted by cô Hoa" in office(tmp_path, "show", "--decided")
    assert len(list((tmp_path / "outcomes").iterdir())) == 1
    with pytest.raises(ConfigError, match="nothing waits"):
        office(tmp_path, *words)


def test_a_decision_needs_a_verdict_and_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FILTERD_BY", raising=False)
    for words in (["--accept"], ["--by", "x"]):
        run(feed, "inbox", "decide", "a.example", "--kind", "missed", *words, "--folder", str(tmp_path), code=2)
