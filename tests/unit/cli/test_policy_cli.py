"""`filterd policy`: the household as a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from filterd.cli.policy import policy
from filterd.errors import ConfigError, StoreError
from tests.unit.control.policy_state import HOUSEHOLD


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return tmp_path / "state"


def run(state: Path, *words: str, text: str | bytes = HOUSEHOLD) -> str:
    """Run a command on standard input and return what it prints; its own errors come through."""
    result = CliRunner().invoke(
        policy, [*words, "--state", str(state)], input=text, standalone_mode=False, catch_exceptions=False
    )
    assert result.return_value is None
    return result.output


def test_import_then_export_then_check(state: Path, tmp_path: Path) -> None:
    said = run(state, "import", "-")
    assert said.splitlines()[0] == "imported: 2 profiles, 3 devices, 1 grants"
    assert re.search(r"^saved as revision [0-9]+; it is in force when filterd runs$", said, re.MULTILINE)
    exported = run(state, "export")
    assert exported.startswith("version: 1\ntimezone: Europe/Berlin\n")
    (tmp_path / "h.yaml").write_text(exported)
    assert run(state, "check", str(tmp_path / "h.yaml")) == "valid: 2 profiles, 3 devices, 1 grants\n"
    run(state, "import", str(tmp_path / "h.yaml"))
    assert run(state, "export") == exported


def test_an_error_names_the_file_and_the_line(state: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(HOUSEHOLD.replace("Europe/Berlin", "Berlin"))
    for word in ("check", "import"):
        with pytest.raises(ConfigError, match=r"timezone: .*bad.yaml:2\)"):
            run(state, word, str(tmp_path / "bad.yaml"))
    assert not state.exists()


def test_an_endless_file_is_refused(state: Path) -> None:
    with pytest.raises(ConfigError, match="expected at most"):
        run(state, "check", "/dev/zero")


def test_nothing_to_export_is_said(state: Path) -> None:
    with pytest.raises(StoreError, match="no household yet"):
        run(state, "export")
