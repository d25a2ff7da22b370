"""What a browser calls itself, in words: "Chrome on Android". For the list of places where somebody is logged in.

A small table of our own; it decides nothing. The text comes from whoever signed in and says whatever they like: no word
of it is shown, only words of ours.

    kind("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) ... Version/17.5 Mobile/15E148 Safari/604.1")
    # "Safari on iPhone"
"""

from __future__ import annotations

import re

from webui.words import gettext as _

MAX = 400  # characters that are looked at

# the first that fits: most browsers call themselves by the names of others too, behind their own
_BROWSERS = (
    ("CocCoc", r"coc_coc_browser/|CocCoc/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"(?:OPR|OPT|OPiOS|Opera)/"),
    ("Firefox", r"(?:Firefox|FxiOS)/"),
    ("Zalo", r"Zalo\b"),  # links open inside the app
    ("Facebook", r"FBA[NV]/"),
    ("Chrome", r"(?:Chrome|CriOS|Chromium)/"),
    ("Safari", r"Version/[\d.]+ (?:Mobile/\w+ )?Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"\(iPhone"),
    ("iPad", r"\(iPad"),
    ("Android", r"\bAndroid\b"),
    ("Windows", r"\bWindows NT\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("macOS", r"\bMacintosh\b"),
    ("Linux", r"\bLinux\b"),
)


def kind(agent: str) -> str:
    """Return the browser and its system, as far as they are known."""
    text = agent[:MAX]
    browser, system = _first(_BROWSERS, text), _first(_SYSTEMS, text)
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    if system:
        return _("another browser on %(system)s", system=system)
    return browser or _("another browser")


def _first(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for name, pattern in table if re.search(pattern, text, re.ASCII)), "")
