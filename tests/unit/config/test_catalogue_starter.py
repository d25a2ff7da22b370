"""A starter list's reader: head, reasons and sources, each refused with file and line when it is missing."""

from __future__ import annotations

import pytest

from filterd.config.catalogue_starter import read_starter
from filterd.config.catalogue_values import StarterList, StarterName
from filterd.errors import ConfigError
from filterd.wire.name import to_wire

HEAD = """\
# Starter list: games. Protects the first evening.
# Criteria: known widely, and
# on a public list.
# Reviewed: 2026-11-24. How a name gets in: ../README.md
"""
GAP = "# Gap: none of the\n# newest.\n"
BODY = """\

# Trò chơi | games
a.example   # UT1
b.example#UT1,hostsVN

# Trang game | pages of games

# Khác | others
c.example  #  UT1 ,  Sinfonietta
"""


def read(text: str) -> StarterList:
    return read_starter("starter/games.txt", "games", text)


def test_names_come_with_the_reason_above_them_and_the_lists_behind_them() -> None:
    assert read(HEAD + BODY) == StarterList(
        "games",
        "known widely, and on a public list.",
        "2026-11-24",
        "",
        (
            StarterName(to_wire("a.example"), "Trò chơi", "games", ("UT1",)),
            StarterName(to_wire("b.example"), "Trò chơi", "games", ("UT1", "hostsVN")),
            StarterName(to_wire("c.example"), "Khác", "others", ("UT1", "Sinfonietta")),
        ),
    )


def test_a_list_without_names_says_what_is_missing() -> None:
    starter = read(HEAD + GAP)
    assert (starter.names, starter.gap) == ((), "none of the newest.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "head: expected a line `# Criteria: ...`"),
        ("\n\n" + HEAD + BODY, "head: expected a line `# Criteria: ...`"),
        (HEAD.replace("Reviewed", "Looked at") + BODY, "head: expected a line `# Reviewed: ...`"),
        (
            HEAD.replace("2026-11-24", "2026-11-31") + BODY,
            "Reviewed: expected a date such as 2026-11-24, got '2026-11-31'",
        ),
        (HEAD.replace("2026-11-24", "20261124") + BODY, "Reviewed: expected a date such as 2026-11-24, got '20261124'"),
        (HEAD + "\na.example  # UT1\n", "line 6: 'a.example' has no reason"),
        (HEAD + "\n# Trò chơi | games\n\na.example  # UT1\n", "line 8: 'a.example' has no reason"),
        (HEAD + "\n# games\na.example  # UT1\n", "line 6: expected a reason `# tiếng Việt | English`, got 'games'"),
        (HEAD + "\n# | games\na.example  # UT1\n", "line 6: expected a reason"),
        (HEAD + "\n# Trò chơi |\na.example  # UT1\n", "line 6: expected a reason"),
        (HEAD + "\n# Trò chơi | games\na.example\n", "line 7: 'a.example' has no source"),
        (HEAD + "\n# Trò chơi | games\na.example  # , ,\n", "line 7: 'a.example' has no source"),
        (HEAD + "\n# Trò chơi | games\nhttps://a.example/  # UT1\n", "line 7: 'https://a.example/'"),
        (HEAD + "\n# Trò chơi | games\nexample  # UT1\n", "line 7: 'example': expected a name of at least two labels"),
    ],
)
def test_a_mistake_is_named_by_file_and_line(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith("starter/games.txt: " + expected)
