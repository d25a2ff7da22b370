"""Every shipped name is a real name that blocks what it says and nothing that a home needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import idna
import pytest
from publicsuffixlist import PublicSuffixList

from filterd.config.catalogue import load
from filterd.wire.name import is_below, to_text

CATALOGUE = load()
LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")

# The app cannot be switched off without its safe-search hosts, and when it is off there is nothing to search safely.
OWN_ENGINE = {"youtube": "youtube"}


def blocked_by_lists() -> Iterator[tuple[str, bytes]]:
    """Every name that a shipped list blocks together with what is below it."""
    for category, names in CATALOGUE.starter.items():
        for name in names:
            yield f"starter {category}", name


def blocked_by_services() -> Iterator[tuple[str, bytes, bool]]:
    """(service, name, with everything below it?) of everything that goes when a service is off."""
    for service in CATALOGUE.services.values():
        for name in (*service.core, *service.suffix):
            yield service.id, name, True
        for name in service.exact:
            yield service.id, name, False


def every_name() -> Iterator[tuple[str, bytes]]:
    """Every name in any file, with the place it comes from."""
    yield from blocked_by_lists()
    for service in CATALOGUE.services.values():
        for name in (*service.core, *service.suffix, *service.exact, *service.chatter, *service.shared):
            yield f"service {service.id}", name
    for engine in CATALOGUE.engines.values():
        for name in (*engine.hosts, *engine.targets.values()):
            yield f"engine {engine.id}", name
    for part in (CATALOGUE.lifelines, CATALOGUE.canaries, CATALOGUE.never_block):
        for name in part:
            yield "lifelines, canaries, never_block", name


def test_every_name_is_in_a_label_form() -> None:
    for place, name in every_name():
        for label in to_text(name).split("."):
            assert LABEL.fullmatch(label), (place, to_text(name))
            if label.startswith("xn--"):
                assert idna.alabel(idna.ulabel(label)) == label.encode(), (place, to_text(name))
            else:
                assert label[2:4] != "--", (place, to_text(name))


def test_no_name_is_a_public_suffix() -> None:
    suffixes = PublicSuffixList(only_icann=True)
    wrong = [(place, to_text(name)) for place, name in every_name() if suffixes.is_public(to_text(name))]
    assert not wrong


def test_no_list_blocks_a_name_under_which_strangers_rent() -> None:
    """A private suffix (github.io, blogspot.com): blocking it would block every customer."""
    suffixes = PublicSuffixList()
    assert not [(place, to_text(name)) for place, name in blocked_by_lists() if suffixes.is_public(to_text(name))]


def test_no_list_and_no_other_service_blocks_what_services_share() -> None:
    shared = {name for service in CATALOGUE.services.values() for name in service.shared}
    assert len(shared) >= 10
    wrong = [(p, to_text(n), to_text(k)) for p, n in blocked_by_lists() for k in shared if is_below(k, n)]
    wrong += [
        (service, to_text(name), to_text(k))
        for service, name, below in blocked_by_services()
        for k in shared
        if (is_below(k, name) if below else k == name)
    ]
    assert not wrong


def test_no_list_blocks_a_lifeline_or_a_never_block_name() -> None:
    kept = [*CATALOGUE.lifelines, *CATALOGUE.never_block]
    wrong = [(p, to_text(n), to_text(k)) for p, n in blocked_by_lists() for k in kept if is_below(k, n)]
    assert not wrong


def test_no_list_blocks_a_safe_search_host_or_its_target() -> None:
    targets = [target for engine in CATALOGUE.engines.values() for target in engine.targets.values()]
    kept = [*CATALOGUE.safe_hosts, *targets]
    wrong = [(p, to_text(n), to_text(k)) for p, n in blocked_by_lists() for k in kept if is_below(k, n)]
    assert not wrong


def test_no_service_takes_a_lifeline_or_a_never_block_name_along() -> None:
    kept = [*CATALOGUE.lifelines, *CATALOGUE.never_block]
    wrong = [
        (service, to_text(name), to_text(k))
        for service, name, below in blocked_by_services()
        for k in kept
        if (is_below(k, name) if below else k == name)
    ]
    assert not wrong


def test_no_service_takes_a_safe_search_host_along_but_its_own() -> None:
    wrong = [
        (service, to_text(name), to_text(host))
        for service, name, below in blocked_by_services()
        for host, engine in CATALOGUE.safe_hosts.items()
        if (is_below(host, name) if below else host == name) and OWN_ENGINE.get(service) != engine
    ]
    assert not wrong


def test_lifelines_have_one_purpose() -> None:
    for lifeline in CATALOGUE.lifelines:
        assert lifeline not in CATALOGUE.safe_hosts, to_text(lifeline)
        for service in CATALOGUE.services.values():
            assert not any(is_below(lifeline, core) for core in service.core), (to_text(lifeline), service.id)


@pytest.mark.parametrize(
    "name",
    ["www.google.com", "www.apple.com", "apple.com", "www.gstatic.com", "android.clients.google.com",
     "clients3.google.com", "clients4.google.com", "play.google.com", "apps.apple.com", "mtalk.google.com",
     "spectrum.s3.amazonaws.com", "www.qualcomm.com"],
)  # fmt: skip
def test_search_stores_push_and_shared_hosts_are_no_lifelines(name: str) -> None:
    assert name not in {to_text(lifeline) for lifeline in CATALOGUE.lifelines}


def test_time_and_the_hotline_are_lifelines() -> None:
    groups = {to_text(name): group for name, group in CATALOGUE.lifelines.items()}
    assert groups["www.tongdai111.vn"] == groups["vn-cop.vn"] == "hotline"
    assert groups["2.vn.pool.ntp.org"] == groups["time.android.com"] == "time"
    assert groups["captive.apple.com"] == "connectivity"


def test_the_list_of_abuse_is_empty_and_stays_so() -> None:
    assert CATALOGUE.starter["abuse"] == ()


@pytest.mark.parametrize(("category", "least"), [("adult", 80), ("gambling", 80), ("bypass", 80), ("dating", 25)])
def test_the_first_evening_is_protected(category: str, least: int) -> None:
    assert len(CATALOGUE.starter[category]) >= least


def test_a_name_stands_once_in_a_category_and_under_no_other_name_of_it() -> None:
    for category, names in CATALOGUE.starter.items():
        redundant = [(to_text(a), to_text(b)) for a in names for b in names if a != b and is_below(a, b)]
        assert not redundant, category
