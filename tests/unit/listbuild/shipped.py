"""A small catalogue for tests of the list side. Fields that it does not need are empty, whatever they are."""

from __future__ import annotations

import dataclasses
from typing import Any

from filterd.config.catalogue import Catalogue, Category, Service
from filterd.wire.name import to_wire

_EMPTY: dict[str, object] = {"str": "", "bool": False, "int": 0}


def filled(cls: type, **given: object) -> Any:
    """Return a `cls` with the given fields and empty others."""
    values = {field.name: _empty(str(field.type)) for field in dataclasses.fields(cls)}
    return cls(**values | given)


def _empty(kind: str) -> object:
    return _EMPTY[kind] if kind in _EMPTY else {} if kind.startswith("dict") else ()


def names(*texts: str) -> tuple[bytes, ...]:
    return tuple(map(to_wire, texts))


def catalogue(never_block: tuple[str, ...] = ("bank.example", "learn.school.example")) -> Catalogue:
    tube = filled(
        Service,
        id="tube",
        core=names("tube.example"),
        suffix=names("tubecdn.example"),
        exact=names("t.example"),
        chatter=names("log.tube.example"),
    )
    found: Catalogue = filled(
        Catalogue,
        categories={ident: filled(Category, id=ident) for ident in ("adult", "ads", "bypass")},
        services={"tube": tube},
        lifelines={to_wire("captive.example"): "captive", to_wire("help.example"): "hotline"},
        canaries={to_wire("canary.example"): ("doh", True)},
        never_block=names(*never_block),
        starter={"adult": names("porn.example", "xxx.example"), "ads": ()},
    )
    return found
