"""A small catalogue for tests of the list side."""

from __future__ import annotations

from filterd.config.catalogue import Catalogue, Category, Service
from filterd.wire.name import to_wire


def service(ident: str, **names: tuple[str, ...]) -> Service:
    parts = {key: tuple(map(to_wire, names.get(key, ()))) for key in ("core", "suffix", "exact", "chatter", "shared")}
    return Service(ident, ident, ident, "video", confidence="high", note="", **parts)


def category(ident: str) -> Category:
    return Category(ident, ident, ident, "", "", False, "", True)


def catalogue(never_block: tuple[str, ...] = ("bank.example", "learn.school.example")) -> Catalogue:
    return Catalogue(
        categories={ident: category(ident) for ident in ("adult", "ads", "bypass")},
        presets={},
        services={
            "tube": service(
                "tube",
                core=("tube.example",),
                suffix=("tubecdn.example",),
                exact=("t.example",),
                chatter=("log.tube.example",),
            )
        },
        engines={},
        safe_hosts={},
        lifelines={to_wire("captive.example"): "captive", to_wire("help.example"): "hotline"},
        canaries={to_wire("canary.example"): ("doh", True)},
        never_block=tuple(map(to_wire, never_block)),
        starter={"adult": (to_wire("porn.example"), to_wire("xxx.example")), "ads": ()},
        digest="0" * 64,
    )
