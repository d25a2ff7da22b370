"""The catalogue's loader: what comes out of good files, and that every mistake is named by file and entry."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from filterd.config.catalogue import Catalogue, load
from filterd.errors import ConfigError
from filterd.wire.name import to_wire

SHIPPED = Path(__file__).resolve().parents[3] / "blocklists"

Edit = Callable[[str, str, str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files that a test may spoil."""
    target = tmp_path / "blocklists"
    shutil.copytree(SHIPPED, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Replace the first `old` in a file of the copy by `new`; return the folder."""

    def replace(file: str, old: str, new: str) -> Path:
        path = folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return folder

    return replace


def test_the_package_and_its_folder_hold_the_same_catalogue() -> None:
    assert load() == load(SHIPPED)


def test_it_is_read_once() -> None:
    assert load() is load()


def test_names_come_out_in_wire_form() -> None:
    catalogue = load()
    assert to_wire("tiktok.com") in catalogue.services["tiktok"].core
    assert to_wire("zdn.vn") in catalogue.services["zalo"].shared
    assert catalogue.safe_hosts[to_wire("www.google.com.vn")] == "google"
    assert catalogue.lifelines[to_wire("tongdai111.vn")] == "hotline"
    assert catalogue.canaries[to_wire("mask.icloud.com")] == ("private-relay", True)
    assert catalogue.canaries[to_wire("use-application-dns.net")] == ("firefox-doh", False)


def test_youtube_has_two_levels_and_the_others_one() -> None:
    engines = load().engines
    assert set(engines["youtube"].targets) == {"moderate", "strict"}
    assert all(set(e.targets) == {"on"} for i, e in engines.items() if i != "youtube")


def test_yandex_has_an_address_for_when_its_safe_host_is_gone() -> None:
    yandex = load().engines["yandex"]
    assert (yandex.targets["on"], yandex.fallback_a) == (to_wire("familysearch.yandex.ru"), bytes((213, 180, 193, 56)))


def test_bypass_names_join_the_starter_list() -> None:
    bypass = load().starter["bypass"]
    assert to_wire("dns.google") in bypass  # bypass.yaml
    assert to_wire("croxyproxy.com") in bypass  # starter/bypass.txt


def test_the_digest_follows_every_file(edit: Edit, folder: Path) -> None:
    before = load(folder).digest
    assert before == load().digest
    load.cache_clear()
    assert load(edit("starter/ads.txt", "# Reviewed: 2026", "# Reviewed: 2027")).digest != before


def test_a_starter_name_knows_why_it_is_there() -> None:
    adult = load().starter_lists["adult"]
    assert (adult.category, adult.gap) == ("adult", "")
    assert adult.criteria.startswith("known widely") and adult.reviewed >= "2026-11-24"
    found = {entry.name: entry for entry in adult.names}[to_wire("chaturbate.com")]
    assert (found.reason_vi, found.reason_en) == ("Chat sex qua webcam", "webcams")
    assert "Sinfonietta" in found.source
    resolver = next(e for e in load().starter_lists["bypass"].names if e.name == to_wire("dns.google"))
    assert resolver.reason_vi and resolver.source, "bypass.yaml speaks for a whole group"


def test_what_stands_after_a_name_is_its_source_and_no_part_of_it(edit: Edit, folder: Path) -> None:
    edit("starter/ads.txt", "# Mạng", "# Vì sao | why\nads.example.org  # A list, another\n\n# Mạng")
    first = load(folder).starter_lists["ads"].names[0]
    assert (first.name, first.source) == (to_wire("ads.example.org"), ("A list", "another"))


def test_ages_come_from_the_maker_first_and_from_the_law_second() -> None:
    ages = load().services["instagram"].ages
    assert [age.least for age in ages] == [13, 16]
    assert "13" in ages[0].vi and "13" in ages[0].en and ages[0].source
    assert "147/2024" in ages[1].vi


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("starter/adult.txt", "xnxx.com", "xn xx.com", "starter/adult.txt: line "),
        ("starter/adult.txt", "xnxx.com", "https://xnxx.com/", "without http://"),
        ("starter/adult.txt", "xnxx.com", "xvideos.com", "stands there twice"),
        ("starter/adult.txt", "# Criteria:", "# Criterion:", "starter/adult.txt: head: expected a line `# Criteria"),
        ("starter/adult.txt", "# Reviewed: 2026-11-24", "# Reviewed: lately", "expected a date such as 2026-11-24"),
        ("starter/adult.txt", "# Trang phim", "\nfoo.example.org  # UT1\n# Trang phim", "has no reason"),
        ("starter/adult.txt", "vlxx.sex                        # hostsVN", "vlxx.sex", "'vlxx.sex' has no source"),
        ("starter/adult.txt", " | Vietnamese film sites", "", "line 5: expected a reason `# tiếng Việt | English`"),
        ("services/social.yaml", "icon: users", "icon: Users!", "file: icon: expected a name of small letters"),
        (
            "services/social.yaml",
            "  age:\n    from: 13",
            "  age:\n    from: '13'",
            "age: from: expected an age from 0 to 21",
        ),
        (
            "services/social.yaml",
            "  age:\n    from: 13",
            "  age:\n    from: 22",
            "age: from: expected an age from 0 to 21",
        ),
        (
            "services/social.yaml",
            "  age:\n    from: 13",
            "  age:\n    from: 0",
            "age: expected a sentence in both languages",
        ),
        ("services/social.yaml", "  age:\n    from: 13", "  age:\n    from: 13\n    en: Two", "a sentence in both"),
        (
            "services/social.yaml",
            "  age:\n    from: 13",
            "  age: 13\n  x:\n    from: 13",
            "age: expected a mapping, got 13",
        ),
        ("services/social.yaml", "  tip:\n    vi:", "  tip:\n    vj:", "tip: vi: expected text"),
        ("bypass.yaml", "    vi: Máy chủ", "    vj: Máy chủ", "bypass.yaml: resolvers.reason: vi: expected text"),
        ("starter/adult.txt", "xnxx.com", "192.0.2.1", "an address is no name"),
        ("starter/adult.txt", "xnxx.com", "cốccốc.example", "A-label"),
        ("starter/adult.txt", "xnxx.com", "xnxx", "at least two labels"),
        ("services/social.yaml", "- facebook.com", "- '*.facebook.com'", "services/social.yaml: facebook"),
        (
            "services/social.yaml",
            "id: facebook",
            "id: instagram",
            "services/social.yaml: instagram: stands there twice",
        ),
        ("services/social.yaml", "id: facebook", "id: zalo", "services/social.yaml: zalo: this service stands in two"),
        ("services/social.yaml", "id: facebook", "id: Facebook", "'Facebook' is no id"),
        ("services/social.yaml", "  core:\n  - facebook.com", "  kern:\n  - facebook.com", "facebook: core: expected"),
        ("services/social.yaml", "group: social", "gruppe: social", "group: expected text"),
        ("services/social.yaml", "confidence: medium", "confidence: sure", "expected one of high, medium, low"),
        ("services/social.yaml", "  source:", "  saurce:", "source: expected where this is known from"),
        ("categories.yaml", "harm: true", "harm: perhaps", "categories.yaml: abuse: harm: expected true or false"),
        ("categories.yaml", "    vi: Xâm hại trẻ em\n", "", "categories.yaml: abuse.name: vi: expected text"),
        ("categories.yaml", "icon: shield", "icon: 'a b'", "abuse: icon"),
        ("categories.yaml", "[age-0-6", "[age-0-5", "no preset age-0-5"),
        ("categories.yaml", "id: adult\n", "id: grownups\n", "starter/adult.txt: no category adult"),
        ("presets.yaml", "youtube: strict", "youtube: hard", "presets.yaml: age-0-6.safe_search: youtube"),
        ("presets.yaml", "google: true", "google: 2", "presets.yaml: age-0-6: safe_search: google"),
        ("presets.yaml", "google: true", "gogle: true", "no engine gogle"),
        ("presets.yaml", "  safe_search:\n", "  safesearch:\n", "expected a mapping of engines"),
        ("safesearch.yaml", "'on': forcesafesearch", "'yes': forcesafesearch", "safesearch.yaml: google: targets"),
        ("safesearch.yaml", "fallback_a: 213.180.193.56", "fallback_a: 213.180.193", "yandex: fallback_a"),
        ("lifelines.yaml", "- vn-cop.vn", "- tongdai111.vn", "lifelines.yaml: hotline: hosts: a name stands there"),
        ("lifelines.yaml", "- dns.msftncsi.com", "- vn-cop.vn", "lifelines.yaml: connectivity"),
        ("canaries.yaml", "exact: true", "exact: 1", "canaries.yaml: mask.icloud.com: exact"),
        ("never_block.yaml", "never_block:", "never:", "never_block.yaml: never_block: expected a list"),
        (
            "never_block.yaml",
            "- id: government",
            "- government\n- id: government",
            "never_block[0]: expected a mapping",
        ),
        ("bypass.yaml", "names:", "names: [", "bypass.yaml: not YAML"),
        ("bypass.yaml", "hosts:", "hosts: {a: b}\n  x:", "resolvers: hosts: expected a list of texts"),
    ],
)
def test_a_mistake_stops_the_start_with_file_and_entry(
    edit: Edit, file: str, old: str, new: str, expected: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(edit(file, old, new))
    assert expected in str(caught.value)
    assert file.rpartition("/")[2].partition(".")[0] in str(caught.value)


def test_a_file_that_is_no_mapping_is_refused(folder: Path) -> None:
    (folder / "bypass.yaml").write_text("- dns.google\n")
    with pytest.raises(ConfigError, match=r"bypass\.yaml: expected a mapping at the top"):
        load(folder)


def test_a_file_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "starter" / "ads.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"starter/ads\.txt: cannot be read"):
        load(folder)


@pytest.mark.parametrize("gone", ["categories.yaml", "services", "starter"])
def test_a_missing_part_is_named(folder: Path, gone: str) -> None:
    path = folder / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(ConfigError, match=gone):
        load(folder)


def test_values_cannot_be_changed_by_mistake() -> None:
    catalogue: Catalogue = load()
    with pytest.raises(AttributeError):
        catalogue.services["tiktok"].core = ()  # type: ignore[misc]  # that is the point
