"""Fuzz the list parsers: real-looking lines, mutated. Only parsed lines and ListRejected may come out.

python -m tests.fuzz.fuzz_lists --seconds 5 --seed 1
"""

from __future__ import annotations

import argparse
import random
import time

from filterd.errors import ListRejected
from filterd.listbuild.body import prepare
from filterd.listbuild.detect import detect
from filterd.listbuild.read import FORMATS, Report, parse_lines, read_claims
from filterd.wire.name import to_text, to_wire

SEEDS = [
    b"0.0.0.0 ads.example.com tracker.example.org # why\n",
    b"::1 localhost\n127.0.0.1\tA.Example.COM.\r\n",
    b"*.ads.example.com\n.b.example.com\nb\xc3\xbccher.example\n",
    b"||ads.example.com^$important,denyallow=a.ads.example.com|b.example.com\n@@||ok.example.com^|\n",
    b"||ads.example.com^$badfilter\n||ads.example.com^\nexample.com##.ad\n/regex[0-9]+/$script\n[Adblock Plus 2.0]\n",
    b"address=/a.example.com/b.example.com/0.0.0.0\nserver=/x.example.com/#\nlocal=/y.example.com/\n",
    b'server:\nlocal-zone: "a.example.com." always_nxdomain\nlocal-data: "b.example.com A 0.0.0.0"\n',
    b"$ORIGIN rpz.test.\n$TTL 300\n@ SOA a. b. (\n 1 2 3 ; c\n 4 5 )\nads.example.com CNAME .\n*.x.example.com 60 IN CNAME *.\n",
    b"ok.example.com.rpz.test. CNAME rpz-passthru.\n24.0.2.0.192.rpz-ip CNAME .\n  A 0.0.0.0\n",
    b"\xef\xbb\xbfxn--bcher-kva.example\n\xff\xfe\x00a\n",
]
PIECES = [
    b"\0",
    b"\n",
    b"\r",
    b"$",
    b"^",
    b"|",
    b"/",
    b"#",
    b'"',
    b"(",
    b")",
    b";",
    b".",
    b"..",
    b"*",
    b" ",
    b"\t",
    b"xn--",
    b"\xc4\x91",
]
PIECES += [
    b"a" * 64,
    b"1.2.3.4",
    b"\xf0\x9f\x92\xa9",
    b"\xed\xa0\x80",
    b"=",
    b",",
    b":",
    b"@",
    b"\xe3\x80\x82",
    b"%",
    b"co.uk",
    b"rpz-ip",
]


def mutate(rng: random.Random) -> bytes:
    data = bytearray(b"".join(rng.choices(SEEDS, k=rng.randint(1, 4))))
    for _ in range(rng.randint(0, 8)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                data[at:at] = rng.choice(PIECES)
            case 1:
                del data[at : at + rng.randint(1, 6)]
            case 2:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case _:
                end = min(len(data), at + rng.randint(1, 30))
                data[at:at] = data[at:end] * rng.choice([1, 1, 1, 50])
    return bytes(data)


def check(data: bytes) -> None:
    """Raise AssertionError, or whatever a parser let escape."""
    try:
        body = prepare(data)
    except ListRejected:
        return
    try:
        assert detect(body).format in FORMATS
    except ListRejected:
        pass
    for name in FORMATS:
        lines = list(parse_lines(body, name))
        assert list(read_claims(body, name, Report())) == [claim for line in lines for claim in line.claims()], name
        for line in lines:
            assert line.blocked or line.allowed or line.ignored or line.error
            for _, wire in line.claims():
                assert to_wire(to_text(wire)) == wire == wire.lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    deadline = time.monotonic() + chosen.seconds
    rounds = 0
    while time.monotonic() < deadline:
        data = mutate(rng)
        try:
            check(data)
        except BaseException:
            print(f"seed {chosen.seed} round {rounds}: {data!r}")
            raise
        rounds += 1
    print(f"{rounds} rounds, nothing found")


if __name__ == "__main__":
    main()
