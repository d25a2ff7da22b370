"""What may be proposed: the rules by which a name is refused, and the warnings that a person has to answer.

Refused, with what to do instead: a page instead of a site, an address, an ending under which everybody registers, what
is or holds a lifeline. Warned of: names that homes need, that the office's file of popular names ranks high, that families
switch as an app, or that belong to a hoster of strangers' pages. No list of popular names is shipped: policy.yaml may name
a file of the office's own.

    found = Checker(office).check("https://www.example.org/page")
    found.refusal       # 'a page cannot be blocked ...'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from filterd.errors import ConfigError, ListRejected
from filterd.wire.name import suffixes, to_text

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.feed.office import Office

ABUSE = "abuse"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the rules say of a name. `name`: A-labels ('' when refused before it was one); `refusal`: '' when allowed."""

    name: str
    refusal: str = ""
    warnings: tuple[str, ...] = ()


class Checker:
    """The rules for one office; files are read when a rule first needs them."""

    def __init__(self, office: Office, catalogue: Catalogue | None = None) -> None:
        """`catalogue`: in place of the shipped one."""
        self.office = office
        self._given = catalogue

    def check(self, text: str, *, exact: bool = False) -> Checked:
        """Return what the rules say of a name as a person wrote it. `exact`: it is to cover nothing below it."""
        from filterd.config.sitename import site_name
        from filterd.listbuild.names import normalise

        said = text.strip()
        if refusal := _page(said):
            return Checked("", refusal)
        said = said.removeprefix("*.").removesuffix(".")
        try:
            wire = normalise(said)
            site_name(said)  # stricter: what lists may write in odd ways, a person writes as it is
        except (ListRejected, ValueError) as exc:
            return Checked("", _why_not(said, str(exc)))
        return self.check_wire(wire, exact=exact)

    def check_wire(self, wire: bytes, *, exact: bool = False) -> Checked:
        """Return what the rules say of a name in wire form, which is no public suffix."""
        name = to_text(wire)
        held = self.lifelines.get(wire) or (None if exact else self.above_lifelines.get(wire))
        if held is not None:
            what = "is" if to_text(held) == name else "covers"
            return Checked(
                name, f"{name} {what} the lifeline {to_text(held)}, which must stay reachable for every child"
            )
        return Checked(name, "", tuple(self._warnings(wire, name, exact)))

    def category(self, category: str) -> str:
        """Return a category of the policy. Raises ConfigError with those that there are."""
        if category not in self.office.policy.categories:
            known = ", ".join(self.office.policy.categories)
            raise ConfigError(f"expected a category of policy.yaml ({known}), got {category[:60]!r}")
        return category

    @cached_property
    def catalogue(self) -> Catalogue:
        """What the product knows of names."""
        from filterd.config.catalogue import load

        return self._given or load()

    @cached_property
    def lifelines(self) -> dict[bytes, bytes]:
        """Each lifeline."""
        return {name: name for name in self.catalogue.lifelines}

    @cached_property
    def above_lifelines(self) -> dict[bytes, bytes]:
        """Every name above a lifeline -> that lifeline."""
        return {above: name for name in self.catalogue.lifelines for above in suffixes(name)}

    @cached_property
    def protected(self) -> dict[bytes, bytes]:
        """Every never-block name, and every name above one -> that name."""
        return {above: name for name in self.catalogue.never_block for above in suffixes(name)}

    @cached_property
    def apps(self) -> dict[bytes, str]:
        """Each name of an app that families switch -> what the app is called."""
        found: dict[bytes, str] = {}
        for service in self.catalogue.services.values():
            for name in (*service.core, *service.suffix, *service.exact, *service.shared):
                found.setdefault(name, service.name_en)
        return found

    @cached_property
    def above_safe(self) -> frozenset[bytes]:
        """Every host of a search engine with a safe mode, and every name above one."""
        return frozenset(above for host in self.catalogue.safe_hosts for above in suffixes(host))

    @cached_property
    def popular(self) -> dict[bytes, int]:
        """Each of the most asked names, from the office's own file -> its rank. Raises ConfigError for a bad one."""
        from filterd.control.lists_report import popular_names

        policy = self.office.policy
        if policy.popular is None:
            return {}
        return {name: rank for rank, name in enumerate(popular_names(policy.popular, policy.popular_top), 1)}

    @cached_property
    def above_popular(self) -> dict[bytes, int]:
        """Every name above one of the most asked, those themselves too -> the best rank below."""
        found: dict[bytes, int] = {}
        for name, rank in self.popular.items():
            for above in suffixes(name):
                found.setdefault(above, rank)
        return found

    @cached_property
    def _hosters(self) -> Any:
        import publicsuffixlist

        return publicsuffixlist.PublicSuffixList(accept_unknown=False)

    def _warnings(self, wire: bytes, name: str, exact: bool) -> list[str]:
        found = []
        needed = self.protected.get(wire)
        if needed is not None and not (exact and needed != wire):
            which = "is" if needed == wire else f"covers {to_text(needed)}, which is"
            found.append(f"{name} {which} a name that homes and schools need: every box leaves it out (never_block)")
        rank = (self.popular if exact else self.above_popular).get(wire)
        if rank is not None:
            is_ = "is" if wire in self.popular else "covers"
            found.append(f"{name} {is_} one of the {self.office.policy.popular_top:,} most asked names (rank {rank})")
        if wire in self.apps:
            found.append(f"{name} belongs to {self.apps[wire]}, which families switch on and off themselves")
        if wire in (self.catalogue.safe_hosts if exact else self.above_safe):
            found.append(f"{name} is a search engine that has a safe mode, which boxes can switch on")
        if self._hosters.is_public(name):
            found.append(f"{name} hosts pages of many people: name the one page's own host, such as page.{name}")
        return found


def _page(text: str) -> str:
    """Return why a text that names a page, an address or nothing is refused; '' when it may be a name."""
    if not text:
        return "expected a site's name, got nothing"
    if len(text) > 500:
        return f"expected a site's name, got {len(text)} characters"
    if "://" in text or "/" in text or "?" in text:
        try:
            parts = urlsplit(text if "://" in text else f"//{text}")
            host = parts.hostname or ""
        except ValueError:
            return f"expected a site's name, got {text[:80]!r}"
        if parts.path.strip("/") or parts.query or parts.fragment:
            return f"a page cannot be blocked, only the whole site: write {host} if all of it is harmful, or report the page"
        return f"write the name alone, without http:// and without /: {host}"
    if re.search(r"\s|@|,|;", text):
        return f"expected one name without spaces, got {text[:80]!r}"
    return ""


def _why_not(text: str, reason: str) -> str:
    if reason.startswith("public suffix"):
        return f"{text.lower()} is an ending under which everybody registers: blocking it would block strangers"
    if reason.startswith("ip literal"):
        return f"{text} is an address; a list holds names"
    return f"{text[:80]!a} is no site's name: {reason}"
