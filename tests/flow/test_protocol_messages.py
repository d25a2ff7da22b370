"""The messages themselves, as a client on the network sees them: header, errors, EDNS, names, classes, types, sizes."""

from __future__ import annotations

from struct import pack

import pytest

from tests.flow.protocol_stub import (
    AA,
    AAAA,
    AD,
    ANY,
    AXFR,
    BADVERS,
    CD,
    FORMERR,
    HINFO,
    HTTPS,
    IXFR,
    KID,
    MX,
    NOERROR,
    NOTIMP,
    NXDOMAIN,
    OPT,
    PLAIN,
    PTR,
    QNAME,
    QR,
    RA,
    RD,
    REFUSED,
    RRSIG,
    SOA,
    TC,
    TXT,
    A,
    Asked,
    Lab,
    Z,
    a,
    lab,
    opt,
    option,
    query,
    rr,
    soa,
    wire,
)

__all__ = ["lab"]


# ---- header --------------------------------------------------------------------------------------------------------

KINDS = {
    "blocked": ("blocked.example", A, KID, NOERROR),
    "blocked other type": ("blocked.example", TXT, KID, NOERROR),
    "forwarded": ("www.header.example", A, PLAIN, NOERROR),
    "nxdomain": ("no.header.example", A, PLAIN, NXDOMAIN),
    "nodata": ("www.header.example", MX, PLAIN, NOERROR),
    "local": ("localhost", A, PLAIN, NOERROR),
    "local nxdomain": ("a.invalid", A, PLAIN, NXDOMAIN),
    "any": ("www.header.example", ANY, PLAIN, NOERROR),
    "safe": ("www.google.com", A, "127.0.0.13", NOERROR),
    "axfr": ("www.header.example", AXFR, PLAIN, REFUSED),
}


@pytest.mark.parametrize("flags", [0, RD, RD | CD, RD | AD, RD | AD | CD, CD, RD | Z, RD | AA | TC | RA | 7])
@pytest.mark.parametrize("kind", KINDS)
def test_header_bits_of_every_kind_of_answer(lab: Lab, kind: str, flags: int) -> None:
    """RFC 1035 4.1.1, RFC 6840 5.7 to 5.9: RD and CD come back, RA is set, AA, Z and (from a plain upstream) AD are not."""
    name, qtype, client, rcode = KINDS[kind]
    lab.upstream.on(
        "www.header.example",
        lambda q: q.answer(
            *([a(QNAME, "192.0.2.7")] if q.qtype == A else []), ns=[soa("header.example")] if q.qtype != A else []
        ),
    )
    lab.upstream.on("forcesafesearch.google.com", [a("forcesafesearch.google.com", "192.0.2.80", 120)])
    for edns in (None, opt()):
        got = lab.ask(name, qtype, client, flags=flags, edns=edns)
        assert got.rcode == rcode
        assert got.rd is bool(flags & RD)
        assert got.cd is bool(flags & CD)
        assert not got.ad and not got.tc


@pytest.mark.parametrize("name", ["WwW.CaSe.ExAmPlE", "www.case.example", "WWW.CASE.EXAMPLE"])
@pytest.mark.parametrize("tcp", [False, True])
def test_letters_of_the_question_come_back_as_asked(lab: Lab, name: str, tcp: bool) -> None:
    lab.upstream.on("www.case.example", lambda q: q.answer(a(q.message.qname, "192.0.2.8")))
    got = lab.ask(name, tcp=tcp)
    assert got.qname == name
    assert got.answer[0].owner.lower() == "www.case.example"  # RFC 4343: any case of it
    assert got.addresses == ["192.0.2.8"]


def test_letters_mixed_for_the_upstream_reach_no_client(lab: Lab) -> None:
    """0x20 is between us and the upstream; an owner or target that repeats the mixed letters must not leak."""
    lab.upstream.on("www.mixed0.example", lambda q: q.answer(a(wire(q.message.qname), "192.0.2.8")))
    for _ in range(3):
        got = lab.ask("www.mixed0.example")
        assert got.answer[0].owner == "www.mixed0.example"


@pytest.mark.parametrize("ident", [0, 1, 0x8000, 0xFFFF])
def test_any_id_comes_back(lab: Lab, ident: int) -> None:
    assert lab.send(query("localhost", ident=ident)).id == ident


# ---- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opcode", [1, 2, 3, 4, 5, 6, 7, 15])
@pytest.mark.parametrize("edns", [None, opt(4096, do=True)])
def test_other_opcodes_are_not_implemented(lab: Lab, opcode: int, edns: bytes | None) -> None:
    """RFC 1035 4.1.1: IQUERY, STATUS, NOTIFY, UPDATE, DSO; the opcode comes back (RFC 6895 2.2)."""
    got = lab.send(query("www.example", SOA, flags=opcode << 11 | RD, edns=edns))
    assert got.rcode == NOTIMP and got.opcode == opcode and got.qr and not got.aa
    assert not got.answer and not got.authority
    assert got.rd and got.edns is (edns is not None)


def test_update_with_its_records_is_not_implemented(lab: Lab) -> None:
    """RFC 2136: counts mean something else; nothing of it may be taken for a malformed question."""
    packet = query("example", SOA, flags=5 << 11, counts=(1, 0, 1, 0), tail=rr("x.example", A, bytes(4)))
    assert lab.send(packet).rcode == NOTIMP
    assert lab.send(pack(">HHHHHH", 5, 6 << 11, 0, 0, 0, 0)).rcode == NOTIMP  # RFC 8490: a DSO header alone


@pytest.mark.parametrize(
    "packet",
    [
        query("a.example", counts=(0, 0, 0, 0)),
        query("a.example", counts=(0, 0, 0, 0))[:12],
        query("a.example", counts=(2, 0, 0, 0), tail=wire("b.example") + pack(">HH", 1, 1)),
        query("a.example", counts=(2, 0, 0, 0)),
        query("a.example", counts=(65535, 0, 0, 0)),
        query("a.example", counts=(1, 1, 0, 0)),
        query("a.example", counts=(1, 0, 0, 1)),
        query("a.example", counts=(1, 0, 0, 65535)),
        query("a.example", counts=(1, 1, 0, 0), tail=rr("a.example", A, bytes(4))),
    ],
    ids=["none", "header only", "two", "second missing", "65535", "answer missing", "additional missing", "65535 rr", "answer"],
)  # fmt: skip
def test_wrong_counts_are_format_errors(lab: Lab, packet: bytes) -> None:
    """RFC 9619: QDCOUNT of a QUERY is 1; RFC 1035 4.1.1."""
    got = lab.send(packet)
    assert got.rcode == FORMERR and got.qr and got.questions <= 1
    assert not got.answer and not got.authority


def test_every_truncation_of_a_question_is_answered_or_ignored(lab: Lab) -> None:
    """Less than a header: nothing to answer to. Header and less than the question: FORMERR with the id."""
    packet = query("www.truncated.example", edns=opt(4096, options=option(10, b"12345678")))
    for length in range(len(packet)):
        if length < 12:
            assert lab.silent(packet[:length])
            continue
        got = lab.send(packet[:length])
        assert got.rcode == FORMERR and got.id == int.from_bytes(packet[:2], "big")
    assert lab.send(packet).rcode == NXDOMAIN


@pytest.mark.parametrize("size", [0, 1, 11])
def test_less_than_a_header_gets_no_answer(lab: Lab, size: int) -> None:
    assert lab.silent(bytes(size))


@pytest.mark.parametrize("opcode", [0, 4, 5])
def test_answers_get_no_answer(lab: Lab, opcode: int) -> None:
    """QR=1 to a server: answering makes loops."""
    assert lab.silent(query("localhost", flags=QR | RD | opcode << 11))
    assert lab.silent(query("blocked.example", flags=QR | RD), KID)


@pytest.mark.parametrize(
    "name",
    [
        b"\xc0\x0c", b"\xc0\x00", b"\xc0\x04", b"\xc0\x20", b"\xff\xff", b"\x03www\xc0\x0c", b"\x03www\xc0\x10", b"\x01a\xc0\x0e",
        b"\x40" + b"a" * 64 + b"\0", b"\x80a\0", b"\x41\x01a\0",
    ],
    ids=["self", "header", "counts", "forward", "far", "to itself", "into itself", "pointer loop", "64", "10 bits", "01 bits"],
)  # fmt: skip
def test_pointers_and_unknown_label_types_in_the_question(lab: Lab, name: bytes) -> None:
    """A question is the first name: a pointer in it leads nowhere (RFC 1035 4.1.4); label types RFC 6891 5."""
    got = lab.send(query(name))
    assert got.rcode == FORMERR and not got.answer


def _name_of(size: int) -> str:
    """A name of `size` bytes on the wire, below a zone of its own."""
    tail = ".long.example"
    left = size - len(wire(tail))
    labels = []
    while left > 64:
        labels.append("x" * 62)
        left -= 63
    labels.append("y" * (left - 1))
    return ".".join(labels) + tail


@pytest.mark.parametrize("size", [64, 128, 254, 255])
def test_names_up_to_255_bytes(lab: Lab, size: int) -> None:
    name = _name_of(size)
    assert len(wire(name)) == size
    lab.upstream.on("long.example", lambda q: q.answer(a(QNAME, "192.0.2.9")), below=True)
    assert lab.ask(name).addresses == ["192.0.2.9"]
    assert lab.ask(name, edns=opt()).addresses == ["192.0.2.9"]


@pytest.mark.parametrize("size", [256, 257, 300])
def test_names_beyond_255_bytes_are_format_errors(lab: Lab, size: int) -> None:
    assert lab.send(query(_name_of(size))).rcode == FORMERR


def test_labels_of_63_bytes_and_of_any_byte(lab: Lab) -> None:
    """RFC 2181 11: any binary label is a name."""
    for label in ("x" * 63, "a b", "\x00\xff\x7f", "a.b".replace(".", "\x2e"), "*", "_tcp", "\\"):
        name = bytes([len(label)]) + label.encode("latin-1") + wire("bytes.example")
        lab.upstream.on("bytes.example", lambda q: q.answer(a(QNAME, "192.0.2.10")), below=True)
        got = lab.send(query(name))
        assert got.addresses == ["192.0.2.10"], label
        assert got.question[: len(name)] == name


def test_127_labels(lab: Lab) -> None:
    lab.upstream.on("l127.example", lambda q: q.answer(a(QNAME, "192.0.2.11")), below=True)
    name = ".".join(["z"] * 120) + ".l127.example"
    assert lab.ask(name).addresses == ["192.0.2.11"]


def test_the_root(lab: Lab) -> None:
    lab.upstream.on(".", lambda q: q.answer(rr(b"\0", 2, wire("a.root-servers.net"))))
    got = lab.send(query(b"\0", 2))
    assert [r.target for r in got.answer] == ["a.root-servers.net"]


def test_bytes_behind_the_last_record_do_no_harm(lab: Lab) -> None:
    for packet in (query("localhost", tail=b"garbage"), query("localhost", edns=opt(), tail=bytes(40))):
        assert lab.send(packet).rcode in (NOERROR, FORMERR)


# ---- EDNS ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 511, 512, 1232, 4096, 65535])
@pytest.mark.parametrize("do", [False, True])
def test_opt_comes_back_exactly_when_sent(lab: Lab, size: int, do: bool) -> None:
    """RFC 6891 6.1.1, 7; RFC 3225: DO is copied. Version 0, Z clear, a size of at least 512."""
    for name, client in (("localhost", PLAIN), ("blocked.example", KID), ("no.edns0.example", PLAIN)):
        got = lab.ask(name, client=client, edns=opt(size, do=do, z=0x7FFF))
        assert got.version == 0 and got.do is do and got.edns_z == 0 and got.udp_size >= 512
        assert not lab.ask(name, client=client).edns


@pytest.mark.parametrize("version", [1, 2, 255])
@pytest.mark.parametrize("tcp", [False, True])
def test_versions_above_0_are_bad(lab: Lab, version: int, tcp: bool) -> None:
    """RFC 6891 6.1.3: BADVERS, in version 0, nothing is done for it."""
    got = lab.send(query("www.badvers.example", edns=opt(version=version, do=True)), tcp=tcp)
    assert got.rcode == BADVERS and got.version == 0 and got.flags & 15 == 0
    assert not got.answer and got.qname == "www.badvers.example"
    assert not lab.upstream.asked("www.badvers.example")


def test_bad_versions_are_bad_for_blocked_names_too(lab: Lab) -> None:
    assert lab.send(query("blocked.example", edns=opt(version=1)), KID).rcode == BADVERS


@pytest.mark.parametrize(
    "packet",
    [
        query("a.example", edns=opt() + opt(), counts=(1, 0, 0, 2)),
        query("a.example", edns=opt(version=1) + opt(), counts=(1, 0, 0, 2)),
        query("a.example", edns=b"\x01x" + opt()),
        query("a.example", edns=QNAME + opt()[1:]),
        query("a.example", edns=opt(), counts=(1, 1, 0, 0)),
        query("a.example", edns=opt(), counts=(1, 0, 1, 0)),
        query("a.example", edns=opt(options=b"\0")),
        query("a.example", edns=opt(options=b"\0\x0a\0")),
        query("a.example", edns=opt(options=pack(">HH", 10, 9) + b"12345678")),
        query("a.example", edns=opt(options=option(10, b"12345678") + b"\0\0\0")),
        query("a.example", edns=opt()[:9] + b"\0\x08"),
        query("a.example", edns=opt()[:-1]),
    ],
    ids=["two", "two, one of them new", "owner", "owner pointer", "in answer", "in authority", "1 byte", "3 bytes",
         "option too long", "rest", "rdlength", "cut"],
)  # fmt: skip
def test_malformed_edns_is_a_format_error(lab: Lab, packet: bytes) -> None:
    """RFC 6891 6.1.1 (two, placement) and 6.1.2 (owner, options)."""
    got = lab.send(packet)
    assert got.rcode == FORMERR and not got.answer


def test_opt_behind_and_before_other_records(lab: Lab) -> None:
    """It may stand anywhere in the additional section (RFC 6891 6.1.1)."""
    other = a("extra.example", "192.0.2.1")
    for section in (other + opt(do=True), opt(do=True) + other):
        got = lab.send(query("localhost", edns=section, counts=(1, 0, 0, 2)))
        assert got.addresses == ["127.0.0.1"] and got.edns and got.do


CLIENT_OPTIONS = {
    "ecs": option(8, pack(">HBB", 1, 24, 0) + bytes([192, 0, 2])),
    "cookie": option(10, b"12345678"),
    "full cookie": option(10, b"1234567812345678"),
    "bad cookie": option(10, b"1"),
    "nsid": option(3),
    "padding": option(12, bytes(100)),
    "keepalive": option(11),
    "chain": option(13, b"\0"),
    "key tag": option(14, b"\x4f\x66"),
    "ede": option(15, b"\0\x11"),
    "report channel": option(18, b"\0"),
    "zero": option(0, b"x"),
    "local": option(65001, b"anything"),
    "last": option(65535, bytes(200)),
    "twice": option(10, b"12345678") * 2,
}


@pytest.mark.parametrize("kind", CLIENT_OPTIONS)
def test_client_options_stop_here(lab: Lab, kind: str) -> None:
    """Unknown options are ignored (RFC 6891 6.1.2), none is echoed, none leaves the house (RFC 7871 11.1, RFC 7873)."""
    name = f"{kind.replace(' ', '-')}.options.example"
    lab.upstream.on(name, [a(QNAME, "192.0.2.12")])
    got = lab.ask(name, edns=opt(options=CLIENT_OPTIONS[kind]))
    assert got.addresses == ["192.0.2.12"] and not got.options
    (asked,) = lab.upstream.asked(name)
    assert asked.message.options == []


def test_do_goes_upstream_and_its_records_only_to_who_asked(lab: Lab) -> None:
    """RFC 3225, RFC 4035 3.2.1: RRSIGs are for who set DO; two clients do not get each other's answer."""
    signature = pack(">HBBIIIH", A, 8, 2, 300, 2_000_000_000, 1_700_000_000, 1) + wire("do.example") + bytes(64)

    def script(asked: Asked):
        records = [a(QNAME, "192.0.2.13")]
        if asked.message.do:
            records.append(rr(QNAME, RRSIG, signature))
        return asked.answer(*records, edns=opt(do=asked.message.do))

    lab.upstream.on("www.do.example", script)
    for _ in range(2):
        assert lab.ask("www.do.example", edns=opt(do=True)).types == [A, RRSIG]
        assert lab.ask("www.do.example", edns=opt()).types == [A]
        assert lab.ask("www.do.example").types == [A]
    assert {q.message.do for q in lab.upstream.asked("www.do.example")} == {False, True}


def test_signatures_that_nobody_asked_for_are_taken_out(lab: Lab) -> None:
    signature = pack(">HBBIIIH", A, 8, 2, 300, 2_000_000_000, 1_700_000_000, 1) + wire("do2.example") + bytes(64)
    lab.upstream.on("www.do2.example", [a(QNAME, "192.0.2.13"), rr(QNAME, RRSIG, signature)])
    assert lab.ask("www.do2.example").types == [A]
    assert lab.ask("www.do2.example", edns=opt()).types == [A]


def test_what_is_sent_upstream(lab: Lab) -> None:
    """RD set, one OPT without options, a size that no path cuts, nothing of the client's header but CD and DO."""
    lab.upstream.on("www.out.example", [a(QNAME, "192.0.2.14")])
    lab.ask("www.out.example", edns=opt(4096, options=option(8, b"\0\1\x18\0\xc0\0\2")))
    lab.ask("www.out.example", edns=opt(4096, do=True), flags=RD | CD)
    first, second = (q.message for q in lab.upstream.asked("www.out.example"))
    for message in (first, second):
        assert message.rd and not message.qr and not message.aa and not message.tc and not message.z and not message.ra
        assert message.edns and not message.options and 512 <= message.udp_size <= 4096 and message.version == 0
    assert (first.cd, first.do, second.cd, second.do) == (False, False, True, True)


# ---- AD and CD -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("flags", "edns", "expected"), [
    (RD, None, False), (RD | AD, None, True), (RD, opt(do=True), True), (RD, opt(), False), (RD | AD, opt(), True),
])  # fmt: skip
def test_ad_is_for_who_asked_for_it(lab: Lab, flags: int, edns: bytes | None, expected: bool) -> None:
    """RFC 6840 5.7, 5.8; our upstream is on loopback, so its AD may be believed."""
    lab.upstream.on("www.ad.example", lambda q: q.answer(a(QNAME, "192.0.2.15"), flags=AD))
    for _ in range(2):  # a miss (or a hit of another key), a hit
        assert lab.ask("www.ad.example", flags=flags, edns=edns).ad is expected


def test_ad_is_not_made_up(lab: Lab) -> None:
    lab.upstream.on("www.noad.example", [a(QNAME, "192.0.2.15")])
    for client, name in (
        (PLAIN, "www.noad.example"),
        (KID, "blocked.example"),
        (PLAIN, "localhost"),
        (PLAIN, "x.invalid"),
    ):
        assert not lab.ask(name, client=client, flags=RD | AD, edns=opt(do=True)).ad


def test_cd_answers_are_kept_apart(lab: Lab) -> None:
    """RFC 4035 4.7, RFC 6840 5.9: what was not checked is not given to who did not say CD."""
    lab.upstream.on("www.cd.example", lambda q: q.answer(a(QNAME, "192.0.2.16")) if q.message.cd else q.answer(rcode=2))
    assert lab.ask("www.cd.example", flags=RD | CD).addresses == ["192.0.2.16"]
    assert lab.ask("www.cd.example").rcode == 2


# ---- classes and types ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("qclass", [0, 2, 3, 4, 254, 255, 65280])
def test_other_classes_are_refused(lab: Lab, qclass: int) -> None:
    for name, qtype in (("version.bind", TXT), ("id.server", TXT), ("blocked.example", A), ("localhost", A)):
        got = lab.send(query(name, qtype, qclass=qclass))
        assert got.rcode in (REFUSED, NOTIMP), qclass
        assert not got.answer and got.qclass == qclass
    assert not lab.upstream.asked("version.bind")


@pytest.mark.parametrize("qtype", [AXFR, IXFR, 249, 250])
@pytest.mark.parametrize("tcp", [False, True])
def test_transfers_and_keys_are_refused(lab: Lab, qtype: int, tcp: bool) -> None:
    got = lab.send(query("transfer.example", qtype), tcp=tcp)
    assert got.rcode in (REFUSED, NOTIMP) and not got.answer
    assert not lab.upstream.asked("transfer.example")


def test_ixfr_as_it_is_sent_is_no_format_error(lab: Lab) -> None:
    """RFC 1995 3: the client's SOA stands in the authority section."""
    got = lab.send(query("transfer.example", IXFR, counts=(1, 0, 1, 0), tail=soa(QNAME)), tcp=True)
    assert got.rcode in (REFUSED, NOTIMP) and not got.answer and not got.authority


def test_a_question_of_type_opt(lab: Lab) -> None:
    got = lab.send(query("opt.example", OPT))
    assert got.rcode in (FORMERR, NOTIMP, REFUSED)
    assert not lab.upstream.asked("opt.example")


@pytest.mark.parametrize("tcp", [False, True])
def test_any_gets_one_small_answer(lab: Lab, tcp: bool) -> None:
    """RFC 8482 4.2."""
    got = lab.ask("www.any.example", ANY, tcp=tcp, edns=opt())
    assert got.types == [HINFO] and got.answer[0].rdata.startswith(b"\x07RFC8482")
    assert got.answer[0].owner == "www.any.example" and len(got.packet) < 200
    assert not lab.upstream.asked("www.any.example", ANY)


def test_any_is_judged_like_other_types(lab: Lab) -> None:
    got = lab.ask("blocked.example", ANY, KID, edns=opt())
    assert got.is_nodata and got.ede == [17]


@pytest.mark.parametrize(
    "qtype", [3, 10, HINFO, 17, 29, 35, 44, 45, 48, 52, 61, 99, 108, 256, 257, 260, 32768, 65280, 65534]
)
def test_types_that_are_nobodys_business_pass(lab: Lab, qtype: int) -> None:
    """RFC 3597 3: unknown types are opaque; their data arrives as it was sent."""
    data = (
        bytes(range(256))
        if qtype in (10, 65280, 65534, 260, 61)
        else b"\x05hello\x05world"
        if qtype in (HINFO, 99)
        else None
    )
    if data is None:
        data = {3: wire("mail.example"), 17: wire("a.example") + wire("b.example"), 257: b"\0\x05issueca.example",
                35: bytes(4) + b"\1u\0\0" + wire("x.example")}.get(qtype, bytes(40))  # fmt: skip
    name = f"t{qtype}.types.example"
    lab.upstream.on(name, [rr(QNAME, qtype, data)])
    for _ in range(2):
        got = lab.ask(name, qtype)
        assert [(r.rtype, r.rdata) for r in got.answer] == [(qtype, data)]
    assert len(lab.upstream.asked(name, qtype)) == 1


def test_data_of_an_unknown_type_that_looks_like_a_pointer_is_left_alone(lab: Lab) -> None:
    """RFC 3597 4: no compression is undone in it, also when the answer is written anew."""
    data = b"\xc0\x0c\x03www\xc0\x0c"
    lab.upstream.on("opaque.example", [a("other.example", "192.0.2.1"), rr("opaque.example", 65280, data)])
    for _ in range(2):
        assert [r.rdata for r in lab.ask("opaque.example", 65280).answer] == [data]


def test_compressed_names_in_known_types_stay_right(lab: Lab) -> None:
    """RFC 1035 4.1.4: MX with a target compressed against a record that is not handed on."""

    def script(asked: Asked):
        question = len(asked.message.question) + 12
        first = rr("mail.comp.example", A, bytes([192, 0, 2, 1]))  # not part of the answer to MX
        mx = QNAME + pack(">HHIHH", MX, 1, 300, 4, 10) + pack(">H", 0xC000 | question)
        return asked.answer(first, mx)

    lab.upstream.on("comp.example", script)
    for _ in range(2):
        got = lab.ask("comp.example", MX)
        assert [(r.rtype, r.rdata) for r in got.answer] == [(MX, b"\0\x0a" + wire("mail.comp.example"))]


def test_type_zero_does_no_harm(lab: Lab) -> None:
    assert lab.send(query("zero.types.example", 0)).rcode in (NOERROR, NXDOMAIN, FORMERR, NOTIMP, REFUSED)


# ---- sizes ---------------------------------------------------------------------------------------------------------


def _texts(total: int) -> list[bytes]:
    """TXT records behind QNAME that make `total` bytes of records, in pieces of at most 200, no two alike."""
    records: list[bytes] = []
    while total:
        size = total if total <= 200 else 200 if total - 200 >= 20 else 100
        records.append(rr(QNAME, TXT, bytes([size - 13]) + b"%05d" % len(records) + b"x" * (size - 18)))
        total -= size
    return records


@pytest.mark.parametrize(
    ("edns_size", "limit"),
    [(None, 512), (0, 512), (100, 512), (512, 512), (513, 513), (800, 800), (1232, 1232), (4096, 1232), (65535, 1232)],
)
def test_udp_answers_end_exactly_at_the_clients_size(lab: Lab, edns_size: int | None, limit: int) -> None:
    """RFC 1035 4.2.1, RFC 6891 6.2.3 to 6.2.5, RFC 2181 9: at the limit whole, one byte more TC."""
    edns = None if edns_size is None else opt(edns_size)
    for over in (0, 1):
        name = f"s{edns_size}-{over}.size.example"
        records = limit + over - 12 - len(wire(name)) - 4 - (11 if edns else 0)
        lab.upstream.on(name, _texts(records))
        for _ in range(2):
            got = lab.ask(name, TXT, edns=edns)
            assert len(got.packet) <= limit
            assert got.tc is bool(over), (got.packet, limit)
            assert over or len(got.packet) == limit
            if got.tc:
                assert not got.answer and got.rcode == NOERROR
        whole = lab.ask(name, TXT, edns=edns, tcp=True)
        assert not whole.tc and len(whole.packet) == limit + over


def test_a_truncated_upstream_answer_is_fetched_over_tcp(lab: Lab) -> None:
    """RFC 7766 5; the client with room for it gets it whole, the cache has it for others."""
    records = _texts(3000)
    lab.upstream.on("big.size.example", lambda q: q.answer(*records) if q.tcp else q.answer(flags=TC))
    assert lab.ask("big.size.example", TXT, tcp=True, edns=opt()).types == [TXT] * len(records)
    assert lab.ask("big.size.example", TXT, edns=opt(4096)).tc
    assert [q.transport for q in lab.upstream.asked("big.size.example")] == ["udp", "tcp"]


def test_truncated_records_of_the_upstream_are_never_used(lab: Lab) -> None:
    """RFC 2181 9: what is in a truncated answer is not the RRset."""
    lab.upstream.on(
        "part.size.example",
        lambda q: q.answer(
            a(QNAME, "192.0.2.1"), *([a(QNAME, "192.0.2.2")] if q.tcp else []), flags=0 if q.tcp else TC
        ),
    )
    assert lab.ask("part.size.example").addresses == ["192.0.2.1", "192.0.2.2"]


def test_an_answer_of_65535_bytes_over_tcp(lab: Lab) -> None:
    name = "full.size.example"
    fixed = 12 + len(wire(name)) + 4 + 11
    lab.upstream.on(name, lambda q: q.answer(*_texts(65535 - fixed)) if q.tcp else q.answer(flags=TC))
    got = lab.ask(name, TXT, tcp=True, edns=opt())
    assert len(got.packet) == 65535 and not got.tc


def test_blocked_and_local_answers_fit_the_smallest_size(lab: Lab) -> None:
    name = _name_of(250).replace(".long.example", ".blocked.example")[3:]
    for qtype in (A, AAAA, TXT, HTTPS, PTR):
        got = lab.ask(name, qtype, KID, edns=opt(512))
        assert not got.tc and len(got.packet) <= 512 and got.ede == [17]
