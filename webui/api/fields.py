"""Fields of the API's documents: each with a description and an example, and as strict as the description says.

    name = text("How the family calls them", "Lan", most=80)
    until = when("When it ends", none=True)

What comes in is typed as it stands: no "true" for true, no 1.0 for 1, no member that is not described.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

AT = "2026-11-28T21:00:00+07:00"
IDENT = 64  # characters of an id
_DIGITS = re.compile(r"[0-9]{1,15}")


class Document(Schema):
    """What the API takes or gives. Members that are not described are refused."""

    class Meta:
        unknown = RAISE


class Shown(Document):
    """What the API gives: every member is always there."""

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        """Describe it so."""
        field_obj.required = True


class Whole(fields.Integer):
    """A whole number, in a body as a number, in an address as digits."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, str) and self.metadata.get("in_address"):
            if _DIGITS.fullmatch(value):
                return int(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self.make_error("invalid", input=value)


class Yes(fields.Boolean):
    """True or false, as such; in an address spelt so."""

    def _deserialize(self, value: Any, *_more: Any, **_others: Any) -> bool:
        if self.metadata.get("in_address") and value in ("true", "false"):
            return bool(value == "true")
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class When(fields.String):
    """A moment with its offset (RFC 3339)."""

    def _deserialize(self, value: Any, *_more: Any, **_others: Any) -> float:  # type: ignore[override]
        try:
            found = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
            if found is not None and found.tzinfo is not None and "T" in value.upper():
                return found.timestamp()
        except (ValueError, OverflowError):
            pass
        raise ValidationError(f"expected a moment with its offset, such as {AT}")


def text(
    about: str, example: Any = "", *, most: int = 200, least: int = 0, among: Sequence[str] = (), none: bool = False,
    **more: Any,
) -> fields.String:  # fmt: skip
    """Return a field of text. `among`: the only values there are."""
    rules: list[Any] = [validate.OneOf(among)] if among else [validate.Length(least, most)]
    return fields.String(validate=rules, allow_none=none, metadata=_meta(about, example), **more)


def said(about: str, example: Any = "", *, among: Sequence[str] = (), none: bool = False) -> fields.String:
    """Return a field of text that the box says; `none`: or null."""
    rules = [validate.OneOf([*among])] if among else []
    return fields.String(validate=rules, allow_none=none, metadata=_meta(about, example))


def whole(
    about: str,
    example: Any = 1,
    *,
    low: int = 0,
    high: int = 2**53,
    none: bool = False,
    query: bool = False,
    **more: Any,
) -> Whole:
    """Return a field of a whole number. `query`: it stands in the address."""
    return Whole(
        validate=validate.Range(low, high), allow_none=none, metadata=_meta(about, example, in_address=query), **more
    )


def yes(about: str, example: bool = True, *, query: bool = False, **more: Any) -> Yes:
    """Return a field that is true or false."""
    return Yes(metadata=_meta(about, example, in_address=query), **more)


def when(about: str, example: str | None = AT, *, none: bool = False, **more: Any) -> When:
    """Return a field of a moment."""
    return When(allow_none=none, metadata=_meta(about, example) | {"format": "date-time"}, **more)


def many(
    one: fields.Field[Any] | type[Schema], about: str, example: Any, *, most: int = 500, **more: Any
) -> fields.List[Any]:
    """Return a field of a list."""
    inner = one if isinstance(one, fields.Field) else fields.Nested(one)
    return fields.List(inner, validate=validate.Length(0, most), metadata=_meta(about, example), **more)


def mapping(
    about: str, example: Any, values: fields.Field[Any] | None = None, *, none: bool = False, **more: Any
) -> fields.Dict:
    """Return a field of an object whose members are ids."""
    keys = fields.String(validate=validate.Length(1, IDENT))
    return fields.Dict(keys, values, allow_none=none, metadata=_meta(about, example), **more)


def _meta(about: str, example: Any, *, in_address: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"description": about, "examples": [example]}
    return found | ({"in_address": True} if in_address else {})
