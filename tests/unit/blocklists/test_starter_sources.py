"""Nothing is invented: every starter name stands on a public list of its kind (test data, never in the repository)."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
import yaml

from filterd.config.catalogue import StarterName, load
from filterd.wire.name import suffixes, to_text
from tests.shared import need_shared

BLOCKLISTS = Path(__file__).resolve().parents[3] / "blocklists"

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
        "ut1/blacklists__mixed_adult__domains",  # boards with adult corners
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
        "ut1/blacklists__dating__domains",
        "sinfonietta/pornography-hosts.xz",  # camera chat with strangers is counted there
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
        "ut1/blacklists__dangerous_material__domains",
    ],
    "social": [
        "ut1/blacklists__social_networks__domains",
        "sinfonietta/social-hosts",
    ],
    "video": [
        "blocklistproject/tiktok.txt",
        "ut1/blacklists__manga__domains",
        "sinfonietta/social-hosts",  # networks whose posts are films
    ],
    "violence": [
        "ut1/blacklists__agressif__domains",
        "sinfonietta/snuff-hosts",
    ],
}
# The folders' names as the starter files write them.
LABELS = {
    "hostsVN": "hostsVN",
    "ut1": "UT1",
    "blocklistproject": "BlockListProject",
    "sinfonietta": "Sinfonietta",
    "nextdns-bypass": "NextDNS",
    "dibdot-doh": "dibdot",
    "hagezi-2022": "HaGeZi",
}
SMALL = 100  # names: the few sites of a small list are known one by one
MAKERS_OWN = {
    "cloudflareclient.com",
    "cloudflarewarp.com",
    "warp.plus",
}  # bypass.yaml, by the maker's own documentation
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


def from_txt(category: str) -> tuple[StarterName, ...]:
    """The names of starter/<category>.txt; those of bypass.yaml, which come after them, share a source by group."""
    lines = (BLOCKLISTS / "starter" / f"{category}.txt").read_text().splitlines()
    return load().starter_lists[category].names[: sum(1 for line in lines if line and not line.startswith("#"))]


def test_every_category_with_names_has_sources() -> None:
    assert set(SOURCES) | NO_NAMES == set(load().starter)
    assert all(not load().starter[category] for category in NO_NAMES)


@pytest.mark.parametrize("category", sorted(SOURCES))
def test_every_name_stands_on_a_public_list_of_its_kind(category: str) -> None:
    lists = need_shared() / "data" / "lists"
    public = set().union(*(names_of(lists / file) for file in SOURCES[category]))
    unknown = [text for text in map(to_text, load().starter[category]) if text not in public | MAKERS_OWN]
    assert not unknown


def test_a_name_says_of_which_lists_and_of_none_else() -> None:
    """The files alone: also where the lists themselves are not at hand."""
    for starter in load().starter_lists.values():
        for entry in from_txt(starter.category):
            assert set(entry.source) <= set(LABELS.values()), to_text(entry.name)
            assert list(entry.source) == sorted(set(entry.source), key=str.lower), to_text(entry.name)


@pytest.mark.parametrize("category", sorted(SOURCES))
def test_every_list_that_a_name_claims_holds_it(category: str) -> None:
    lists = need_shared() / "data" / "lists"
    held: dict[str, set[str]] = {}
    for file in SOURCES[category]:
        held.setdefault(LABELS[file.partition("/")[0]], set()).update(names_of(lists / file))
    wrong = [
        (to_text(entry.name), claimed)
        for entry in from_txt(category)
        for claimed in entry.source
        if to_text(entry.name) not in held.get(claimed, ())
    ]
    assert not wrong


@pytest.mark.parametrize("category", sorted(SOURCES))
def test_no_source_is_copied_wholesale(category: str) -> None:
    lists = need_shared() / "data" / "lists"
    shipped = set(map(to_text, load().starter[category]))
    if category == "bypass":  # the facts on ways round are meant to be in it, each judged by itself (bypass.yaml)
        facts = (need_shared() / "facts" / "bypass.yaml").read_text()
        shipped -= {name for name in shipped if f"={name}\n" in facts or f"- {name}\n" in facts}
    for file in SOURCES[category]:
        public = names_of(lists / file)
        if len(public) >= SMALL:
            assert len(shipped & public) < 0.5 * len(public), file


# Lists of what to allow, not of what to block.
ALLOW_LISTS = {"ut1/blacklists__liste_blanche__domains", "ut1/blacklists__liste_bu__domains"}
MAY_HOLD = 3  # a list with more is refused as a whole (listbuild/gate.py)


def test_no_honest_list_would_be_refused_for_its_never_block_names() -> None:
    lists = need_shared() / "data" / "lists"
    protected = {to_text(above) for name in load().never_block for above in suffixes(name)}
    files = [p for folder in LABELS for p in sorted((lists / folder).glob("*")) if p.is_file()]
    assert len(files) > 50
    for path in files:
        file = str(path.relative_to(lists))
        if file not in ALLOW_LISTS:
            assert len(names_of(path) & protected) <= MAY_HOLD, file


def test_what_is_said_to_be_popular_stands_in_a_ranking() -> None:
    lists = need_shared() / "data" / "lists"
    ranked = names_of(lists / "derived" / "benign_names_ranked.txt.xz") | names_of(lists / "derived" / "vn_names.txt")
    ranked |= names_of(lists / "opendns" / "opendns-top-domains.txt")
    ranked |= {
        site["rootDomain"].removeprefix("www.")
        for site in json.loads((lists / "top-sites/top-sites.json").read_bytes())
    }
    groups = yaml.safe_load((BLOCKLISTS / "never_block.yaml").read_bytes())["never_block"]
    popular = [host for group in groups if "rankings" in group["source"] for host in group["hosts"]]
    assert len(popular) > 50
    assert not [host for host in popular if host not in ranked]


TRACKERS = [
    "hostsVN/filters__adservers-all.txt",
    "hostsVN/option__domain.txt.xz",
    "hagezi-2022/wildcard__light.txt.xz",
    "hagezi-2022/3p__adguarddns.domains.txt.xz",
    "hagezi-2022/3p__ultimatehosts.wildcard.txt.xz",
    "blocklistproject/basic.txt.xz",
    "blocklistproject/facebook.txt.xz",
    "blocklistproject/tiktok.txt",
]


def test_background_traffic_is_what_public_lists_of_trackers_name() -> None:
    """A name that a person asks for would make a budget count too little."""
    lists = need_shared() / "data" / "lists"
    trackers = set().union(*(names_of(lists / file) for file in TRACKERS))
    count = 0
    for service in load().services.values():
        unknown = [n for n in service.chatter if not any(to_text(above) in trackers for above in suffixes(n))]
        count += len(service.chatter)
        says_so = any(text.startswith("chatter: general knowledge") for text in service.source)
        assert bool(unknown) == says_so, (service.id, unknown)
        assert not service.chatter or says_so or any(text.startswith("chatter: named") for text in service.source)
    assert count > 100
