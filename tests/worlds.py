"""Small real worlds on disk, for tests that start real processes or reload real files.

publish_world(state, lists={"adult": ["bad.example"]})
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from filterd.control.publish import Published, publish
from filterd.listbuild.build import Builder, content_key
from filterd.listbuild.claims import BLOCK
from filterd.model.household import Device, Household, Profile, Rule
from filterd.model.tags import Tag, TagKind
from filterd.policy.compile import compile_snapshot
from filterd.policy.snapshot import dump
from filterd.wire.name import to_wire
from tests.playbook import KNOWLEDGE

KID, ADULT = "127.0.0.11", "127.0.0.12"
HOUSEHOLD = Household(
    (
        Profile("lan", "Lan", switchable=True, categories={"adult": Rule.BLOCK}),
        Profile("bo-me", "Bố mẹ", switchable=False),
    ),
    default_profile="lan",
    language="en",
    devices=(Device("phone", "phone", "lan", ip=KID), Device("laptop", "laptop", "bo-me", ip=ADULT)),
)


def bundle_file(state: Path, lists: Mapping[str, Iterable[str]]) -> Path:
    """Build a real bundle (category -> names with all below) in the state's folder."""
    builder = Builder()
    for category, names in lists.items():
        builder.add(Tag(TagKind.LIST, f"{category}-list", category), [(BLOCK, to_wire(name)) for name in names])
    folder = state / "bundles"
    folder.mkdir(parents=True, exist_ok=True)
    return builder.write(folder, content_key([repr(sorted(lists.items())).encode()])).path


def snapshot_bytes(household: Household = HOUSEHOLD) -> bytes:
    """Compile a real snapshot."""
    return dump(compile_snapshot(household, KNOWLEDGE, time.time()))


def publish_world(
    state: Path, lists: Mapping[str, Iterable[str]], household: Household = HOUSEHOLD, wait_s: float = 2.0
) -> Published:
    """Publish a bundle and a snapshot."""
    return publish(state, bundle=bundle_file(state, lists), snapshot=snapshot_bytes(household), wait_s=wait_s)
