"""Does the household protect as it is meant to? Puts what lists and catalogue know before policy/loopholes.py.

for finding in check_household(Path("var")):
    print(finding.severity.value, finding.en)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filterd.config.catalogue import Catalogue
from filterd.config.catalogue import load as load_catalogue
from filterd.control.household import check, knowledge_of, load
from filterd.control.publish import current
from filterd.errors import LayoutError, StoreError
from filterd.listbuild.suffixes import icann
from filterd.lists.bundle import Bundle
from filterd.model.household import Household
from filterd.policy.loopholes import Facts, Finding, find
from filterd.wire.name import suffixes, to_text

_Listed = Callable[[bytes], frozenset[str]]


def check_household(state: Path, now: float | None = None) -> list[Finding]:
    """Return the loopholes of the household in `state`, the worst first. StoreError when there is none."""
    return _find(load(state), state, now)


def check_file(text: bytes, state: Path | None, file: str, now: float | None = None) -> tuple[Household, list[Finding]]:
    """Return a household's file and its loopholes; ConfigError names path and line of every mistake.

    `state`: whose lists count; without one, or with one that has none yet, those of the package.
    """
    household = check(text, state, file)
    return household, _find(household, state, now)


def document(finding: Finding) -> dict[str, Any]:
    """Return a finding as the JSON document that command line and page show."""
    return {
        "id": finding.id,
        "kind": finding.kind,
        "severity": finding.severity.value,
        "profile": finding.profile,
        "device": finding.device,
        "what": finding.what,
        "text": {"vi": finding.vi, "en": finding.en},
        "fix": {"vi": finding.fix_vi, "en": finding.fix_en},
        "command": finding.command,
    }


def facts_of(catalogue: Catalogue, listed: _Listed = lambda _: frozenset()) -> Facts:
    """Return what the package knows, and what lists say on top of it."""
    starter: dict[bytes, set[str]] = {}
    below: dict[bytes, set[str]] = {}
    for category, names in catalogue.starter.items():
        for name in names:
            starter.setdefault(name, set()).add(category)
            for parent in suffixes(name)[1:]:
                below.setdefault(parent, set()).add(category)
    services = catalogue.services.values()
    counted = {s.id for s in services if set(s.core + s.suffix + s.exact) - set(s.chatter)}
    return Facts(
        knowledge=knowledge_of(catalogue),
        hosts={s.id: s.core + s.suffix + s.exact for s in services},
        core={s.id: s.core for s in services},
        counting=frozenset(counted),
        listed=lambda name: listed(name).union(*(starter.get(n, ()) for n in suffixes(name))),
        below=lambda name: frozenset(below.get(name, ())),
        is_suffix=lambda name: icann().covers(to_text(name).encode()),
    )


def _find(household: Household, state: Path | None, now: float | None) -> list[Finding]:
    with _bundle(state) as listed:
        return find(household, facts_of(load_catalogue(), listed), time.time() if now is None else now)


@contextmanager
def _bundle(state: Path | None) -> Iterator[_Listed]:
    """What the lists in force say of a name; nothing when there are none that can be read."""
    revision = current(state) if state is not None else None
    bundle: Bundle | None = None
    if state is not None and revision is not None and revision.bundle is not None:
        try:
            bundle = Bundle.open(state / revision.bundle.file, verify=False)
        except (LayoutError, StoreError):
            bundle = None  # said by who publishes and serves; a household is judged all the same
    if bundle is None:
        yield lambda _: frozenset()
        return
    opened = bundle
    try:
        yield lambda name: frozenset(opened.tagsets[opened.lookup(name)].categories)
    finally:
        opened.close()
