"""The shipped sources.yaml: enough sources, all of known categories, honest about what was never tried."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from filterd.config.catalogue import load as load_catalogue
from filterd.config.sources import Source, load, read
from tests.shared import need_shared

SOURCES = load()


def test_the_file_is_good_and_long_enough() -> None:
    text = resources.files("blocklists").joinpath("sources.yaml").read_bytes()
    assert read(text, categories=load_catalogue().categories) == SOURCES
    assert len(SOURCES) >= 25


def test_what_is_recommended_covers_what_harms() -> None:
    """All but the two kinds for which no public list is known to us (and child abuse, for which none may be readable)."""
    harms = {category.id for category in load_catalogue().categories.values() if category.harm}
    covered = {source.category for source in SOURCES.values() if source.recommended}
    assert harms - covered <= {"abuse", "self-harm"}


def test_recommended_sources_may_be_copied_and_none_is_shipped() -> None:
    for source in SOURCES.values():
        assert not source.licence.ship, source.id
        assert source.licence.mirror or not source.recommended, source.id
        assert source.licence.id != "unclear" or not source.recommended, source.id


def test_no_list_of_abuse_is_ever_a_source() -> None:
    assert all(source.category != "abuse" for source in SOURCES.values())


def test_no_id_is_one_of_the_shipped_lists() -> None:
    assert not any(source.startswith("starter-") for source in SOURCES)


def test_what_was_never_fetched_says_what_it_rests_on() -> None:
    for source in SOURCES.values():
        assert source.checked == "" and len(source.known_from) > 10, source.id


def local_file(source: Source, lists: Path) -> Path | None:
    """The copy of a source in the shared test data: its path there has `__` for `/`."""
    folders = {"bigdargon": "hostsVN", "olbat": "ut1", "nextdns": "nextdns-bypass", "dibdot": "dibdot-doh"}
    parts = source.url.split("/")
    if parts[2] != "raw.githubusercontent.com":
        return None
    owner = parts[3]
    name = "__".join(parts[6:])
    folder = lists / folders.get(owner, owner.lower())
    return next((path for path in (folder / name, folder / f"{name}.xz") if path.is_file()), None)


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_the_real_file_passes_the_gate_with_what_is_said_of_it(source: Source) -> None:
    import lzma

    from filterd.listbuild.body import prepare
    from filterd.listbuild.gate import check_list
    from filterd.listbuild.guard import Guard
    from filterd.listbuild.read import Report, read_claims

    path = local_file(source, need_shared() / "data/lists")
    if path is None:
        pytest.skip("no copy of this source among the shared lists")
    data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    report = Report()
    claims = read_claims(prepare(data), source.format, report)
    assert sum(1 for _ in Guard(load_catalogue().never_block).passed(claims, report)) > 0
    from filterd.listbuild.gate import Bound

    check_list(source.id, report, "", [], Bound(source.shrink, source.grow), source.names)
    assert len(data) < source.max_bytes
    assert source.names * 0.5 < report.blocked < max(source.names * 2, 1), report.blocked
