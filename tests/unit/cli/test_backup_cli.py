"""`filterd backup`, `filterd restore`."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from filterd.cli.backup import backup, restore
from filterd.control import accounts
from filterd.control.household import ensure, import_household, load
from filterd.errors import ConfigError
from filterd.model.change import Who


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A box with the demonstration family and an admin."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    made = tmp_path / "state"
    ensure(made)
    accounts.add(made, Who(), "me", "con-mèo-trèo-cây-cau", "admin")
    return made


def run(command: click.Command, *words: str, text: str | bytes = "") -> tuple[int, str, bytes]:
    result = CliRunner().invoke(command, words, input=text, standalone_mode=False)
    if result.exception is not None and not isinstance(result.exception, SystemExit | click.Abort):
        raise result.exception
    return result.exit_code, result.output, result.stdout_bytes


def test_there_and_back(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "filterd.zip"
    assert "keep it secret" in run(backup, str(file), "--state", str(state))[1]
    assert file.stat().st_mode & 0o777 == 0o600
    other = tmp_path / "other"
    import_household(other, b"version: 1\nprofiles: [{id: an, name: An}]\n", "household.yaml")
    checked = run(restore, "--check", str(file), "--state", str(other))[1]
    assert "profiles, 3 devices, 1 accounts" in checked and [p.id for p in load(other).profiles] == ["an"]
    code, said, _ = run(restore, str(file), "--state", str(other), text="n\n")
    assert code == 1 and [p.id for p in load(other).profiles] == ["an"]
    code, said, _ = run(restore, str(file), "--state", str(other), text="y\n")
    assert code == 0 and "restored as revision" in said
    assert load(other) == load(state) and [a.name for a in accounts.list_accounts(other)] == ["me"]


def test_standard_output_and_without_accounts(state: Path, tmp_path: Path) -> None:
    code, _, data = run(backup, "-", "--state", str(state))
    assert code == 0 and data.startswith(b"PK")
    other = tmp_path / "other"
    ensure(other)
    assert run(restore, "-", "--yes", "--no-accounts", "--state", str(other), text=data)[0] == 0
    assert accounts.list_accounts(other) == []


def test_what_is_no_backup_is_a_sentence(state: Path) -> None:
    with pytest.raises(ConfigError, match="no backup file"):
        run(restore, "-", "--yes", "--state", str(state), text=b"nonsense")
