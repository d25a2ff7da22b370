"""Sightings as datagrams: what goes in comes out, what was made up by somebody else is refused."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.errors import ParseError
from filterd.model.sighting import MAX_BYTES, MAX_DETAIL, MAX_NAME, Kind, Sighting, clean, decode, encode
from tests.examples import examples

MAC = "02:aa:00:00:00:11"
FULL = Sighting(1_795_478_400.125, Kind.DHCP, MAC, "192.0.2.11", "Lan’s phone", "55=1,3,6;60=android-dhcp-14", "eth0")

addresses = st.one_of(st.just(""), st.ip_addresses().map(str)).filter(lambda text: "%" not in text)
sightings = st.builds(
    Sighting,
    st.integers(0, 2**42).map(lambda ms: ms / 1000),
    st.sampled_from(Kind),
    st.binary(min_size=5, max_size=5).map(lambda rest: (b"\x02" + rest).hex(":")),
    addresses,
    st.text(max_size=200).map(clean),
    st.text(max_size=200).map(lambda text: clean(text, MAX_DETAIL)),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789.-@_", max_size=15),
)


@settings(max_examples=examples(300), deadline=None)
@given(sightings)
def test_what_is_told_is_what_was_seen(sighting: Sighting) -> None:
    data = encode(sighting)
    assert len(data) <= MAX_BYTES
    assert decode(data) == sighting


def test_the_longest_sighting_fits() -> None:
    wide = "\N{GRINNING FACE}"
    address = "2001:db8:1111:2222:3333:4444:5555:6666"
    long = Sighting(FULL.at, Kind.DNS_SERVER, MAC, address, wide * 999, wide * 999, "abcdefghijklmno")
    data = encode(long)
    assert MAX_BYTES - 100 < len(data) <= MAX_BYTES
    assert decode(data).name == wide * MAX_NAME and decode(data).detail == wide * MAX_DETAIL


@settings(max_examples=examples(400), deadline=None)
@given(st.one_of(st.binary(max_size=1100), st.text(max_size=1100)))
def test_text_from_the_network_is_one_harmless_line(raw: bytes | str) -> None:
    text = clean(raw)
    assert len(text) <= MAX_NAME and text == text.strip(" ") and "  " not in text
    assert unicodedata.is_normalized("NFC", text)
    assert not {unicodedata.category(char) for char in text} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert clean(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Điện thoại của Lan".encode(), "Điện thoại của Lan"),
        (unicodedata.normalize("NFD", "Tuấn").encode(), "Tuấn"),
        (b"\x1b[31mred\x07", "�[31mred�"),
        ("a\u202egnp.exe", "a�gnp.exe"),
        (b"\xff\xfe", "��"),
        ("a\r\n\t  b", "a b"),
        ("e" + "\u0301\u0302\u0303\u0304\u0305\u0306", "é\u0302\u0303\u0304"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # whoever draws it escapes it
        (b"", ""),
        ("x" * 65, "x" * 64),
    ],
)
def test_how_names_are_shown(raw: bytes | str, shown: str) -> None:
    assert clean(raw) == shown


def changed(**fields: object) -> bytes:
    document = json.loads(encode(FULL)) | fields
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 1000,
        b" " * (MAX_BYTES + 1),
        changed(more="x"),
        changed(at=None),
        changed(at="1"),
        changed(at=True),
        changed(at=-1),
        changed(at=1e300),
        changed(at=10**300),
        changed().replace(b"1795478400.125", b"NaN"),
        changed().replace(b"1795478400.125", b"1" * 900),
        changed(kind=None),
        changed(kind="ARP"),
        changed(kind=1),
        changed(mac=None),
        changed(mac="02:AA:00:00:00:11"),
        changed(mac="02:aa:00:00:00:11\n"),
        changed(mac="01:aa:00:00:00:11"),  # a group
        changed(mac="00:00:00:00:00:00"),
        changed(mac="ff:ff:ff:ff:ff:ff"),
        changed(address="192.0.2.011"),
        changed(address="fe80::1%eth0"),
        changed(address="2001:DB8::1"),
        changed(address=5),
        changed(name="a\u202eb"),
        changed(name="a  b"),
        changed(name="x" * (MAX_NAME + 1)),
        changed(detail="x" * (MAX_DETAIL + 1)),
        changed(detail="a\nb"),
        changed(interface="x" * 16),
        changed(interface="eth0\n"),
        changed(interface="../eth0"),
    ],
)
def test_what_encode_would_not_have_written_is_refused(data: bytes) -> None:
    with pytest.raises(ParseError):
        decode(data)


def test_the_example_itself_is_taken() -> None:
    assert decode(changed()) == FULL


@settings(max_examples=examples(300), deadline=None)
@given(st.binary(max_size=1200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        decode(data)
    except ParseError:
        pass
