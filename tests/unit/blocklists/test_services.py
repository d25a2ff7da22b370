"""Every service switches off alone: the matrix of all services against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from filterd.config.catalogue import Service, load
from filterd.listbuild.assemble import assemble
from filterd.lists.bundle import Bundle
from filterd.wire.name import is_below, to_text

CATALOGUE = load()
SERVICES = CATALOGUE.services
ACCENTED = re.compile("[àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ]", re.IGNORECASE)
NAMED_IN_VIETNAMESE = {"lienquan", "coccoc"}
GROUPS_THAT_ARE_NO_CATEGORY = {"education", "music", "search"}


def covers(service: Service, name: bytes) -> bool:
    """Whether `name` goes when the service is off."""
    return name in service.exact or any(is_below(name, zone) for zone in (*service.core, *service.suffix))


@pytest.mark.parametrize("service_id", sorted(SERVICES))
def test_it_takes_no_name_of_another_service_along(service_id: str) -> None:
    service = SERVICES[service_id]
    taken = [
        (other.id, to_text(name))
        for other in SERVICES.values()
        if other is not service
        for name in (*other.core, *other.suffix, *other.exact)
        if covers(service, name)
    ]
    assert not taken


@pytest.mark.parametrize("service_id", sorted(SERVICES))
def test_it_leaves_alone_what_it_shares(service_id: str) -> None:
    service = SERVICES[service_id]
    wide = (*service.core, *service.suffix)
    for name in service.shared:
        assert not covers(service, name), to_text(name)
        assert not any(is_below(zone, name) for zone in service.core), to_text(name)
    assert not [to_text(name) for name in service.exact if any(is_below(name, zone) for zone in wide)]


@pytest.mark.parametrize("service_id", sorted(SERVICES))
def test_its_chatter_lies_inside_it(service_id: str) -> None:
    service = SERVICES[service_id]
    assert not [to_text(name) for name in service.chatter if not covers(service, name)]
    assert not [to_text(name) for name in service.chatter if name in service.core], "a core name counts"


@pytest.mark.parametrize("service_id", sorted(SERVICES))
def test_no_name_stands_twice_in_it(service_id: str) -> None:
    service = SERVICES[service_id]
    wide = (*service.core, *service.suffix)
    assert not [(to_text(a), to_text(b)) for a in wide for b in wide if a != b and is_below(a, b)]


@pytest.mark.parametrize("service_id", sorted(SERVICES))
def test_its_core_is_short(service_id: str) -> None:
    assert 1 <= len(SERVICES[service_id].core) <= 9


def test_there_are_at_least_seventy_and_the_ones_vietnamese_children_use() -> None:
    assert len(SERVICES) >= 70
    assert {"zalo", "zing", "freefire", "lienquan", "pubg-mobile-vn", "coccoc", "tiktok", "youtube", "roblox"} <= set(
        SERVICES
    )
    assert {"locket", "capcut", "play-together", "mini-world", "mobile-legends", "wizz", "character-ai"} <= set(
        SERVICES
    )


def test_groups_are_categories_or_pastimes_without_one() -> None:
    for service in SERVICES.values():
        assert service.group in CATALOGUE.categories or service.group in GROUPS_THAT_ARE_NO_CATEGORY, service.id


def test_no_school_channel_is_on_a_shipped_list() -> None:
    listed = [name for names in CATALOGUE.starter.values() for name in names]
    for name in (*SERVICES["zalo"].core, *SERVICES["khanacademy"].core):
        assert not any(is_below(name, entry) or is_below(entry, name) for entry in listed), to_text(name)


@pytest.mark.parametrize("service_id", sorted(SERVICES))
def test_an_age_is_said_in_both_languages_and_has_a_source(service_id: str) -> None:
    ages = SERVICES[service_id].ages
    assert len(ages) <= 2, "what the maker says, and what the law says"
    for age in ages:
        assert age.least in (0, 13, 16, 18) and age.source and age.confidence
        assert ACCENTED.search(age.vi) and not ACCENTED.search(age.en.replace("Vietnam", ""))
        for sentence in (age.vi, age.en):
            assert sentence.endswith(".") and len(sentence) <= 160
            assert not age.least or str(age.least) in sentence or "lớn" in sentence


@pytest.mark.parametrize("service_id", sorted(SERVICES))
def test_a_tip_for_parents_is_there_in_both_languages_or_in_none(service_id: str) -> None:
    service = SERVICES[service_id]
    for tip in filter(None, (service.tip_vi, service.tip_en)):
        assert tip.endswith(".") and len(tip) <= 140
    assert bool(service.tip_vi) == bool(service.tip_en)
    assert not service.tip_vi or (ACCENTED.search(service.tip_vi) and service.tip_vi != service.tip_en)


def test_what_dns_cannot_stop_is_told_to_the_parents() -> None:
    """Where the names are known badly, or the app has ways of its own, the page must not promise too much."""
    for service in SERVICES.values():
        assert service.tip_vi or service.confidence != "low", service.id
    assert "địa chỉ cố định" in SERVICES["telegram"].tip_vi
    assert "Garena" in SERVICES["freefire"].tip_vi


def test_the_apps_that_children_use_most_have_an_age() -> None:
    least = {service.id: service.ages[0].least for service in SERVICES.values() if service.ages}
    assert (least["tiktok"], least["facebook"], least["zalo"], least["tinder"], least["chatgpt"]) == (
        13,
        13,
        16,
        18,
        13,
    )
    assert least["freefire"] == least["roblox"] == 0, "the law's daily bound: no age of the makers' was found"
    assert "signal" not in least, "no source was found, so nothing is said"


@pytest.mark.parametrize("service_id", sorted(SERVICES))
def test_a_name_is_the_same_app_in_both_languages(service_id: str) -> None:
    service = SERVICES[service_id]
    assert service.name_vi.split(" (")[0] == service.name_en.split(" (")[0]
    assert not ACCENTED.search(service.name_en) or service_id in NAMED_IN_VIETNAMESE


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    """What the box really looks up in: the shipped catalogue, compiled."""
    opened = Bundle.open(assemble(CATALOGUE, [], tmp_path_factory.mktemp("bundles")).path)
    yield opened
    opened.close()


@pytest.mark.parametrize("service_id", sorted(SERVICES))
def test_in_the_real_bundle_every_core_name_carries_its_own_service_alone(bundle: Bundle, service_id: str) -> None:
    for name in SERVICES[service_id].core:
        for asked in (name, b"\x01x" + name):
            assert bundle.tagsets[bundle.lookup(asked)].services == (service_id,), to_text(asked)
