"""The one family of errors: one class a boundary, all under FilterdError.

Messages say what was expected, what came and where. Refusals are exceptions, so that none can be forgotten.
"""

from __future__ import annotations


class FilterdError(Exception):
    """Root of every error this product raises on purpose; anything else that escapes is a bug."""


class ParseError(FilterdError):
    """Bytes from the network do not follow their format. `rcode` is the answer they deserve, None for silence."""

    def __init__(self, message: str, rcode: int | None = None) -> None:
        super().__init__(message)
        self.rcode = rcode


class ConfigError(FilterdError):
    """A settings or household file is wrong. `problems` has one line each, with path and line number."""

    def __init__(self, problems: list[str] | str) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class ListRejected(FilterdError):
    """A list or a bundle was not taken into service; the one before it stays in force."""


class LayoutError(FilterdError):
    """A published file (list bundle, snapshot, client map, revision) is damaged or of another layout."""


class StoreError(FilterdError):
    """The state folder cannot be read or written as needed."""


class Conflict(FilterdError):
    """Somebody else changed the same thing meanwhile. Nothing was changed; `changes` (model/change.py) says what."""

    def __init__(self, message: str, changes: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.changes = changes


class ProofNeeded(FilterdError):
    """The change opens something harmful, and this household asks for the password first. Nothing was changed."""


class PublishError(FilterdError):
    """A revision could not be written or announced."""


class FeedError(FilterdError):
    """Something of a province's feed cannot be taken, made or understood; what was in force stays so."""


class UpstreamError(FilterdError):
    """An upstream address is malformed or of a kind that is not served yet."""


class StartError(FilterdError):
    """A part cannot start: address in use, second instance, no permission."""
