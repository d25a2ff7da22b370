"""The guard: what must never be blocked, and what people have decided not to belong to a list's category."""

from __future__ import annotations

from filterd.listbuild.claims import BLOCK, BLOCK_SELF
from filterd.listbuild.guard import NEVER_BLOCK, REVIEWED, Guard
from filterd.listbuild.read import Report, read_claims
from filterd.wire.name import to_wire


def passed(body: bytes, guard: Guard, form: str = "domains") -> tuple[list[tuple[int, bytes]], Report]:
    report = Report()
    return list(guard.passed(read_claims(body, form, report), report)), report


def test_what_is_protected_is_left_out_and_counted_as_a_mistake_of_the_list() -> None:
    guard = Guard([to_wire("bank.example.com")])
    claims, report = passed(b"bank.example.com\nexample.com\nother.example.org\n", guard)
    assert claims == [(BLOCK_SELF, to_wire("example.com")), (BLOCK, to_wire("other.example.org"))]
    assert report.errors[NEVER_BLOCK] == 2 and report.blocked == 2


def test_what_people_decided_is_left_out_by_its_own_name_and_says_nothing_against_the_list() -> None:
    guard = Guard([], wrong=[to_wire("library.example.org"), to_wire("absent.example.org")])
    claims, report = passed(b"library.example.org\nsub.library.example.org\nexample.org\n", guard)
    assert claims == [(BLOCK, to_wire("sub.library.example.org")), (BLOCK, to_wire("example.org"))]
    assert report.ignored[REVIEWED] == 1 and not report.errors and report.blocked == 2


def test_exceptions_of_such_names_stay(  # `@@||name^` takes nothing from anybody
) -> None:
    claims, report = passed(
        b"@@||library.example.org^\n||ads.example.org^\n", Guard([], [to_wire("library.example.org")]), "adblock"
    )
    assert len(claims) == 2 and not report.ignored[REVIEWED]


def test_a_name_that_is_both_counts_as_protected() -> None:
    name = to_wire("bank.example.com")
    _, report = passed(b"bank.example.com\n", Guard([name], [name]))
    assert (report.errors[NEVER_BLOCK], report.ignored[REVIEWED]) == (1, 0)
