"""The guard between a list and the builder: entries that would block a never-block name are left out and counted.

Real lists carry one or two such names (a content network, a meeting service), and a household loses more by losing the
whole list. A list with many of them is no blocklist: the gate refuses it by what is counted here.

Names of which a person has decided that they do not belong to a list's category (blocklists/reviewed.yaml) are left out
too; they say nothing against the list.

    guard = Guard(catalogue.never_block, wrong=reviewed.wrong("ads"))
    builder.add(tag, guard.passed(read_claims(body, "hosts", report), report))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from filterd.listbuild.claims import BLOCK, BLOCK_BELOW, IMPORTANT_SHIFT
from filterd.listbuild.line import wrong
from filterd.listbuild.read import MAX_SHOWN, Report
from filterd.wire.name import suffixes, to_text

NEVER_BLOCK = "never block"
REVIEWED = "reviewed"
_ANY = BLOCK | BLOCK << IMPORTANT_SHIFT
_BELOW = BLOCK_BELOW | BLOCK_BELOW << IMPORTANT_SHIFT


class Guard:
    """Knows the names that no list may block, and everything above them."""

    def __init__(self, never_block: Iterable[bytes], wrong: Iterable[bytes] = ()) -> None:
        """`never_block`, `wrong`: lower-case wire names; an entry is `wrong` by its own name alone."""
        names = frozenset(never_block)
        self._wrong = frozenset(wrong) - names
        self._forbidden = {above: _BELOW for name in names for above in suffixes(name)} | dict.fromkeys(
            names | self._wrong, _ANY
        )

    def passed(self, claims: Iterable[tuple[int, bytes]], report: Report) -> Iterator[tuple[int, bytes]]:
        """Yield `claims` without the blocks that go too far; an entry above a protected name still blocks itself."""
        forbidden = self._forbidden
        for claim in claims:
            if claim[1] in forbidden:
                mask, name = claim
                left = mask & ~forbidden[name]
                if left != mask:
                    if name in self._wrong:
                        report.ignored[REVIEWED] += 1
                    else:
                        report.errors[NEVER_BLOCK] += 1
                        if len(report.shown) < MAX_SHOWN:
                            report.shown.append(wrong(0, to_text(name), f"{NEVER_BLOCK}: left out"))
                    if left:
                        yield left, name
                    else:
                        report.blocked -= 1
                    continue
            yield claim
