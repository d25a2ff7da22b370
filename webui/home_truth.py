"""Whether everybody is protected, in words: the checks with their own numbers, and what is wrong with the button that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for

from filterd.model.now import Check
from webui import bypass, words
from webui.words import gettext as _


def check_text(check: Check) -> str:
    """Return one of the five checks with its own numbers."""
    facts = check.facts
    if check.id == "client":
        if check.ok:
            return _("A real device was just answered: %(ago)s", ago=words.ago(facts["ago_s"]))
        if facts.get("at"):
            return _("No device has asked this box since %(time)s", time=words.when(facts["at"]))
        return _("No device has asked this box yet")
    if check.id == "lists":
        if check.reason in ("none", "unreadable"):
            return _("No list is in force")
        count = words.number(facts.get("names", 0))
        if not check.ok:
            return _("The lists are old; the last good ones still protect (%(count)s names)", count=count)
        in_force = _("The lists are in force: %(count)s names.", count=count)
        return f"{in_force} {_signature(facts)}"
    if check.id == "clock":
        return (
            _("The box's clock is right") if check.ok else _("The box is not sure of the time, so schedules may be off")
        )
    if check.id == "upstream":
        if check.reason == "no_worker":
            return _("The filter does not answer")
        return _("The way out to the Internet answers") if check.ok else _("The Internet at home is slow or down")
    if check.id == "bypass" and not check.ok:
        return _("A way round the filter was seen")
    if not facts.get("watched"):
        return _("Ways round the filter are not watched for yet")
    return _("No way round has been seen")


def _signature(facts: Mapping[str, Any]) -> str:
    """Return how it stands with the province's signature; nothing where no province is followed."""
    return {
        "never": _("The province is followed; its signature has not come yet."),
        "verified": _("The province's signature is right."),
        "expired": _("The province's signature has run out; its last lists still protect."),
        "refused": _("The province's latest edition could not be checked; the lists that are here still protect."),
    }.get(str(facts.get("signature", "unsigned")), _("No province is followed, so nobody has signed them."))


def wrong(check: Check) -> tuple[str, str, str, str]:
    """Return title, explanation, and the button that mends it (words, address)."""
    devices = (_("How to point the router here"), url_for("wizard.router"))
    if check.id == "lists" and check.reason in ("none", "unreadable"):
        return (
            _("No list is in force"),
            _("Nothing is blocked for sure. Restart the box; if that does not help, put an older list into force."),
            _("Look at the lists"),
            url_for("system.lists"),
        )
    if check.id == "lists":
        return (
            _("The lists are old"),
            _("The last good version still protects everybody."),
            _("Look at the lists"),
            url_for("system.lists"),
        )
    if check.id == "upstream":
        if check.reason == "no_worker":
            return (
                _("The filter does not answer"),
                _("The house may be without Internet. Switch the box off and on again."),
                _("Look again"),
                url_for("home.home"),
            )
        return (
            _("The Internet at home is slow or down"),
            _(
                "The filter works, but its questions come back without an answer. Usually that is the router or the provider."
            ),
            _("Look again"),
            url_for("home.home"),
        )
    if check.id == "clock":
        return (
            _("The box is not sure of the time, so schedules may be off"),
            _("Harmful sites stay blocked. It sets its clock by itself once the Internet answers."),
            _("Look again"),
            url_for("home.home"),
        )
    if check.id == "bypass":
        return bypass.on_home(check)
    if check.facts.get("at"):
        return (
            _("No device has asked this box since %(time)s", time=words.when(check.facts["at"])),
            _("Perhaps everybody is out. Or the router sends its questions elsewhere."),
            *devices,
        )
    return (
        _("No device has asked this box yet"),
        _("The box is ready. Now the router has to send its questions here."),
        *devices,
    )
