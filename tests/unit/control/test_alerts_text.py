"""Alerts in words: both languages, a next step, no names unless handed in, nothing that breaks a header or a terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from filterd.config.catalogue import load as load_catalogue
from filterd.control import alerts_words
from filterd.control.alerts_text import MAX_BODY, MAX_SITES, Named, line, names_of, say
from filterd.control.alerts_words import ADVICE, KINDS, LOOSENED
from filterd.control.household import load
from filterd.control.profiles import patch
from filterd.model.alert import Alert, AlertKind
from filterd.model.decision import Action, Row
from tests.unit.control.activity_data import START, Asked, store
from tests.unit.control.family import MUM, state

__all__ = ["state"]  # a fixture
HARM = [c.id for c in load_catalogue().categories.values() if c.harm]
DETAILS = {
    AlertKind.HARM_FIRST: {"category": "gambling"},
    AlertKind.HARM_BURST: {"categories": ["gambling", "adult"], "minutes": 10},
    AlertKind.NEW_DEVICE: {"mac": "02:11:22:33:44:55", "address": "192.0.2.77", "private": True},
    AlertKind.STALE_LISTS: {"list": "ads", "days": 8},
    AlertKind.RULES_LOOSENED: {"what": [["category", "gambling"], ["pause", ""]], "by": "Dieter", "source": "web"},
    AlertKind.BYPASS: {"way": "vpn", "mac": "02:00:00:00:00:07", "confidence": "medium"},
    AlertKind.CHILD_TALKS: {},
}
NAMED = Named("Profil Lan", "Lans Pad", ("bet.example",))


def alert(kind: AlertKind, **detail: object) -> Alert:
    return Alert(1, START, START, kind, "k", "lan-id", "pad-id", {**DETAILS[kind], **detail}, 3)


@pytest.mark.parametrize("kind", AlertKind)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_kind_says_what_happened_and_what_to_do(kind: AlertKind, language: str) -> None:
    title, body = say(alert(kind), language)
    assert 5 < len(title) <= 120 and len(body) > 80 and "{" not in title + body and title.isprintable()
    other = say(alert(kind), "en" if language == "vi" else "vi")
    assert title != other[0] and body != other[1]
    for word in ("Lan", "lan-id", "pad-id", "Pad", "bet.example", "02:11", "192.0.2.77", "Dieter"):
        assert word not in title + body


def test_names_are_said_where_they_are_handed_in() -> None:
    title, body = say(alert(AlertKind.HARM_FIRST), "en", NAMED)
    assert all(word in body for word in ("Profil Lan", "Lans Pad", "bet.example")) and "Lan" not in title
    assert "02:11:22:33:44:55, 192.0.2.77" in say(alert(AlertKind.NEW_DEVICE), "en", NAMED)[1]
    assert "by Dieter" in say(alert(AlertKind.RULES_LOOSENED), "en", NAMED)[1]


def test_a_way_of_the_network_is_no_childs_setting() -> None:
    found = alert(AlertKind.BYPASS, way="second_dns", address="198.51.100.53")
    vi, en = (say(found, language, NAMED)[1] for language in ("vi", "en"))
    assert "router" in vi.lower() and "router" in en and "VPN" not in vi + en
    assert "198.51.100.53" in en and "198.51.100.53" not in say(found, "en")[1]
    assert "VPN" in say(alert(AlertKind.BYPASS), "en")[1]


@pytest.mark.parametrize("kind", [AlertKind.HARM_FIRST, AlertKind.HARM_BURST])
def test_a_name_of_abuse_is_never_said(kind: AlertKind) -> None:
    found = alert(kind, category="abuse", categories=["adult", "abuse"])
    for language in ("vi", "en"):
        text = " ".join(say(found, language, NAMED))
        assert "bet.example" not in text and "111" in text and "vn-cop.vn" in text


@pytest.mark.parametrize("category", HARM)
def test_every_harm_has_advice_and_the_grave_ones_a_number(category: str) -> None:
    vi, en = (say(alert(AlertKind.HARM_FIRST, category=category), x)[1] for x in ("vi", "en"))
    advice = ADVICE.get(category, ADVICE[""])
    assert advice[0] in vi and advice[1] in en
    if category in ("abuse", "grooming", "self-harm"):
        assert "111" in vi and "111" in en
    for word in ("phạt", "punish", "tịch thu"):  # education before punishment
        assert word not in vi + en


def test_all_that_can_be_loosened_has_words() -> None:
    for what, (vi, en) in LOOSENED.items():
        title, body = say(alert(AlertKind.RULES_LOOSENED, what=[[what, "gambling"], ["of-tomorrow", "x"], 7]), "vi")
        assert vi.split("{")[0].strip() in body and "of-tomorrow" not in body and title
        assert en != vi
    assert set(KINDS) == {k.value for k in AlertKind} | {"new_devices", "bypass_network"}
    assert "TikTok" in say(alert(AlertKind.RULES_LOOSENED, what=[["service", "tiktok"]]), "en")[1]
    assert "household" in say(Alert(1, 0, 0, AlertKind.RULES_LOOSENED, "k", detail={"what": [["alerts", ""]]}), "en")[1]


@pytest.mark.parametrize(
    "hostile", ["a\r\nBcc: x", "\x1b[2J", "x\x00", "\u202egpj", "a" * 9000, "{who}", "%s", "\u2028", "\udce9"]
)
def test_what_comes_from_outside_is_one_harmless_line(hostile: str) -> None:
    named = Named(hostile, hostile, (hostile,) * 50)
    found = [
        alert(AlertKind.HARM_FIRST, category=hostile), alert(AlertKind.HARM_BURST, categories=[hostile] * 20),
        alert(AlertKind.NEW_DEVICE, mac=hostile, address=hostile), alert(AlertKind.STALE_LISTS, list=hostile, days=hostile),
        alert(AlertKind.RULES_LOOSENED, by=hostile, what=[["service", hostile], ["category", hostile]], source=hostile),
    ]  # fmt: skip
    for one in found:
        for names in (None, named):
            title, body = say(one, "vi", names)
            assert title.isprintable() and len(title) <= 120 and len(body) <= MAX_BODY
            assert all(part.isprintable() for part in body.split("\n")) and "\nBcc" not in body
            body.encode()


def test_damaged_details_are_still_a_sentence() -> None:
    for kind in AlertKind:
        for detail in ({}, {"what": 3, "categories": "x", "category": None}, {"categories": [None, 3]}):
            title, body = say(Alert(1, 0, 0, kind, "k", detail=detail), "vi")  # type: ignore[arg-type]
            assert title and body


def test_a_line() -> None:
    assert line(" a\n\tb ") == "a b" and line("x" * 81) == "x" * 79 + "…" and line(7) == "7"


# --- names, through the household's masks ---


def blocked(name: str, at_ms: int = START, category: str = "gambling", profile: str = "anna") -> Asked:
    return Asked(
        at_ms, profile=profile, device="phone", name=name, action=Action.BLOCK, row=Row.CATEGORY, category=category
    )


def test_sites_come_from_the_log_and_are_few(state: Path) -> None:
    store(
        state,
        [blocked(f"bet{n // 2}.example", START + n) for n in range(20)] + [blocked("ads.example", START + 30, "ads")],
    )
    found = Alert(1, START, START, AlertKind.HARM_FIRST, "k", "anna", "phone", {"category": "gambling"})
    named = names_of(state, load(state), found)
    assert (named.profile, named.device) == ("Anna", "Phone")
    assert named.sites == ("bet0.example", "bet1.example", "bet2.example") and len(named.sites) == MAX_SITES


def test_a_parent_who_sees_categories_gets_no_sites(state: Path) -> None:
    store(state, [blocked("bet.example"), blocked("hurt.example", category="abuse")])
    found = Alert(1, START, START, AlertKind.HARM_FIRST, "k", "anna", "phone", {"category": "gambling"})
    assert names_of(state, load(state), found).sites == ("bet.example",)
    abuse = Alert(1, START, START, AlertKind.HARM_FIRST, "k", "anna", "phone", {"category": "abuse"})
    assert names_of(state, load(state), abuse).sites == ()
    patch(state, MUM, "anna", {"parent_sees": "categories"})
    assert names_of(state, load(state), found).sites == ()


def test_who_is_gone_is_called_by_the_id(state: Path) -> None:
    found = Alert(1, START, START, AlertKind.HARM_FIRST, "k", "gone", "away", {"category": "gambling"})
    named = names_of(state, load(state), found)
    assert (named.profile, named.device, named.sites) == ("gone", "away", ())


def test_a_parent_is_sent_to_pages_and_never_to_a_command() -> None:
    said = repr([value for name, value in vars(alerts_words).items() if name.isupper()])
    assert "Danh sách" in said  # the texts are there
    assert re.findall(r"filterd \w+", said) == []
