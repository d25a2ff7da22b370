"""The first sync as a family would have it, in full: the real public lists, a million names, cut in the middle.

It prints how long the whole took; what is asserted is what it brought.
"""

from __future__ import annotations

import json
import lzma
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.sync_box import SyncBox, wait_until
from tests.list_server import ListServer
from tests.processes import Service, UpstreamStub, addresses
from tests.shared import need_shared

# real files of the shared lists as their projects publish them: (file, format, category)
FILES = (
    ("hostsVN/extensions__gambling__hosts.xz", "hosts", "gambling"),
    ("hostsVN/extensions__adult__filter.txt.xz", "adblock", "adult"),
    ("hostsVN/option__dnsmasq-hostsVN.conf.xz", "dnsmasq", "ads"),
    ("hostsVN/filters__adservers-all.txt", "adblock", "ads"),
    ("hostsVN/extensions__threat__domain.txt", "domains", "malware"),
    ("sinfonietta/pornography-hosts.xz", "hosts", "adult"),
    ("sinfonietta/gambling-hosts", "hosts", "gambling"),
    ("sinfonietta/social-hosts", "hosts", "social"),
    ("blocklistproject/alt-version__phishing-nl.txt.xz", "domains", "scam"),
    ("blocklistproject/basic.txt.xz", "hosts", "ads"),
    ("blocklistproject/redirect.txt.xz", "hosts", "scam"),
    ("blocklistproject/drugs.txt.xz", "hosts", "drugs"),
    ("blocklistproject/scam.txt", "hosts", "scam"),
    ("blocklistproject/youtube.txt.xz", "hosts", "video"),
    ("blocklistproject/facebook.txt.xz", "hosts", "social"),
    ("ut1/blacklists__malware__domains.2025-07-13.xz", "domains", "malware"),
    ("ut1/blacklists__redirector__domains.xz", "domains", "bypass"),
    ("ut1/blacklists__gambling__domains.xz", "domains", "gambling"),
    ("ut1/blacklists__games__domains.xz", "domains", "games"),
    ("ut1/blacklists__phishing__domains.2026-06-08.xz", "domains", "scam"),
    ("ut1/blacklists__cryptojacking__domains", "domains", "malware"),
    ("ut1/blacklists__vpn__domains", "domains", "bypass"),
    ("ut1/blacklists__dating__domains", "domains", "dating"),
    ("nextdns-bypass/encrypted-dns", "domains", "bypass"),
    ("hagezi-2022/3p__adguarddns.domains.txt.xz", "domains", "ads"),
    ("hagezi-2022/3p__stevenblack.domains.txt.xz", "domains", "ads"),
    ("hagezi-2022/3p__ultimatehosts.wildcard.txt.xz", "wildcard", "malware"),
    ("hagezi-2022/wildcard__light.txt.xz", "wildcard", "ads"),
    ("hagezi-2022/unbound__doh-vpn-proxy-bypass.blacklist.conf", "unbound", "bypass"),
)
NAMES = 1_000_000  # at least so many different ones in force


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SyncBox]:
    with ListServer() as server:
        yield SyncBox(tmp_path, server)


@pytest.mark.slow
@pytest.mark.shared
def test_a_million_names_from_the_real_files_with_a_kill_in_the_middle(box: SyncBox, tmp_path: Path) -> None:
    lists = need_shared() / "data/lists"
    keys = []
    for file, form, category in FILES:
        data = (lists / file).read_bytes()
        key = re.sub(r"[^a-z0-9]+", "-", file.lower().removesuffix(".xz"))[:40].strip("-")
        box.source(key, lzma.decompress(data) if file.endswith(".xz") else data, category, form)
        keys.append(key)
    assert len(set(keys)) == len(FILES)
    box.prepare()
    listed = "bet88.example"  # on no list; a name that is on one is looked for below
    with UpstreamStub({listed: ["192.0.2.80"]}) as upstream, Service.serve(box.state, upstream) as service:
        began = time.monotonic()
        update = box.start()
        try:
            wait_until(lambda: box.status()["done"] >= len(FILES) // 2)
        finally:
            update.send_signal(signal.SIGKILL)
            said, _ = update.communicate()
        cut_s = time.monotonic() - began
        cut = box.status()
        assert cut["phase"] == "cut" and 0 < cut["done"] < len(FILES)
        assert re.search(r"lists: 5 of 29, [0-9,]+ names so far", said)
        assert addresses(service.ask("pornhub.com", client="127.0.0.11")) == ["0.0.0.0"]  # the starter still protects
        kept = {key for key, row in box.lists().items() if row["names"]}
        assert len(kept) >= cut["done"]
        began = time.monotonic()
        done = box.update("--json", seconds=600)
        whole_s = time.monotonic() - began
        found = json.loads(done.stdout)
        assert found["failures"] == [] and set(found["accepted"]) == set(keys) - kept and found["names"] >= NAMES
        assert all(box.server.asked(f"/{key}.txt") == 1 for key in kept)
        print(f"\nfirst sync: {found['names']:,} names; cut after {cut_s:.1f} s, the rest took {whole_s:.1f} s")
        name = (lists / "sinfonietta/gambling-hosts").read_text().splitlines()[40].split()[1]
        assert addresses(service.ask(name, client="127.0.0.11")) == ["0.0.0.0"]
        assert addresses(service.ask(listed, client="127.0.0.11")) == ["192.0.2.80"]
        assert "taking" in done.stderr and box.status()["protected"]["gambling"] > 60_000


@pytest.mark.slow
@pytest.mark.shared
def test_a_million_names_in_one_go(box: SyncBox) -> None:
    """The figure for the record: from nothing to a million names in force, fetching and all, in plain Python."""
    lists = need_shared() / "data/lists"
    for file, form, category in FILES:
        data = (lists / file).read_bytes()
        key = re.sub(r"[^a-z0-9]+", "-", file.lower().removesuffix(".xz"))[:40].strip("-")
        box.source(key, lzma.decompress(data) if file.endswith(".xz") else data, category, form)
    began = time.monotonic()
    found = json.loads(box.update("--json", seconds=600).stdout)
    print(f"\nfirst sync in one go: {found['names']:,} names in {time.monotonic() - began:.1f} s")
    assert found["failures"] == [] and len(found["accepted"]) == len(FILES) and found["names"] >= NAMES
