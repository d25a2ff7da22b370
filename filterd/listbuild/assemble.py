"""From the shipped catalogue and the registered lists to one checked bundle file.

Publishing it is control/publish.py.

    built = assemble(catalogue, [(listed, body)], state / "bundles")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.errors import FilterdError
from filterd.listbuild.body import prepare
from filterd.listbuild.build import Builder, Built, content_key
from filterd.listbuild.claims import BLOCK, BLOCK_SELF
from filterd.listbuild.gate import check_bundle
from filterd.listbuild.guard import Guard
from filterd.listbuild.read import Report, read_claims
from filterd.listbuild.registry import Listed
from filterd.lists.bundle import Bundle
from filterd.model.tags import Tag, TagKind

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue

STARTER = "starter-"
BYPASS = "bypass"  # the category of browser and relay canaries
HOTLINE = "hotline"  # lifelines that no list may name; the others are above every list anyway (precedence row 2)
_SAMPLE_EVERY = 997  # a name of each list that the self-check looks up, once in so many; a prime, so no pattern is met
_MAX_SAMPLE = 200  # names a list

Progress = Callable[[str, int, int], None]  # (what, done, of)
Bodies = Iterable[tuple[Listed, Callable[[], bytes]]]  # a body is read when its turn comes, so that one is in memory


def assemble(
    catalogue: Catalogue,
    lists: Bodies,
    folder: Path,
    progress: Progress | None = None,
    wrong: Callable[[str], frozenset[bytes]] = lambda category: frozenset(),
) -> Built:
    """Build a bundle in `folder`, check and return it; publish nothing. Raises ListRejected or StoreError.

    `wrong`: category -> names that a person decided do not belong to it; only a mandatory list still blocks them.
    """
    chosen = list(lists)
    total = len(chosen) + 3  # catalogue, writing, checking
    tell = progress or (lambda what, done, of: None)
    builder = Builder()
    guards: dict[frozenset[bytes], Guard] = {}
    sample: dict[bytes, str] = {}
    tell("catalogue", 0, total)
    parts = [_add_catalogue(builder, catalogue, sample)]
    for done, (listed, read_body) in enumerate(chosen, 1):
        tell(f"list {listed.id}", done, total)
        tag = Tag(TagKind.LIST, listed.id, listed.category, listed.mandatory)
        body = prepare(read_body())
        left_out = frozenset() if listed.mandatory else wrong(listed.category)
        guard = guards.setdefault(left_out, Guard(catalogue.never_block, left_out))
        parts.append(blake2b(repr((tag, listed.format, sorted(left_out))).encode() + body, digest_size=32).digest())
        report = Report()
        seen: dict[bytes, str] = {}
        claims = guard.passed(read_claims(body, listed.format, report), report)
        builder.add(tag, _sampled(claims, seen, listed.id))
        del body
        if not report.allowed:  # a sampled name could be an exception further down
            sample |= seen
    tell("writing", total - 2, total)
    built = builder.write(folder, content_key(parts))
    del builder
    tell("checking", total - 1, total)
    bundle = Bundle.open(built.path, built.digest)
    try:
        check_bundle(
            bundle,
            never_block=catalogue.never_block,
            must_resolve=[name for name, group in catalogue.lifelines.items() if group == HOTLINE],
            must_block=[names[0] for names in catalogue.starter.values() if names],
            sample=sample,
        )
    except FilterdError:
        bundle.close()
        raise
    bundle.close()
    tell("done", total, total)
    return built


def catalogue_claims(catalogue: Catalogue) -> Iterator[tuple[Tag, int, bytes]]:
    """Yield (tag, mask, name) for everything that is shipped: starter lists, services, lifelines and canaries."""
    for category, names in catalogue.starter.items():
        for name in names:
            yield Tag(TagKind.LIST, f"{STARTER}{category}", category), BLOCK, name
    for service_id, service in catalogue.services.items():
        tag = Tag(TagKind.SERVICE, service_id)
        for name in (*service.core, *service.suffix):
            yield tag, BLOCK, name
        for name in service.exact:
            yield tag, BLOCK_SELF, name
        for name in service.chatter:
            yield Tag(TagKind.CHATTER, service_id), BLOCK, name
    for name, group in catalogue.lifelines.items():
        yield Tag(TagKind.LIFELINE, group), BLOCK_SELF, name
    for name, (canary, exact) in catalogue.canaries.items():
        mask = BLOCK_SELF if exact else BLOCK
        yield Tag(TagKind.CANARY, canary), mask, name
        yield Tag(TagKind.LIST, f"{STARTER}{BYPASS}", BYPASS), mask, name


def _add_catalogue(builder: Builder, catalogue: Catalogue, sample: dict[bytes, str]) -> bytes:
    """Add what is shipped and return a digest of it."""
    claims: dict[Tag, list[tuple[int, bytes]]] = {}
    for tag, mask, name in catalogue_claims(catalogue):
        claims.setdefault(tag, []).append((mask, name))
        sample[name] = tag.id
    state = blake2b(digest_size=32)
    for tag in sorted(claims):
        state.update(repr((tag, sorted(claims[tag]))).encode())
        builder.add(tag, claims[tag])
    return state.digest()


def _sampled(claims: Iterable[tuple[int, bytes]], seen: dict[bytes, str], list_id: str) -> Iterator[tuple[int, bytes]]:
    """Pass `claims` on, noting the first and some more names that must be found."""
    wait = 1
    for claim in claims:
        wait -= 1
        if not wait:
            wait = _SAMPLE_EVERY
            if claim[0] & BLOCK_SELF and len(seen) < _MAX_SAMPLE:
                seen[claim[1]] = list_id
        yield claim
