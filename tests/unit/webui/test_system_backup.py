"""Backup on the page: a file that is a backup, a look before anything changes, a word before it does, for admins alone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from filterd.control import accounts, backup
from filterd.control.backup_read import read
from filterd.control.household import import_household, load
from filterd.model.change import Who
from tests.unit.webui.client import Browser, logged_in, made
from webui import system_backup
from webui.app import MAX_BODY
from webui.security import UPLOADS

FAMILY = b"version: 1\nlanguage: en\nprofiles: [{id: an, name: An}]\n"


@pytest.fixture
def copy(tmp_path: Path, visitor: Browser) -> bytes:
    """A backup of another family, in which the admin is somebody else."""
    other = tmp_path / "other"
    import_household(other, FAMILY, "household.yaml")
    accounts.add(other, made_by(), "ba", "ba-con-voi-qua-cau", "admin", shown="ba")
    return backup.make(other)


def made_by() -> Who:
    return Who("ba", "cli")


def upload(browser: Browser, data: bytes) -> Any:
    token = browser.token()
    return browser.open(
        "/system/backup/look?lang=en",
        method="POST",
        data={"csrf_token": token, "file": (io.BytesIO(data), "x.zip")},
        content_type="multipart/form-data",
    )


def test_the_file_is_a_backup_of_this_box(visitor: Browser, state: Path) -> None:
    assert "Keep a copy" in visitor.get("/system/backup/?lang=en").text
    answer = visitor.post("/system/backup/make")
    assert answer.mimetype == "application/zip" and ".zip" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert read(answer.data, state).household == load(state)


def test_a_copy_is_looked_at_and_then_put_back(visitor: Browser, state: Path, copy: bytes) -> None:
    before = load(state)
    seen = upload(visitor, copy).text
    assert "1 person" in seen and ">An<" in seen and ">ba<" in seen and "Your own account is not in the copy" in seen
    assert load(state) == before
    wrong = visitor.post("/system/backup/restore?lang=en", {"confirm": "yes", "accounts": "1"})
    assert wrong.status_code == 422 and "Type the word exactly: restore" in wrong.text and load(state) == before
    done = visitor.post("/system/backup/restore?lang=en", {"confirm": "Restore", "accounts": "1"})
    assert done.status_code == 303
    assert [p.name for p in load(state).profiles] == ["An"]
    assert [a.name for a in accounts.list_accounts(state)] == ["ba"]
    assert visitor.get("/system/").status_code == 302  # her account is gone
    assert logged_in(state, "ba", "ba-con-voi-qua-cau").get("/system/").status_code == 200


def test_accounts_stay_when_one_wants_it_so(visitor: Browser, state: Path, copy: bytes) -> None:
    upload(visitor, copy)
    visitor.post("/system/backup/restore?lang=en", {"confirm": "restore"})
    assert [a.name for a in accounts.list_accounts(state)] == ["me"]
    again = visitor.post("/system/backup/restore?lang=en", {"confirm": "restore"})
    assert again.status_code == 422 and "waited too long" in again.text


def test_one_file_waits_for_one_session_and_not_for_long(
    visitor: Browser, state: Path, copy: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(visitor, copy)
    accounts.add(state, made_by(), "ong", "ong-noi-trong-rau-muong", "admin")
    other = logged_in(state, "ong", "ong-noi-trong-rau-muong", app=visitor.application)
    assert other.post("/system/backup/restore", {"confirm": "restore"}).status_code == 422
    monkeypatch.setattr(system_backup, "WAIT_S", 0.0)
    assert visitor.post("/system/backup/restore?lang=en", {"confirm": "restore"}).status_code == 422


def test_what_is_no_backup_is_refused_in_words(visitor: Browser, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load(state)
    answer = upload(visitor, b"PK" + b"x" * (MAX_BODY + 50_000))  # larger than any form may be
    assert answer.status_code == 422 and "This file was not taken" in answer.text
    assert upload(visitor, b"").status_code == 422
    monkeypatch.setitem(UPLOADS, "backup.look", ("backup", MAX_BODY + 1000))
    assert upload(visitor, b"x" * (MAX_BODY + 1000)).status_code == 413
    assert load(state) == before


@pytest.mark.parametrize("role", ["parent", "teacher", "viewer"])
def test_for_admins_alone(state: Path, role: str) -> None:
    made(state, role=role, name="other")
    browser = logged_in(state, "other")
    assert browser.get("/system/backup/").status_code == 403
    assert browser.post("/system/backup/make").status_code == 403
    assert upload(browser, b"x").status_code == 403
    assert upload(browser, b"x" * (MAX_BODY + 1000)).status_code == 413  # no larger a file than any form of theirs
    assert "/system/backup/" not in browser.get("/system/").text
