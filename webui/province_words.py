"""Why a report cannot be queued or sent, in words for the person who wrote it."""

from __future__ import annotations

from filterd.control.feed_report_send import NO_ADDRESS, NO_ENCRYPTION
from filterd.control.feed_reports import NotQueued
from filterd.control.notices import links, site_of
from webui.frame import state
from webui.words import gettext as _


def problem(error: NotQueued) -> str:
    """Return why a report cannot be queued."""
    if error.why == "abuse":
        whom = links(state())
        site = site_of(whom.report)
        return _(
            "This is not for a list. Please report it at %(site)s, or call %(number)s.", site=site, number=whom.hotline
        )
    if error.why in ("waiting", "day"):
        return _("Enough for now: the reports that wait have to leave first.")
    return {
        "twice": _("This was reported already, and the answer is not here yet."),
        "name": _("Write the site's name, such as example.com."),
        "category": _("This category is not known here."),
        "reason": _("One short line, please."),
    }.get(error.why, _("This box follows no province yet, so nobody would read it."))


def not_sent(problem: str) -> str:
    """Return why reports still wait, and who can mend that."""
    if problem == NO_ENCRYPTION:
        return _(
            "The province's address is not encrypted, so reports stay here: others could read them on the way. Its office"
            " can name a safe one (https)."
        )
    if problem == NO_ADDRESS:
        return _("The feed comes on a stick and names no address, so reports stay here until its office names one.")
    return _("Sending did not work yet; it is tried again by itself.")
