"""Real lists, where they are at hand: the fast way agrees with the slow one, and a million names fit their budget."""

from __future__ import annotations

import lzma
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from filterd.errors import ListRejected
from filterd.listbuild.body import prepare
from filterd.listbuild.detect import detect
from filterd.listbuild.read import Report, parse_lines, read_claims
from tests.shared import need_shared

pytestmark = pytest.mark.shared
NO_LISTS = {"LICENSE", "README.txt"}


def bodies() -> Iterator[tuple[Path, bytes]]:
    for path in sorted((need_shared() / "data" / "lists").rglob("*")):
        if path.is_file() and path.suffix not in (".json", ".csv", ".tsv", ".md") and path.name not in NO_LISTS:
            data = path.read_bytes()
            yield path, prepare(lzma.decompress(data) if path.suffix == ".xz" else data)


@pytest.mark.slow
def test_fast_and_slow_agree_on_every_line_of_every_real_file() -> None:
    formats: set[str] = set()
    for path, data in bodies():
        try:
            name = detect(data).format
        except ListRejected:
            continue
        formats.add(name)
        fast = read_claims(data, name, report := Report())
        for line in parse_lines(data, name):
            for claim in line.claims():
                assert next(fast) == claim, (path, line)
        assert next(fast, None) is None
        assert report.errors.total() <= max(10, report.blocked * 0.03) or "publicsuffix" in path.parts, (
            path,
            report.errors,
        )
    assert formats == {"hosts", "domains", "wildcard", "adblock", "dnsmasq", "unbound"}


BUDGET = """
import resource, sys
from pathlib import Path
from filterd.listbuild.body import prepare
from filterd.listbuild.build import Builder, content_key
from filterd.listbuild.read import Report, read_claims
from filterd.model.tags import Tag, TagKind
builder = Builder()
for number, word in enumerate(sys.argv[2:]):
    name, _, path = word.partition(":")
    body = prepare(Path(path).read_bytes())
    builder.add(Tag(TagKind.LIST, f"l{number}", "c"), read_claims(body, name, Report()))
    del body
built = builder.write(Path(sys.argv[1]), content_key([]))
usage = resource.getrusage(resource.RUSAGE_SELF)
# not ru_maxrss: a process inherits its parent's there, and that is whatever the tests before have used
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
print(built.names, built.size_bytes, usage.ru_utime + usage.ru_stime, int(peak.split()[1]) / 1024)
"""

MIXED = (
    "domains:blocklistproject/alt-version__phishing-nl.txt.xz adblock:blocklistproject/adguard__drugs-ags.txt.xz "
    "hosts:blocklistproject/basic.txt.xz hosts:blocklistproject/redirect.txt.xz domains:hagezi-2022/3p__adguarddns.domains.txt.xz "
    "domains:hagezi-2022/3p__stevenblack.domains.txt.xz wildcard:hagezi-2022/3p__ultimatehosts.wildcard.txt.xz "
    "wildcard:hagezi-2022/wildcard__light.txt.xz adblock:hostsVN/extensions__gambling__filter.txt.xz "
    "hosts:sinfonietta/pornography-hosts.xz domains:ut1/blacklists__malware__domains.2025-07-13.xz "
    "dnsmasq:blocklistproject/dnsmasq-version__drugs-dnsmasq.txt.xz dnsmasq:hostsVN/option__dnsmasq-hostsVN.conf.xz "
    "domains:ut1/blacklists__games__domains.xz domains:ut1/blacklists__redirector__domains.xz "
    "hosts:hostsVN/extensions__gambling__hosts.xz hosts:blocklistproject/youtube.txt.xz"
)


@pytest.mark.slow
@pytest.mark.parametrize("files", ["domains:derived/bench_union_minimised.txt.xz", MIXED])
def test_a_million_names_fit_their_budget(files: str, tmp_path: Path) -> None:
    """At most 20 s of CPU and 300 MiB from text to file, 36 bytes a name (a fresh process; unpacking is not the builder's)."""
    words = []
    for word in files.split():
        name, _, file = word.partition(":")
        unpacked = tmp_path / file.replace("/", "_")
        unpacked.write_bytes(lzma.decompress((need_shared() / "data" / "lists" / file).read_bytes()))
        words.append(f"{name}:{unpacked}")
    done = subprocess.run(
        [sys.executable, "-c", BUDGET, str(tmp_path / "out"), *words], capture_output=True, text=True, check=True
    )
    names, size, cpu_s, rss_mib = map(float, done.stdout.split())
    assert names > 850_000
    assert size / names <= 36
    assert cpu_s <= 20
    assert rss_mib <= 300
