"""Every parser on any bytes: a result for each line, and the fast way sees what the slow way sees."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.errors import ListRejected
from filterd.listbuild.body import prepare
from filterd.listbuild.detect import detect
from filterd.listbuild.line import Malformed, Skipped
from filterd.listbuild.names import normalise
from filterd.listbuild.read import FORMATS, Report, parse_lines, read_claims
from filterd.wire.name import to_text, to_wire
from tests.examples import examples

PIECES = st.sampled_from(
    [
        "||",
        "@@",
        "^",
        "$important",
        "$denyallow=",
        "$badfilter",
        "example.com",
        "a.example.org",
        "co.uk",
        "0.0.0.0 ",
        "::1 ",
    ]
    + [
        "127.0.0.1\t",
        "address=/",
        "server=/",
        "local=/",
        "/",
        "#",
        " # c",
        "*.",
        ".",
        " CNAME .",
        " CNAME *.",
        "$ORIGIN ",
    ]
    + [
        "local-zone: ",
        '"',
        " static",
        " transparent",
        "local-data: ",
        " A 0.0.0.0",
        "\n",
        "\r\n",
        "\r",
        " ",
        "\t",
        "(",
        ")",
    ]
    + [
        "bücher.example",
        "xn--",
        "1.2.3.4",
        "rpz-ip",
        "rpz.zone.",
        " SOA ",
        "a" * 64,
        "localhost",
        ";",
        "!",
        "[Adblock]",
        "\0",
    ]
    + ["|", "x_y.example", "www.ck", "foo.ck", ",", "=", "\ufeff", "EXAMPLE.net", "-", "%", "https://"]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join).map(str.encode) | st.binary(max_size=300)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=examples(150), deadline=None)
@given(data=TEXTS)
def test_fast_and_slow_agree_and_nothing_escapes(name: str, data: bytes) -> None:
    try:
        body = prepare(data)
    except ListRejected:
        return
    report = Report()
    fast = list(read_claims(body, name, report))
    lines = list(parse_lines(body, name))
    assert fast == [claim for line in lines for claim in line.claims()]
    assert report.lines == len(lines)
    assert report.blocked == sum(len(line.blocked) for line in lines)
    assert report.allowed == sum(len(line.allowed) for line in lines)
    assert report.ignored.total() == sum(line.ignored is not None for line in lines)
    assert report.errors.total() == sum(line.error is not None for line in lines)
    for line in lines:
        assert line.blocked or line.allowed or line.ignored or line.error
        for entry in (*line.blocked, *line.allowed):
            assert to_wire(to_text(entry.name)) == entry.name
            assert not (entry.exact and entry.below_only)


@settings(max_examples=examples(300), deadline=None)
@given(data=TEXTS)
def test_detection_names_a_format_or_refuses(data: bytes) -> None:
    try:
        assert detect(prepare(data)).format in FORMATS
    except ListRejected:
        pass


@settings(max_examples=examples(400), deadline=None)
@given(st.text(max_size=80) | st.lists(PIECES, max_size=6).map("".join))
def test_a_normalised_name_is_a_fixed_point(text: str) -> None:
    try:
        name = normalise(text)
    except (Skipped, Malformed):
        return
    assert normalise(to_text(name)) == name
    assert normalise(to_text(name).upper() + ".") == name
