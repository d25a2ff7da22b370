"""Reading YAML by hand: every value keeps its path and line, every problem is collected, nothing is guessed.

PyYAML composes the node tree; this file turns nodes into typed values without YAML 1.1's implicit types, so `21:30`
stays a time and `no` stays a word. A file that is too large, too deep or full of aliases is refused before it is read.

    top = Mapping.load(text, "household.yaml")
    name = top.text("name", required=True)
    top.done()                       # unknown keys
    top.problems                     # one line each: path, what was expected, what came, (file:line)
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

import yaml

from filterd.errors import ConfigError

MAX_BYTES = 4 * 1024 * 1024  # a campus' household is below 1 MiB
MAX_NODES = 400_000
MAX_DEPTH = 12
MAX_YEAR = 9990  # later instants cannot be written in every zone, nor be reckoned with
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_T = TypeVar("_T")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Problems:
    """What is wrong with a document: at most `limit` lines are kept, the rest is counted."""

    def __init__(self, file: str, limit: int = 200) -> None:
        self.file = file
        self.limit = limit
        self.lines: list[str] = []
        self.more = 0

    def add(self, path: str, message: str, line: int) -> None:
        """Note one problem at `path` (dotted, with indices) and 1-based `line`."""
        if len(self.lines) >= self.limit:
            self.more += 1
            return
        self.lines.append(f"{path or 'document'}: {message} ({self.file}:{line})")

    def raise_if_any(self) -> None:
        """Raise ConfigError with every line when there is one."""
        if self.lines:
            raise ConfigError(self.lines + ([f"and {self.more} more"] if self.more else []))


class Value:
    """One node with its path. Typed readers return a default after noting a problem, so that reading goes on."""

    def __init__(self, node: Any, path: str, problems: Problems) -> None:
        self.node = node
        self.path = path
        self.problems = problems

    @property
    def line(self) -> int:
        """1-based line in the file."""
        return int(self.node.start_mark.line) + 1

    def fail(self, message: str) -> None:
        """Note a problem here."""
        self.problems.add(self.path, message, self.line)

    @property
    def is_null(self) -> bool:
        """True for an empty or plain-null scalar."""
        return (
            isinstance(self.node, yaml.ScalarNode)
            and not self.node.style  # libyaml says "", the parser in Python None
            and self.node.value in ("", "~", "null", "Null", "NULL")
        )

    def _scalar(self, expected: str) -> str | None:
        if not isinstance(self.node, yaml.ScalarNode):
            kind = "a list" if isinstance(self.node, yaml.SequenceNode) else "a mapping"
            self.fail(f"expected {expected}, got {kind}")
            return None
        return str(self.node.value)

    def text(self, *, expected: str = "text", max_len: int = 200, empty: bool = False) -> str:
        """Return text of at most `max_len` characters, without control characters."""
        value = self._scalar(expected)
        if value is None:
            return ""
        value = value.strip()
        if not value and not empty:
            self.fail(f"expected {expected}, got nothing")
        elif len(value) > max_len:
            self.fail(f"expected at most {max_len} characters, got {len(value)}")
            return ""
        elif _CONTROL.search(value):
            self.fail("expected text without control characters")
            return ""
        return value

    def convert(self, convert: Callable[[str], _T], expected: str, default: _T) -> _T:
        """Return `convert(text)`; a ValueError (or FilterdError) from it becomes a problem."""
        value = self._scalar(expected)
        if value is None:
            return default
        try:
            return convert(value.strip())
        except Exception as exc:  # each converter raises its own kind
            detail = str(exc)
            shown = _CONTROL.sub("?", value[:80])
            self.fail(f"expected {expected}, got {shown!r}" + (f": {detail}" if detail else ""))
            return default

    def one_of(self, choices: Iterable[str], what: str, default: str = "") -> str:
        """Return one of `choices`; a near miss is suggested."""
        known = list(choices)
        value = self._scalar(f"one of {', '.join(known[:12])}")
        if value is None:
            return default
        value = value.strip()
        if value in known:
            return value
        near = difflib.get_close_matches(value, known, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        listed = ", ".join(known) if len(known) <= 12 else f"one of {len(known)} known {what}s"
        self.fail(f"unknown {what} {_CONTROL.sub('?', value[:60])!r} (expected {listed}){hint}")
        return default

    def boolean(self, default: bool) -> bool:
        """Return true or false."""
        value = self._scalar("true or false")
        if value is None:
            return default
        lowered = value.strip().lower()
        if lowered in ("true", "false"):
            return lowered == "true"
        self.fail(f"expected true or false, got {value[:40]!r}")
        return default

    def integer(self, low: int, high: int, default: int) -> int:
        """Return a whole number of [low, high]."""

        def convert(text: str) -> int:
            if not re.fullmatch(r"-?[0-9]{1,12}", text):
                raise ValueError
            number = int(text)
            if not low <= number <= high:
                raise ValueError(f"not in {low}..{high}")
            return number

        return self.convert(convert, f"a whole number from {low} to {high}", default)

    def items(self, what: str = "a list", max_items: int = 100_000) -> Iterator[Value]:
        """Yield the items of a list; null is the empty list."""
        if self.is_null:
            return
        if not isinstance(self.node, yaml.SequenceNode):
            self.fail(f"expected {what} (lines that start with '- ')")
            return
        if len(self.node.value) > max_items:
            self.fail(f"expected at most {max_items} items, got {len(self.node.value)}")
            return
        for number, child in enumerate(self.node.value):
            yield Value(child, f"{self.path}[{number}]", self.problems)

    def mapping(self, keys: Sequence[str] | None = None) -> Mapping:
        """Return the mapping here; `keys` are the ones that are known, None for any."""
        return Mapping(self.node, self.path, self.problems, keys)


class Mapping(Value):
    """A mapping node. Unknown and repeated keys are problems at once."""

    def __init__(self, node: Any, path: str, problems: Problems, keys: Sequence[str] | None) -> None:
        super().__init__(node, path, problems)
        self.entries: dict[str, Value] = {}
        if not isinstance(node, yaml.MappingNode):
            if not self.is_null:
                self.fail("expected a mapping (lines of 'key: value')")
            return
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            line = key_node.start_mark.line + 1
            shown = _CONTROL.sub("?", str(key)[:60])
            child_path = f"{path}.{shown}" if path else shown
            if not isinstance(key_node, yaml.ScalarNode):
                problems.add(path, "expected plain text as a key", line)
            elif key in self.entries:
                problems.add(child_path, "this key stands here twice", line)
            elif keys is not None and key not in keys:
                near = difflib.get_close_matches(key, keys, 1)
                hint = f"; did you mean {near[0]}?" if near else f" (known: {', '.join(keys)})"
                problems.add(child_path, f"unknown key{hint}", line)
            else:
                self.entries[key] = Value(value_node, child_path, problems)

    @classmethod
    def load(cls, text: str | bytes, file: str, keys: Sequence[str] | None = None) -> Mapping:
        """Return the top mapping of a document; ConfigError at once when it is not YAML, too large or too deep."""
        problems = Problems(file)
        if len(text) > MAX_BYTES:
            raise ConfigError(f"{file}: {len(text)} bytes, expected at most {MAX_BYTES}")
        if isinstance(text, bytes):
            try:
                text = text.decode("utf-8-sig")
            except UnicodeDecodeError as exc:
                raise ConfigError(f"{file}: expected UTF-8 text, byte {exc.start} is none") from None
        try:
            node = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as exc:
            mark = exc.problem_mark
            where = f"{file}:{mark.line + 1}" if mark else file
            raise ConfigError(f"document: not YAML: {exc.problem or exc.context or 'unreadable'} ({where})") from None
        except (yaml.YAMLError, RecursionError, ValueError) as exc:
            raise ConfigError(f"document: not YAML: {str(exc).splitlines()[0]} ({file})") from None
        if node is None:
            raise ConfigError(f"document: expected a mapping, the file is empty ({file}:1)")
        _check_size(node, file)
        return cls(node, "", problems, keys)

    def get(self, key: str) -> Value | None:
        """Return the value of `key`, None when absent or null."""
        value = self.entries.get(key)
        return None if value is None or value.is_null else value

    def rows(self, key: str, what: str = "a list", max_items: int = 100_000) -> list[Value]:
        """Return the items of the list under `key`, none when it is absent."""
        value = self.entries.get(key)
        return [] if value is None else list(value.items(what, max_items))

    def need(self, key: str) -> Value | None:
        """Return the value of `key`, and note a problem when it is absent."""
        value = self.get(key)
        if value is None:
            self.problems.add(self.path, f"{key} is missing", self.line)
        return value


def _check_size(node: Any, file: str) -> None:
    """Refuse trees whose expansion (aliases!) or depth is out of proportion. ConfigError."""
    count = 0
    stack = [(node, 1)]
    while stack:
        current, depth = stack.pop()
        count += 1
        if depth > MAX_DEPTH:
            raise ConfigError(f"document: nested deeper than {MAX_DEPTH} ({file}:{current.start_mark.line + 1})")
        if count > MAX_NODES:
            raise ConfigError(f"document: more than {MAX_NODES} values ({file})")
        if isinstance(current, yaml.SequenceNode):
            stack += [(child, depth + 1) for child in current.value]
        elif isinstance(current, yaml.MappingNode):
            for key, value in current.value:
                stack += [(key, depth + 1), (value, depth + 1)]


def to_date(text: str) -> date:
    """Return an ISO date; ValueError else."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError
    return date.fromisoformat(text)


def to_instant(text: str) -> float:
    """Return POSIX seconds of RFC 3339 text with an offset; ValueError else."""
    moment = datetime.fromisoformat(text.upper())  # RFC 3339 5.6: t and z may be small
    if moment.tzinfo is None:
        raise ValueError("an offset such as +07:00 is missing")
    if not 1970 < moment.year < MAX_YEAR:
        raise ValueError(f"not in the years 1971 to {MAX_YEAR - 1}")
    return moment.timestamp()
