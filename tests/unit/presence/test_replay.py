"""Recordings: what a line means, what is forgiven, what is said and skipped."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.errors import ParseError
from filterd.model.sighting import Kind, Sighting
from filterd.presence.replay import LATE_S, MAX_LINE, Box, Question, read_line, read_lines, short_lines
from tests.examples import examples

MAC = "02:aa:00:00:00:11"


def line(**fields: object) -> str:
    return json.dumps({"at": 1000, "mac": MAC, **fields})


def test_a_sighting_and_a_question() -> None:
    seen = read_line(
        line(record="sighting", kind="dhcp", address="192.0.2.11", name="Galaxy", detail="55=1;60=android-dhcp-14")
    )
    assert seen == Sighting(1000.0, Kind.DHCP, MAC, "192.0.2.11", "Galaxy", "55=1;60=android-dhcp-14")
    asked = read_line(line(record="question", name="WWW.Example.org", blocked=True, category="games"))
    assert asked == Question(1000.0, MAC, "www.example.org", True, "games")
    assert read_line('{"record":"box","addresses":["192.0.2.2","2001:db8::2"]}') == Box(("192.0.2.2", "2001:db8::2"))


@pytest.mark.parametrize(
    ("at", "seconds"),
    [(1000, 1000.0), ("1000.5", 1000.5), (1_796_058_000_500, 1_796_058_000.5), (1_796_058_000_500_000, 1_796_058_000.5),
     (1_796_058_000_500_000_000, 1_796_058_000.5), ("1970-01-01T07:00:10+07:00", 10.0),
     ("1970-01-01T00:00:10Z", 10.0), ("1970-01-01T00:00:10", 10.0)],
)  # fmt: skip
def test_times(at: object, seconds: float) -> None:
    assert read_line(line(at=at, kind="arp")).at == seconds  # type: ignore[union-attr]


def test_what_is_missing_has_a_meaning() -> None:
    assert read_line(line()) == Sighting(1000.0, Kind.TALKS, MAC)
    assert read_line(line(kind="sonar", colour="red")) == Sighting(1000.0, Kind.TALKS, MAC)
    assert read_line(line(qname="example.org")) == Question(1000.0, MAC, "example.org")
    assert read_line(line(name="example.org")) == Question(1000.0, MAC, "example.org")
    assert read_line(line(name="example.org", action="block")) == Question(1000.0, MAC, "example.org", True)
    assert read_line(line(kind="mdns", name="iPhone")) == Sighting(1000.0, Kind.MDNS, MAC, name="iPhone")
    assert read_line(line(record="query", query="example.org", mac="02-AA-00-00-00-11")) == Question(
        1000.0, MAC, "example.org"
    )
    assert read_line(line(record="sighting", name="iPhone", address=None)) == Sighting(
        1000.0, Kind.TALKS, MAC, name="iPhone"
    )


@pytest.mark.parametrize(
    "bad",
    [
        "not json", "[1]", "3", "{}", '{"at": 5}', line(at="yesterday"), line(at=-1), line(at=True), line(at=10**400), line(at=float("nan")),
        line(mac="nobody"), line(mac=7), line(mac="ff:ff:ff:ff:ff:ff"), line(kind="arp", address="here"), line(record="question"),
        line(record="question", name=5), '{"record":"box","addresses":["x"]}', '{"record":"box","addresses":5}', "[" * 5000,
        line(name="x" * MAX_LINE),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused(bad: str) -> None:
    with pytest.raises(ParseError):
        read_line(bad)


def test_a_bad_line_is_said_with_its_number_and_skipped() -> None:
    said: list[str] = []
    found = list(read_lines(["", line(kind="arp"), "oops\n", line(qname="example.org")], said.append))
    assert [type(f) for f in found] == [Sighting, Question]
    assert len(said) == 1 and said[0].startswith("line 3 skipped: expected JSON")


def test_a_line_that_is_too_long_takes_no_memory() -> None:
    file = io.StringIO("x" * (3 * MAX_LINE) + "\n" + line(kind="arp") + "\r\n" + "y" * MAX_LINE)
    found = list(short_lines(file))
    assert [len(one) for one in found] == [MAX_LINE + 1, len(line(kind="arp")) + 2, MAX_LINE]
    said: list[str] = []
    assert [type(f) for f in read_lines(found, said.append)] == [Sighting]
    assert [one.partition(":")[0] for one in said] == ["line 1 skipped", "line 3 skipped"]


def test_what_stands_far_from_its_time_is_told_once() -> None:
    said: list[str] = []
    at = [0.0, 5000.0, 5000.0 - LATE_S, 4000.0, 100.0, 6000.0]
    assert len(list(read_lines((line(at=one, kind="arp") for one in at), said.append))) == len(at)
    assert said == [
        "2 records stand more than 10 minutes after their time, line 4 first: sort them by time, or what is found is wrong"
    ]
    said.clear()
    list(read_lines((line(at=one, kind="arp") for one in sorted(at)), said.append))
    assert said == []


def test_a_byte_order_mark_and_other_line_ends_are_no_matter() -> None:
    said: list[str] = []
    lines = ["\ufeff\r\n", "\ufeff" + line(kind="arp") + "\r\n", "\r\n", line(qname="example.org") + "\r\n"]
    assert [type(f) for f in read_lines(lines, said.append)] == [Sighting, Question] and said == []


def test_other_words_for_records() -> None:
    assert read_line(line(kind="dns_query", name="example.org")) == Question(1000.0, MAC, "example.org")
    assert read_line(line(type="dns_server", address="192.0.2.9")) == Sighting(
        1000.0, Kind.DNS_SERVER, MAC, "192.0.2.9"
    )
    assert read_line(line(event="ARP", ip="192.0.2.9")) == Sighting(1000.0, Kind.ARP, MAC, "192.0.2.9")


def test_hostile_text_is_made_printable() -> None:
    seen = read_line(line(kind="mdns", name="a\x1b[31m\u202eb" + "c" * 500))
    assert isinstance(seen, Sighting) and seen.name.isprintable() and len(seen.name) <= 64


@settings(max_examples=examples(300), deadline=None)
@given(st.one_of(st.text(max_size=200), st.dictionaries(
    st.sampled_from(["at", "record", "mac", "kind", "name", "address", "blocked", "time", "addresses", "detail"]),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.lists(st.integers(), max_size=3),
              st.just(MAC), st.just(1000))).map(json.dumps)))  # fmt: skip
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(read_line(text), (Sighting, Question, Box))
    except ParseError:
        pass
