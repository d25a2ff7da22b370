"""A state folder with a small real bundle and a household in force, for the tests of control and of the command line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from filterd.control.household import import_household
from filterd.control.publish import publish_bundle
from filterd.listbuild.build import Builder, content_key
from filterd.listbuild.claims import BLOCK, mask_of
from filterd.model.tags import Tag, TagKind
from filterd.wire.name import to_wire

HOUSEHOLD = """\
version: 1
timezone: Europe/Berlin
language: en
default_profile: ben
profiles:
  - id: anna
    name: Anna
    categories: {games: block}
    services: {tiktok: block}
    names: {block: [own.example], always: [school.example]}
    safe_search: {google: true}
    windows:
      - {name: Bedtime, from: "21:30", to: "06:00", effect: offline}
  - {id: ben, name: Ben}
devices:
  - {id: phone, name: Phone, profile: anna, mac: 02:00:00:00:00:01}
  - {id: pad, name: Pad, profile: anna, ip: 192.0.2.20}
  - {id: six, name: Six, profile: anna, ip: "2001:db8::20"}
grants:
  - {profile: anna, scope: name, value: party.games.example, from: "2026-11-24T12:00:00+01:00",
     until: "2026-11-24T13:00:00+01:00", by: Mum}
forward_zones:
  - {zone: fritz.box, to: 192.0.2.1}
"""
IMPORTED = datetime.fromisoformat("2026-11-24T10:00:00+01:00").timestamp()
NOW = datetime.fromisoformat("2026-11-24T12:30:00+01:00").timestamp()


def build_bundle(state: Path) -> Path:
    """Write a bundle of a few names into the state folder."""
    builder = Builder()
    builder.add(Tag(TagKind.LIST, "play", "games"), [(BLOCK, to_wire("games.example"))])
    builder.add(Tag(TagKind.LIST, "province", "adult", True), [(BLOCK, to_wire("bad.example"))])
    builder.add(Tag(TagKind.SERVICE, "tiktok"), [(BLOCK, to_wire("tiktok.example"))])
    builder.add(Tag(TagKind.LIFELINE, "hotline"), [(mask_of(exact=True), to_wire("hotline.example"))])
    return builder.write(state / "bundles", content_key([b"test"])).path


def set_up(state: Path, household: str = HOUSEHOLD) -> Path:
    """Put bundle and household into force."""
    publish_bundle(state, build_bundle(state))
    import_household(state, household.encode(), "h.yaml", IMPORTED)
    return state
