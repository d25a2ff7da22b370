"""Backup: the box as one file to keep, and such a file put back, after a look at what is in it.

For admins, who type their password before and a word before what is here is replaced. A file that was handed over waits
in memory for the person's answer, one at a time, for ten minutes; nothing of it is written before that.

    POST /system/backup/make -> filterd-2026-11-30-2015.zip
    POST /system/backup/look  file=...      POST /system/backup/restore  confirm=... accounts=1
"""

from __future__ import annotations

import threading
import time
from typing import Any

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, session, url_for

from filterd.control import backup, backup_read
from filterd.control.accounts_sessions import digest_of
from filterd.control.backup_read import Backup
from filterd.control.restore import restore as take_in
from filterd.errors import ConfigError
from webui.change import who
from webui.confirm import by_password
from webui.frame import Toast, forget_house, show, state
from webui.security import SID, UPLOADS, needs
from webui.words import gettext as _

page = Blueprint("backup", __name__, url_prefix="/system/backup")
UPLOADS["backup.look"] = ("backup", backup.MAX_FILE + 64 * 1024)  # with what a form puts around a file
WAIT_S = 600.0


class Waiting:
    """The file that waits for an answer: of one session, for WAIT_S; the next one takes its place."""

    def __init__(self) -> None:
        self._kept: tuple[str, float, bytes] | None = None
        self._lock = threading.Lock()

    def put(self, token: str, data: bytes) -> None:
        """Keep it."""
        with self._lock:
            self._kept = (digest_of(token), time.monotonic(), data)

    def get(self, token: str) -> bytes | None:
        """Return what this session handed over, while it waits."""
        with self._lock:
            if self._kept is not None and time.monotonic() - self._kept[1] >= WAIT_S:
                self._kept = None
            return self._kept[2] if self._kept is not None and self._kept[0] == digest_of(token) else None

    def drop(self) -> None:
        """Forget it."""
        with self._lock:
            self._kept = None


@page.get("/")
@needs("backup")
@by_password
def show_all() -> str:
    """What can be done."""
    return _page("")


@page.post("/make")
@needs("backup")
@by_password
def make() -> Response:
    """The file."""
    answer = Response(backup.make(state()), mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{backup.file_name()}"'
    return answer


@page.post("/look")
@needs("backup")
@by_password
def look() -> Any:
    """Say what is in a file; change nothing."""
    given = request.files.get("file")
    data = b"" if given is None else given.read(backup.MAX_FILE + 1)
    if not data:
        return _page(_("Please choose a file first.")), 422
    try:
        found = backup_read.read(data, state())
    except ConfigError as error:
        return _page(_("This file was not taken: %(reason)s", reason="; ".join(error.problems))), 422
    _waiting().put(_token(), data)
    return _found(found, "")


@page.post("/restore")
@needs("backup")
@by_password
def restore() -> Any:
    """Put the file that waits into force."""
    data = _waiting().get(_token())
    if data is None:
        return _page(_("The file has waited too long. Please choose it again.")), 422
    found = backup_read.read(data, state())
    if request.form.get("confirm", "").strip().casefold() != word().casefold():
        return _found(found, _("Type the word exactly: %(word)s", word=word())), 422
    with_accounts = request.form.get("accounts") == "1"
    done = take_in(state(), who(), data, with_accounts=with_accounts, keep=digest_of(_token()))
    _waiting().drop()
    forget_house()
    if done.refused:
        text = _(
            "The backup is in force, but the names of these lists were not taken: %(lists)s",
            lists=", ".join(done.refused),
        )
    else:
        text = _("The backup is in force.")
    show(Toast(text))
    # whoever is not in the backup has no account any more
    return redirect(url_for("system.system"), 303)


def word() -> str:
    """Return the word that is typed before what is here is replaced."""
    return str(_("restore"))


def _page(error: str) -> str:
    return render_template("system/backup.html", error=error)


def _found(found: Backup, error: str) -> str:
    me = next((one for one in found.accounts if one.account.id == g.account.id), None)
    return render_template("system/restore.html", found=found, error=error, word=word(), knows_me=me is not None)


def _waiting() -> Waiting:
    found = current_app.extensions.setdefault("filterd_restore", Waiting())
    assert isinstance(found, Waiting)
    return found


def _token() -> str:
    return str(session.get(SID, ""))
