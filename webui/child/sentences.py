"""What the child's page says, in sentences by age: how it is now, the day, what is left, requests, why a site is closed.

Never a list of names, never a scolding.

    now_lines(words, seen)        # ("moon", "Mạng nghỉ đến 20:30.", "mẹ đã tắt. Còn 22 phút nữa.")
"""

from __future__ import annotations

from typing import Any

from filterd.control.child import ChildPage, Closed
from filterd.control.requests import EXPIRE_S, MAX_HOURLY
from filterd.control.requests import Request as Wish
from filterd.control.words import shown, shown_all
from webui.child.speech import Words

TOKEN_MINUTES = 5  # of one token of the youngest


def now_lines(words: Words, seen: ChildPage) -> tuple[str, str, str]:
    """Return icon, headline and the sentence below: how it is now, and until when."""
    _ = words.gettext
    young, piece = words.group == "young", seen.now
    until = words.when(piece.end, seen.at) if piece.end else ""
    if piece.kind == "off":
        if piece.reason == "off":
            who = piece.by or _("%(Parents)s")
            if young:
                head = _("%(who)s switched it off for a while.", who=who)
                return "moon", head, _("On again at %(time)s.", time=until) if until else ""
            head = _("Off until %(time)s.", time=until) if until else _("Off until it is switched on again.")
            line = _("%(who)s switched it off.", who=who)
            left = int((piece.end - seen.at) // 60) + 1 if piece.end else 0
            if 0 < left <= 180:
                line += " " + words.ngettext("%(num)s more minute.", "%(num)s more minutes.", left)
            return "moon", head, line
        if young:
            return "moon", _("The tablet is asleep. See you tomorrow!"), _("It wakes up at %(time)s.", time=until)
        return (
            "moon",
            _("Off until %(time)s.", time=until) if until else _("Off now."),
            _("By the week's hours.") if words.group == "teen" else _("By the hours of your week."),
        )
    if piece.kind == "only":
        if young:
            return "book", _("It is study time."), ""
        return (
            "book",
            _("Until %(time)s: only the chosen sites.", time=until) if until else _("Only the chosen sites."),
            "",
        )
    after = ""
    if piece.end and seen.then is not None and seen.then.kind == "off" and seen.then.end and not young:
        after = _("Then off until %(time)s.", time=words.when(seen.then.end, seen.at))
    if young:
        return "sun", _("You can use it now."), _("Until %(time)s.", time=until) if until else ""
    return "sun", _("On until %(time)s.", time=until) if until else _("The Internet is on."), after


def day_lines(words: Words, seen: ChildPage) -> list[tuple[str, str]]:
    """Return what is still to come of the day, each as icon and sentence."""
    _ = words.gettext
    found = []
    for piece in seen.day:
        start, end = piece.start or seen.day_start, piece.end
        if end is None or end <= seen.at or piece.kind not in ("off", "only"):
            continue
        first, last = words.clock(start), words.clock(end)
        if piece.kind == "off":
            found.append(("moon", _("Off from %(start)s to %(end)s", start=first, end=last)))
        else:
            found.append(("book", _("Only the chosen sites from %(start)s to %(end)s", start=first, end=last)))
    return found or [("sun", _("Nothing is planned for the rest of the day."))]


def budgets(words: Words, seen: ChildPage) -> list[dict[str, Any]]:
    """Return what is left today, about."""
    _ = words.gettext
    found = []
    for one in seen.budgets:
        name = shown_all(one.services, one.categories, words.language)
        left = max(0, one.minutes - one.used)
        if one.used_up:
            text = (
                _("Enough play for today. More tomorrow!")
                if words.group == "young"
                else _("Today's share is used. A new one comes at 0:00.")
            )
        elif words.group == "teen":
            text = _("about %(left)s of %(total)s min left", left=left, total=one.minutes)
        else:
            text = words.ngettext("About %(num)s minute left.", "About %(num)s minutes left.", left)
        tokens = min(12, -(-one.minutes // TOKEN_MINUTES))
        full = min(tokens, -(-left * tokens // max(one.minutes, 1)))
        found.append({"name": name, "used": one.used, "minutes": one.minutes, "text": text, "used_up": one.used_up,
                      "tokens": [i < full for i in range(tokens)]})  # fmt: skip
    return found


def wish(words: Words, seen: ChildPage, asked: Wish) -> dict[str, str]:
    """Return what became of one request."""
    _ = words.gettext
    what = shown(asked.scope, asked.value, words.language) if asked.value else _("More time")
    if asked.kind == "talk":
        what = talk_line(words)
    elif asked.kind == "mistake":
        what = _("Closed by mistake: %(site)s", site=asked.value) if asked.value else _("A page was closed by mistake")
    who = asked.by or _("%(Parents)s")
    at = words.when(asked.at, seen.at)
    if asked.state == "granted":
        sign, text = (
            "check",
            _("%(who)s says yes!", who=who) if words.group == "young" else _("%(who)s said yes.", who=who),
        )
    elif asked.state == "refused":
        sign, text = "minus", _("Not this time.")
    elif asked.state == "seen":
        sign, text = "check", _("%(who)s has seen it.", who=who)
    elif asked.state == "expired":
        sign, text = "clock", _("Nobody answered by %(time)s.", time=words.when(asked.at + EXPIRE_S, seen.at))
    else:
        sign, text = "ask", _("Sent at %(time)s, waiting.", time=at)
    return {"what": what, "icon": sign, "text": text, "note": asked.note, "state": asked.state}


def talk_line(words: Words) -> str:
    """Return the one sentence that is sent when a child needs to talk."""
    return words.gettext("I need to talk to %(whom)s.", whom=words.whom)


def sees(words: Words, seen: ChildPage) -> str:
    """Return what the parents see, truthfully."""
    _ = words.gettext
    if seen.level == "nothing":
        return _("The box writes nothing down.")
    if words.group == "young":
        return _("%(Parents)s can see how long you play.")
    if seen.level == "counts":
        return _("%(Parents)s can see numbers only, no names of sites.")
    if seen.parent_sees == "categories":
        return _("%(Parents)s can see category and time; a name only when %(you)s ask for it.")
    if seen.level == "blocked":
        return words.ngettext(
            "%(Parents)s can see names of closed sites for %(num)s day, and rough minutes.",
            "%(Parents)s can see names of closed sites for %(num)s days, and rough minutes.", seen.detail_days,
        )  # fmt: skip
    return words.ngettext(
        "%(Parents)s can see names of sites for %(num)s day, and rough minutes.",
        "%(Parents)s can see names of sites for %(num)s days, and rough minutes.", seen.detail_days,
    )  # fmt: skip


def why_title(words: Words, why: Closed) -> str:
    """Return the headline of a closed site."""
    _ = words.gettext
    return {
        "scam": _("This page plays tricks"), "off": _("The Internet is off now"), "hours": _("Not at this time"),
        "budget": _("Enough for today"), "open": _("This page is open"),
    }.get(why.kind, _("This page is closed here"))  # fmt: skip


def why_line(words: Words, seen: ChildPage, why: Closed) -> str:
    """Return why a site is closed, by age."""
    _ = words.gettext
    young = words.group == "young"
    until = words.when(why.until, seen.at) if why.until else ""
    if why.kind == "scam":
        return (
            _("Let's go elsewhere.")
            if young
            else _("A scam or malware page, closed to keep your device and accounts safe.")
        )
    if why.kind in ("off", "hours"):
        return _("It opens again at %(time)s.", time=until) if until else _("It opens again later.")
    if why.kind == "budget":
        return _("More tomorrow!") if young else _("Today's share is used. A new one comes at 0:00.")
    if why.kind == "open":
        return _("Try once more in a minute. If it still leads here, restart the browser.")
    if young:
        return _("This page is for bigger people.")
    if words.group == "teen" and why.category:
        category = shown("category", why.category, words.language)
        return _("Category: %(category)s. Ask %(parents)s if you need it for school.", category=category)
    if words.group == "teen":
        return _("Not for this age yet. Ask %(parents)s if you need it.")
    return _("Not for your age yet. Ask %(parents)s if you need it.")


def error_line(words: Words, seen: ChildPage, kind: str) -> str:
    _ = words.gettext
    young = words.group == "young"
    return {
        "": "", "what": _("Choose what %(you)s would like to ask for."),
        "site": _("Write the site's name, such as example.com."),
        "words": _("One short line, please."),
        "twice": _("That was asked already. It waits for an answer."),
        "open": _("This page is open. Try once more in a minute."),
        "later": _("That was sent several times. %(Parents)s will see it. Call %(hotline)s if it cannot wait."),
        "many": _("Let's wait a bit.") if young
        else words.ngettext("%(num)s request an hour is the most. Let's wait a bit.",
                            "%(num)s requests an hour are the most. Let's wait a bit.", MAX_HOURLY),
    }.get(kind, "")  # fmt: skip


def whys(words: Words) -> list[tuple[str, str]]:
    _ = words.gettext
    return [("school", _("Homework")), ("class", _("Class group")), ("fun", _("For fun"))]


def services(words: Words, seen: ChildPage) -> list[tuple[str, str]]:
    """Return services that this child has to do with: of budgets alone, for a list of closed ones is never shown."""
    idents = dict.fromkeys(ident for one in seen.budgets for ident in one.services)
    return [(ident, shown("service", ident, words.language)) for ident in list(idents)[:3]]
