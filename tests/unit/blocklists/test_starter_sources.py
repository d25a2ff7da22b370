"""Nothing is invented: every starter name stands on a public list of its kind (test data, never in the repository)."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from filterd.config.catalogue import load
from filterd.wire.name import to_text
from tests.shared import need_shared

# The folders and kinds are those of MANIFEST.tsv beside the lists.
SOURCES = {
    "ads": [
        "hostsVN/filters__adservers-all.txt",
        "hostsVN/option__domain.txt.xz",
        "ut1/blacklists__publicite__domains",
        "hagezi-2022/wildcard__light.txt.xz",
    ],
    "adult": [
        "hostsVN/extensions__adult__domain-VN.txt",
        "hostsVN/extensions__adult__domain.txt.xz",
        "sinfonietta/pornography-hosts.xz",
    ],
    "ai": [
        "ut1/blacklists__ai__domains",
    ],
    "alcohol-tobacco": [
        "blocklistproject/vaping.txt",
    ],
    "bypass": [
        "nextdns-bypass/proxies",
        "nextdns-bypass/vpn",
        "nextdns-bypass/tor",
        "nextdns-bypass/browsers",
        "nextdns-bypass/encrypted-dns",
        "ut1/blacklists__vpn__domains",
        "ut1/blacklists__redirector__domains.xz",
        "ut1/blacklists__doh__domains",
        "dibdot-doh/doh-domains_overall.txt",
        "hagezi-2022/wildcard__doh-vpn-proxy-bypass.txt",
    ],
    "dating": [
        "ut1/blacklists__dating__domains",
    ],
    "drugs": [
        "ut1/blacklists__drogue__domains",
        "blocklistproject/drugs.txt.xz",
    ],
    "file-hosting": [
        "ut1/blacklists__filehosting__domains",
    ],
    "forums": [
        "ut1/blacklists__forums__domains",
        "ut1/blacklists__social_networks__domains",
    ],
    "gambling": [
        "hostsVN/extensions__gambling__domain-VN.txt",
        "hostsVN/extensions__gambling__domain.txt.xz",
        "sinfonietta/gambling-hosts",
        "ut1/blacklists__gambling__domains.xz",
    ],
    "games": [
        "ut1/blacklists__games__domains.xz",
    ],
    "grooming": [
        "ut1/blacklists__chat__domains",
        "ut1/blacklists__forums__domains",
        "ut1/blacklists__mixed_adult__domains",
    ],
    "hate": [
        "ut1/blacklists__agressif__domains",
    ],
    "malware": [
        "ut1/blacklists__cryptojacking__domains",
        "ut1/blacklists__malware__domains.2025-07-13.xz",
        "ut1/blacklists__stalkerware__domains",
    ],
    "messengers": [
        "ut1/blacklists__chat__domains",
        "ut1/blacklists__social_networks__domains",
        "blocklistproject/whatsapp.txt",
    ],
    "piracy": [
        "ut1/blacklists__warez__domains",
        "blocklistproject/piracy.txt",
        "blocklistproject/torrent.txt",
    ],
    "scam": [
        "hostsVN/extensions__threat__domain-VN.txt",
        "blocklistproject/scam.txt",
        "hagezi-2022/domains__fake.txt",
    ],
    "self-harm": [
        "ut1/blacklists__agressif__domains",
    ],
    "social": [
        "ut1/blacklists__social_networks__domains",
        "sinfonietta/social-hosts",
    ],
    "video": [
        "blocklistproject/tiktok.txt",
        "ut1/blacklists__manga__domains",
    ],
    "violence": [
        "ut1/blacklists__agressif__domains",
        "sinfonietta/snuff-hosts",
    ],
}
SMALL = 100  # names: the few sites of a small list are known one by one
NO_NAMES = {"abuse", "shopping"}  # their files say why


def names_of(path: Path) -> set[str]:
    """The names of a hosts, domains, wildcard or `||name^` file, without a leading www."""
    data = path.read_bytes()
    text = (lzma.decompress(data) if path.suffix == ".xz" else data).decode("utf-8", "replace")
    names = set()
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words and not words[-1].startswith(("!", "@@")):
            names.add(words[-1].lower().strip("|^").removeprefix("*.").removeprefix("www."))
    return names


def test_every_category_with_names_has_sources() -> None:
    assert set(SOURCES) | NO_NAMES == set(load().starter)
    assert all(not load().starter[category] for category in NO_NAMES)


@pytest.mark.parametrize("category", sorted(SOURCES))
def test_every_name_stands_on_a_public_list_of_its_kind(category: str) -> None:
    lists = need_shared() / "data" / "lists"
    public = set().union(*(names_of(lists / file) for file in SOURCES[category]))
    unknown = [text for text in map(to_text, load().starter[category]) if text not in public]
    assert not unknown


@pytest.mark.parametrize("category", sorted(SOURCES))
def test_no_source_is_copied_wholesale(category: str) -> None:
    lists = need_shared() / "data" / "lists"
    shipped = set(map(to_text, load().starter[category]))
    for file in SOURCES[category]:
        public = names_of(lists / file)
        if len(public) >= SMALL:
            assert len(shipped & public) < 0.5 * len(public), file
