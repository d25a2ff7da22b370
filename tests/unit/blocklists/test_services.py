"""Every service switches off alone: the matrix of all services against each other."""

from __future__ import annotations

import pytest

from filterd.config.catalogue import Service, load
from filterd.wire.name import is_below, to_text

CATALOGUE = load()
SERVICES = CATALOGUE.services
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


def test_groups_are_categories_or_pastimes_without_one() -> None:
    for service in SERVICES.values():
        assert service.group in CATALOGUE.categories or service.group in GROUPS_THAT_ARE_NO_CATEGORY, service.id


def test_no_school_channel_is_on_a_shipped_list() -> None:
    listed = [name for names in CATALOGUE.starter.values() for name in names]
    for name in (*SERVICES["zalo"].core, *SERVICES["khanacademy"].core):
        assert not any(is_below(name, entry) or is_below(entry, name) for entry in listed), to_text(name)
