"""What the words of a question mean: times as people write them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from filterd.control.explain_question import parse_at
from filterd.errors import ConfigError
from tests.unit.control.policy_state import NOW

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-24T12:30:00+01:00", NOW),
        ("2026-11-24T18:30:00+07:00", NOW),
        ("2026-11-24T11:30:00Z", NOW),
        ("2026-11-24t11:30:00z", NOW),
        ("2026-11-24 12:30", NOW),
        ("2026-11-24T12:30:00", NOW),
        ("  2026-11-24 12:30:00.5 ", NOW + 0.5),
        ("2026-11-24", NOW - 12.5 * 3600),
        ("2026-10-25 02:30", 1792888200.0),  # the repeated hour: the first, summer time
        ("2026-10-25T02:30:00+01:00", 1792891800.0),
        ("2027-03-28 02:30", 1806197400.0),  # the skipped hour: what the clock then shows is 03:30
    ],
)
def test_at_is_rfc_3339_or_the_households_wall_clock(text: str, at: float) -> None:
    assert parse_at(text, BERLIN) == at


@pytest.mark.parametrize(
    "text", ["now", "12:30", "24.11.2026", "2026-11-24 25:00", "0001-01-01", "9999-12-31 23:59", "1" * 500]
)
def test_any_other_at_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="at: expected") as caught:
        parse_at(text, BERLIN)
    assert len(str(caught.value)) < 250
