"""`filterd lists` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from filterd.cli.lists import lists
from filterd.control import lists_build
from tests.unit.listbuild.shipped import catalogue


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists_build, "shipped", catalogue)


@pytest.fixture
def run(tmp_path: Path) -> object:
    def call(*words: str, text: str | bytes = "", status: int = 0) -> Result:
        result = CliRunner().invoke(lists, list(words), input=text, env={"FILTERD_STATE": str(tmp_path / "state")})
        assert result.exit_code == status, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    (tmp_path / "state").mkdir()
    return call


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_parse_prints_one_object_for_each_line(run) -> None:  # type: ignore[no-untyped-def]
    text = "! c\n||ads.example.com^\n@@||ok.example.com^$important\n|x.example.com^\n||*.y.example.com^\n||co.uk^\n"
    found = rows(run("parse", "-", "--format", "adblock", "--json", text=text))
    assert found[1] == {
        "line": 2, "text": "||ads.example.com^", "blocked": ["ads.example.com"], "allowed": [], "ignored": None, "error": None,
        "exact": False, "below_only": False, "important": False,
    }  # fmt: skip
    assert [row["ignored"] for row in found] == ["comment", None, None, None, None, None]
    assert found[2]["allowed"] == ["ok.example.com"] and found[2]["important"] is True
    assert found[3]["exact"] is True and found[4]["below_only"] is True
    assert str(found[5]["error"]).startswith("public suffix")


def test_parse_for_people(run) -> None:  # type: ignore[no-untyped-def]
    text = "||a.example.com^\n|b.example.com^\n||*.c.example.com^\n@@||d.example.com^\n##x\n||..^\n"
    assert run("parse", "-", text=text).stdout.splitlines() == [
        "1: blocks a.example.com and below",
        "2: blocks b.example.com (exactly)",
        "3: blocks *.c.example.com",
        "4: allows d.example.com and below",
        "5: ignored (cosmetic rule)",
        "6: error (empty label): '||..^'",
    ]
    assert "2 ip literal" in run("parse", "-", "--summary", text="a.example.com\n192.0.2.1\n192.0.2.2\n" * 1).stdout
    summary = rows(run("parse", "-", "--summary", "--json", text="a.example.com\n#\n"))[0]
    assert summary == {
        "format": "domains",
        "lines": 2,
        "blocked": 1,
        "allowed": 0,
        "ignored": {"comment": 1},
        "errors": {},
    }


def test_a_body_that_is_no_list_is_one_sentence_and_status_1(run) -> None:  # type: ignore[no-untyped-def]
    result = run("parse", "-", text="<!doctype html><title>x</title>", status=1)
    assert result.stderr.startswith("Error: expected a list as plain text, got a web page")
    assert result.stdout == ""


def test_a_day_with_lists(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "ads.txt"
    path.write_text("".join(f"ads{n}.example.org\n" for n in range(30)) + "co.uk\nbank.example\n")
    assert "nothing yet" in run("show").stdout
    result = run("add", "mine", "--category", "own", str(path))
    assert "mine: 30 names, format domains" in result.stdout
    assert "wrong: 1 public suffix, 1 never block" in result.stdout
    assert "line 31: public suffix" in result.stdout
    assert "not in the catalogue" in result.stderr and "catalogue (0 of 4)" in result.stderr
    added = rows(run("add", "other", "--category", "ads", "--format", "domains", "--no-build", "--json", str(path)))[0]
    assert added["names"] == 30 and added["revision"] is None
    assert "not in force yet" in run("add", "other", "--no-build").stdout
    built = rows(run("build", "--json"))[0]
    assert built["revision"] == 2 and str(built["file"]).endswith(".flt")
    assert "revision 2" in run("build").stdout
    shown = rows(run("show", "--json"))[0]
    assert [row["id"] for row in shown["lists"]] == ["mine", "other"]  # type: ignore[index, union-attr]
    assert "category own" in run("show").stdout
    assert "30 changed" in run("diff").stdout and "... and 10 more" in run("diff").stdout
    assert len(rows(run("diff", "--json", "--all"))[0]["names"]) == 30  # type: ignore[arg-type]
    path.write_text("ads0.example.org\nnew.example.org\n")
    assert run("diff", "mine", str(path)).stdout.startswith(
        "+ new.example.org (not listed -> mine)\n- ads1.example.org"
    )
    assert "+ new.example.org (not listed -> mine)" in run("diff", "mine", "--all").stdout
    assert "expected about 30 entries" in run("add", "mine", status=1).stderr
    assert "refused: list mine: expected about" in run("show").stdout
    assert rows(run("history", "mine", "--json"))[-1]["verdict"] == "refused"
    assert "mine accepted 30 names" in run("history").stdout
    assert "in force again: bundles/" in run("rollback").stdout
    assert rows(run("rollback", "--json"))[0]["revision"] == 4
    assert "other: removed" in run("remove", "other").stdout
    assert "not registered" in run("remove", "other", status=1).stderr
    assert "not in force yet" in run("remove", "mine", "--no-build").stdout


def test_an_unchanged_list_says_so(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    from filterd.listbuild import fetch as fetching
    from filterd.listbuild.fetch import Fetched

    body = b"ads.example.org\nb.example.org\n"
    monkeypatch.setattr(fetching, "fetch", lambda origin, etag="", *_, **__: Fetched(None if etag else body, "v1"))
    run("add", "mine", "--category", "ads", "https://lists.example.org/x")
    assert "not changed" in run("add", "mine").stdout


def test_every_command_has_help_with_an_example(run) -> None:  # type: ignore[no-untyped-def]
    assert "Examples:" in run("--help").stdout
    for name in lists.commands:
        assert "--help" in run(name, "--help").stdout
