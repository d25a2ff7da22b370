"""Mutation fuzzing of filterd.wire: whatever the bytes, it works or raises ParseError, and what we send can be read
again.

    python -m tests.fuzz.fuzz_wire --seconds 5 --seed 1

Prints the inputs per second; exits 1 with the input in hex when anything else is raised. The same seed gives the same
inputs.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback

from filterd.errors import ParseError
from filterd.wire.build import ede, error_reply, opt, question, reply, rr, soa, truncated
from filterd.wire.constants import FORMERR, NXDOMAIN
from filterd.wire.frame import Deframer, frame
from filterd.wire.name import read_name, to_text, to_wire
from filterd.wire.parse import parse_query
from filterd.wire.scan import Chain, body, follow, scan_response, soa_minimum

POINTER = b"\xc0\x0c"
NAME = to_wire("www.example.org")
TARGET = to_wire("cdn.example.net")


def seeds() -> list[bytes]:
    """Return well-formed packets that reach every branch; mutation does the rest."""
    plain = question(NAME, 1, id=0x1234)
    query = parse_query(plain)
    end = query.question_end
    in_answer = bytes((0xC0, end + 12))  # the first record's data, when its owner is a pointer
    a = rr(POINTER, 1, 300, b"\xc0\x00\x02\x01")
    cname = rr(POINTER, 5, 300, TARGET)
    naptr = b"\0\1\0\2\1U\7E2U+sip\0" + NAME
    rrsig = b"\0\1\x0d\3" + bytes(14) + NAME + bytes(8)
    hints = b"\0\1" + b"\0" + b"\0\1\0\3\2h2" + b"\0\4\0\4\xc0\0\2\1" + b"\0\6\0\x10" + bytes(16)
    sections: list[tuple[list[bytes], list[bytes]]] = [
        ([a], []),
        ([a, rr(POINTER, 46, 300, rrsig)], []),
        ([cname, rr(in_answer, 5, 60, b"\1x" + bytes((0xC0, end + 16))), rr(TARGET, 1, 30, b"\xc0\0\2\2")], []),
        ([rr(to_wire("example.org"), 39, 9, TARGET), rr(POINTER, 5, 9, b"\3www" + TARGET)], []),
        ([rr(POINTER, 65, 300, hints)], []),
        ([rr(POINTER, 64, 300, b"\0\0" + TARGET)], []),
        ([rr(POINTER, 15, 300, b"\0\x0a" + POINTER), rr(POINTER, 35, 5, naptr), rr(POINTER, 16, 5, b"\3txt")], []),
        ([], [soa(10)]),
        ([cname], [rr(b"\xc0\x10", 6, 300, b"\2ns\xc0\x10\4root\xc0\x10" + bytes(20)), rr(b"\xc0\x10", 2, 5, POINTER)]),
    ]
    packets = [plain, question(NAME, 255, do=True), question(b"\0", 2), plain[:10] + b"\0\2" + plain[12:] + plain[-11:]]
    packets.append(plain[:-11] + opt(4096, True, 0, [(10, bytes(8)), (12, b""), ede(15, "no")]))
    for answers, authority in sections:
        bodies = b"".join(answers), len(answers), b"".join(authority), len(authority)
        made = reply(query, plain, 0, *bodies, [ede(15, "x")])
        packets.append(made)
        for qtype in (5, 46, 64, 65, 255):
            packets.append(made[: end - 4] + bytes((0, qtype)) + made[end - 2 :])
    return packets


def mutate(packet: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Return `packet` with one to six small damages."""
    data = bytearray(packet)
    for _ in range(rng.randint(1, 6)):
        if not data:
            break
        at = rng.randrange(len(data))
        match rng.randrange(8):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                del data[at : at + rng.randint(1, 8)]
            case 3:
                data[at:at] = rng.randbytes(rng.randint(1, 8))
            case 4:
                data[at : at + 2] = bytes((0xC0 | rng.randrange(2), rng.randrange(256)))  # a pointer to anywhere
            case 5:
                del data[at:]
            case 6:
                data[at] = rng.choice((0, 1, 12, 41, 63, 64, 128, 191, 192, 255))
            case _:
                other = rng.choice(others)
                data[at:] = other[rng.randrange(len(other)) :]
    return bytes(data)


def exercise(packet: bytes) -> None:
    """Run `packet` through everything; AssertionError when a promise of the package does not hold."""
    try:
        query = parse_query(packet)
    except ParseError:
        pass
    else:
        assert query.name == query.qname.lower() == read_name(packet, 12)[0].lower()
        for answer in (truncated(query, packet), reply(query, packet, NXDOMAIN, authority=soa(5), nscount=1)):
            assert scan_response(answer).qname == query.qname
        assert to_wire(to_text(query.name)) == query.name
    if len(packet) >= 12:
        said = scan_response(error_reply(packet, FORMERR))
        assert said.qr and said.rcode == FORMERR and said.id == packet[0] << 8 | packet[1]
    try:
        response = scan_response(packet)
        chain = follow(packet, response)
        made = body(packet, response, chain.kept, response.authority)
    except ParseError:
        return
    for record in response.authority:
        if record.rtype == 6:
            soa_minimum(packet, record)
    assert len(made.ttls) == len(made.pieces) - 1 == made.an + made.ns
    if response.name:
        records = made.render([0xFFFFFFFF] * len(made.ttls))
        reread(packet, response.question_end, records, made.an, made.ns, chain)


def reread(packet: bytes, end: int, records: bytes, an: int, ns: int, chain: Chain) -> None:
    """The copied records mean the same under other TTLs and after the question in other letters."""
    header = packet[:2] + b"\x80\0\0\1" + an.to_bytes(2, "big") + ns.to_bytes(2, "big") + b"\0\0"
    copy = header + packet[12 : end - 4].swapcase() + packet[end - 4 : end] + records
    again = follow(copy, scan_response(copy))
    assert len(again.kept) == len(chain.kept)
    assert (again.targets, again.addresses, again.final) == (chain.targets, chain.addresses, chain.final)
    assert (again.complete, again.looped) == (chain.complete, chain.looped)


def main(seconds: float, seed: int) -> int:
    """Fuzz for `seconds`; return the exit code."""
    rng = random.Random(seed)
    corpus = seeds()
    inputs = 0
    begin = time.monotonic()
    packet = b""
    try:
        for packet in corpus:
            exercise(packet)
        while time.monotonic() - begin < seconds:
            for _ in range(100):
                packet = mutate(rng.choice(corpus), rng, corpus)
                exercise(packet)
                inputs += 1
            stream(rng.randbytes(rng.randint(0, 40)) + frame(packet), rng)
    except Exception:
        traceback.print_exc()
        print(f"seed {seed}, input {inputs}: {packet.hex()}")
        return 1
    print(f"{inputs} inputs, {inputs / max(time.monotonic() - begin, 1e-9):.0f}/s, only ParseError raised")
    return 0


def stream(data: bytes, rng: random.Random) -> None:
    """A deframer fed with pieces gives what it gives for the whole."""
    pieces = []
    rest = data
    while rest:
        cut = rng.randint(1, 30)
        pieces.append(rest[:cut])
        rest = rest[cut:]
    got: list[bytes] = []
    deframer = Deframer()
    for piece in pieces:
        got += deframer.feed(piece)
    assert got == Deframer().feed(data)
    small = Deframer(max_len=100)
    try:
        for piece in pieces:
            small.feed(piece)
    except ParseError:
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sys.exit(main(arguments.seconds, arguments.seed))
