"""The working folder's two files of settings, and what a new folder holds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.errors import ConfigError, FeedError, FilterdError
from filterd.feed.office import Office
from filterd.feed.office_new import add_part, create
from filterd.model.feed import FeedLinks, FeedUpstream, Level, Words
from tests.examples import examples


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return create(tmp_path / "office", "lai-chau", "Tỉnh Lai Châu", "Lai Châu province")


def change(office: Office, file: str, old: str, new: str) -> None:
    path = office.folder / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def test_a_new_folder_opens_and_says_what_it_is(office: Office) -> None:
    assert (office.feed.id, office.feed.name) == ("lai-chau", Words("Tỉnh Lai Châu", "Lai Châu province"))
    assert office.feed.links == FeedLinks("111", "https://vn-cop.vn/")
    assert office.feed.days == {"root": 365, "targets": 90, "snapshot": 7, "timestamp": 3}
    levels = {rule.category: rule.level for rule in office.policy.categories.values()}
    assert (levels["scam"], levels["gambling"], levels["games"]) == (Level.MANDATORY, Level.RECOMMENDED, Level.OPTIONAL)
    assert (office.folder / ".gitignore").read_text().endswith("build/\n")
    with pytest.raises(FeedError, match="is an office's folder already"):
        create(office.folder, "lai-chau", "a", "b")


def test_every_category_of_the_policy_is_one_of_the_product(office: Office) -> None:
    from filterd.config.catalogue import load

    assert set(office.policy.categories) <= set(load().categories)


@settings(max_examples=examples(40), deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_any_name_is_kept_as_it_is_or_refused_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    try:
        made = create(tmp_path_factory.mktemp("o"), "x", name, name)
    except FilterdError as exc:
        assert str(exc)
    else:
        assert made.feed.name == Words(name.strip(), name.strip())


def test_everything_of_feed_yaml_is_read(office: Office) -> None:
    (office.folder / "feed.yaml").write_text("""\
layout: 1
id: lai-chau
name: {vi: a, en: b}
host: feed.example.org
links:
  hotline: '111'
  inbox: https://reports.example.org/report
  handbook: {vi: https://feed.example.org/vi, en: https://feed.example.org/en}
upstreams:
- url: tls://dns.example.org
  why: {vi: vì, en: because}
expiry_days: {timestamp: 1}
""")
    feed = Office.open(office.folder).feed
    assert feed.host == "feed.example.org"
    handbook = Words("https://feed.example.org/vi", "https://feed.example.org/en")
    assert feed.links == FeedLinks("111", "", handbook, "https://reports.example.org/report")
    assert feed.upstreams == (FeedUpstream("tls://dns.example.org", Words("vì", "because")),)
    assert feed.days["timestamp"] == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("feed.yaml", "layout: 1", "layout: 2", "expected layout 1"),
        ("feed.yaml", "id: lai-chau", "id: Lai Châu", "expected the feed's id"),
        ("feed.yaml", "  root: 365", "  root: 0", "not in 1..3650"),
        ("feed.yaml", "  root: 365", "  rout: 365", "did you mean root"),
        ("policy.yaml", "level: mandatory", "level: always", "unknown level"),
        ("policy.yaml", "- id: scam", "- id: abuse", "stands here twice"),
        ("policy.yaml", "- id: scam", "- list: games\n  id: scam", "stands here twice"),
        ("policy.yaml", "- id: scam", "- list: a-name-of-18-chars\n  id: scam", "of 1 to 17 letters"),
        ("policy.yaml", "review_months: 12", "review_months: 99", "from 1 to 36"),
        ("policy.yaml", "dropped_after_days: 30", "dropped_after_days: -1", "from 0 to 365"),
    ],
)
def test_a_mistake_says_where(office: Office, file: str, old: str, new: str, what: str) -> None:
    change(office, file, old, new)
    with pytest.raises(ConfigError, match=what):
        Office.open(office.folder)


def test_a_policy_without_categories_is_none(office: Office) -> None:
    (office.folder / "policy.yaml").write_text("layout: 1\ncategories: []\n")
    with pytest.raises(ConfigError, match="at least one category"):
        Office.open(office.folder)


def test_a_part_has_a_folder_of_its_own_and_a_name_that_is_free(office: Office) -> None:
    office = add_part(office, "muong-te", "Mường Tè", "Mường Tè")
    assert office.entries("muong-te") == office.folder / "parts" / "muong-te" / "entries"
    for role, what in (
        ("muong-te", "exists already"),
        ("targets", "one of the feed's own roles"),
        ("online", "one of the feed's own roles"),
        ("Mường Tè", "expected a part's name"),
        ("a" * 20, "of 1 to 19 letters"),
        ("../x", "expected a part's name"),
    ):
        with pytest.raises(FeedError, match=what):
            add_part(office, role, "a", "b")
    with pytest.raises(FeedError, match=r"expected a part of this feed \(muong-te\), got 'sin-ho'"):
        office.entries("sin-ho")


def test_too_many_parts_and_too_large_files_are_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office = add_part(office, "one", "a", "b")
    monkeypatch.setattr("filterd.feed.office_new.MAX_PARTS", 1)
    with pytest.raises(FeedError, match="at most 1 parts"):
        add_part(office, "two", "a", "b")
    (office.folder / "feed.yaml").write_text("#" * ((1 << 20) + 1))
    with pytest.raises(FilterdError, match="longer than 1048576 bytes"):
        Office.open(office.folder)


def test_a_warning_is_judged_before_it_is_written(office: Office) -> None:
    from filterd.control.feed_office_advise import advise
    from filterd.control.feed_people import documents

    words, today = Words("Lừa vay tiền", "False loans"), date(2026, 11, 30)
    with pytest.raises(ConfigError):
        advise(office, "Vay tiền", title=words, text=words, today=today)
    with pytest.raises(ConfigError):
        advise(office, "vay", title=Words("", "x"), text=words, today=today)
    assert not list((office.folder / "advisories").glob("*.yaml"))
    advise(office, "vay", title=words, text=words, steps=[words], today=today, until=date(2026, 12, 14))
    with pytest.raises(FeedError, match="exists already"):
        advise(office, "vay", title=words, text=words, today=today)
    advise(office, "vay", title=words, text=words, today=today, again=True)
    assert b'"vay"' in documents(office.folder, 1_796_000_000.0)["advisories"]
