"""A state folder whose children have daily budgets, for the tests of those."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from filterd.control.household import import_household
from filterd.control.publish import publish_bundle
from filterd.listbuild.build import Builder, content_key
from filterd.listbuild.claims import BLOCK, mask_of
from filterd.model.decision import Action, Row
from filterd.model.event import Origin, Tail
from filterd.model.tags import Tag, TagKind
from filterd.wire.name import to_wire

HOUSEHOLD = """\
version: 1
timezone: Europe/Berlin
language: en
profiles:
  - id: anna
    name: Anna
    budgets:
      - {services: [youtube, tiktok], minutes: 15}
      - {categories: [games], minutes: 10}
  - id: ben
    name: Ben
    budgets:
      - {services: [youtube], minutes: 10}
      - {services: [youtube], minutes: 5, days: [sat, sun]}
  - {id: dad, name: Dad}
devices:
  - {id: phone, name: Phone, profile: anna, ip: 192.0.2.20}
  - {id: pad, name: Pad, profile: anna, ip: 192.0.2.21}
  - {id: tv, name: TV, profile: ben, ip: 192.0.2.22}
"""
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=BERLIN).timestamp()  # a Tuesday


def build_bundle(state: Path, *, also: str = "") -> Path:
    """Write a bundle of two services, of which one has chatter, and a list of games; `also` is youtube's too."""
    builder = Builder()
    core = [(BLOCK, to_wire(name)) for name in ("tube.example", *([also] if also else []))]
    builder.add(Tag(TagKind.SERVICE, "youtube"), core)
    builder.add(Tag(TagKind.SERVICE, "tiktok"), [(BLOCK, to_wire("tok.example")), (BLOCK, to_wire("both.example"))])
    builder.add(Tag(TagKind.SERVICE, "roblox"), [(BLOCK, to_wire("blox.example"))])
    builder.add(Tag(TagKind.CHATTER, "tiktok"), [(BLOCK, to_wire("log.tok.example"))])
    builder.add(Tag(TagKind.CHATTER, "roblox"), [(BLOCK, to_wire("log.blox.example"))])
    games = ("play.example", "both.example", "blox.example")
    builder.add(Tag(TagKind.LIST, "play", "games"), [(BLOCK, to_wire(name)) for name in games])
    builder.add(Tag(TagKind.LIFELINE, "hotline"), [(mask_of(exact=True), to_wire("hotline.example"))])
    return builder.write(state / "bundles", content_key([b"budgets", also.encode()])).path


def set_up(state: Path, household: str = HOUSEHOLD, now: float = NOON) -> Path:
    """Put bundle and household into force."""
    publish_bundle(state, build_bundle(state))
    import_household(state, household.encode(), "h.yaml", now)
    return state


def asked(
    name: str = "www.tube.example",
    at: float = NOON,
    profile: str = "anna",
    device: str = "phone",
    *,
    action: Action = Action.ALLOW,
    row: Row = Row.DEFAULT,
    origin: int = Origin.CACHE,
) -> tuple[int, bytes, Tail]:
    """One question, as ingest shows it."""
    return int(at * 1000), b"\xc0\0\2\x14", Tail(action, row, 1, 0, origin, to_wire(name), profile, device)
