"""Explain and simulate over a state folder: opens the published revision and asks policy/explain.py.

Without a running service the question's name alone is judged and nobody is asked. With one, a worker is asked for the
answer's chain through its private socket, so that the targets are judged too.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from filterd.config.document import MAX_YEAR
from filterd.config.settings import Settings
from filterd.control.explain_question import Question, name_of, parse_at, type_of, type_text
from filterd.errors import ConfigError, FilterdError, LayoutError, ParseError, StoreError
from filterd.host import revision as revisions
from filterd.host.files import read_bounded
from filterd.host.run import connect, run_dir, worker_sockets
from filterd.lists.bundle import Bundle
from filterd.model.decision import Decision, Row, SetBy
from filterd.policy.clients import ClientMap
from filterd.policy.explain import Change, Name, explain, matched_name
from filterd.policy.judge import Client, Judge
from filterd.policy.precedence import REBIND_BLOCK, UPSTREAM_BLOCK
from filterd.policy.simulate import simulate
from filterd.policy.snapshot import MAX_BYTES, Snapshot, local_text
from filterd.resolve import rebind
from filterd.resolve.special import special_zone
from filterd.wire import constants
from filterd.wire.chain import follow
from filterd.wire.name import is_below, to_text
from filterd.wire.scan import scan_response

OWN_NAME = Settings().own_name
SLOW_S = 1.0  # a worker that takes longer for one answer is not asked for another
_MAX_REPLY = 256 * 1024
_MAC = re.compile(r"(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}")
_REWRITTEN = (constants.TYPE_A, constants.TYPE_AAAA, constants.TYPE_SVCB, constants.TYPE_HTTPS)


class Explainer:
    """The published revision of a state folder, opened once for any number of questions."""

    def __init__(self, state: Path, *, live: bool = True) -> None:
        """`live`: ask a running worker for the answer's chain. Raises StoreError when nothing is published."""
        self.state = state
        self.live = live
        self.bundle, self.snapshot, self.clients, self.revision = _open(state)
        self.judge = Judge(self.snapshot, self.bundle.tagsets)
        self._devices = {d.id: d for d in self.snapshot.devices}

    def close(self) -> None:
        """Let go of the mapped bundle."""
        self.bundle.close()

    def explain(self, question: Question, now: float | None = None) -> dict[str, Any]:
        """Return the decision as the JSON document of DECISIONS 1; ConfigError says what is wrong with the question."""
        name = name_of(question.name)
        qtype = type_of(question.type)
        client = self._client(question.client)
        wall = self._at(question.at, now)
        asked = self._look_up(name)
        state = self.judge.state(client.slot, wall)
        own = state.question(asked.tagset, asked.overlay, asked.special)
        rewritten = qtype in _REWRITTEN and state.rewrite(name, own) is not None  # then its own chain is never seen
        chain: list[Name] = []
        judged: Decision | None = None
        if self.live and not rewritten and (answer := self._answer(name, qtype)) is not None:
            chain, judged, forwarded = answer
            asked = replace(asked, special=asked.special and not forwarded)
        result = explain(self.judge, client, asked, wall, True, chain, judged)
        decision = result.decision
        zone = self.judge.zone
        matched = matched_name(result, asked, chain)
        change = result.change

        def rewrites(then: Change) -> bool:
            later = self.judge.state(client.slot, then.at)
            return qtype in _REWRITTEN and later.rewrite(name, then.decision) is not None

        document: dict[str, Any] = {
            "name": to_text(name),
            "type": type_text(qtype),
            "client": question.client,
            "device": client.device,
            "profile": client.profile,
            "at": local_text(wall, zone),
            "action": "rewrite" if rewritten else decision.action.name.lower(),
            "row": decision.row.id,
            "rule": decision.rule,
            "matched": to_text(matched) if matched else _own_name(decision.row, decision.rule),
            "service": decision.service,
            "category": decision.category,
            "list": decision.list_id,
            "bundle": self.bundle.digest[:16],
            "since": None if result.since is None else local_text(result.since, zone),
            "until": None if change is None else local_text(change.at, zone),
            "set_by": "" if decision.set_by is SetBy.NOBODY else decision.set_by.name.lower(),
            "by": decision.by,
            "next": None
            if change is None
            else {
                "at": local_text(change.at, zone),
                "action": "rewrite" if rewrites(change) else change.decision.action.name.lower(),
                "row": change.decision.row.id,
                "rule": change.decision.rule,
            },
            "revision": self.revision,
            "trace": [{"row": s.row.id, "verdict": s.verdict, "why": s.why} for s in result.steps],
        }
        if rewritten and result.rewrite is not None:
            document["target"] = to_text(result.rewrite.target)
        return document

    def simulate(self, profile: str, days: int = 7, start: str = "") -> dict[str, Any]:
        """Return what is on and off for `profile` over whole days from `start` (a date; default today)."""
        numbers = {p.id: i for i, p in enumerate(self.snapshot.profiles)}
        if profile not in numbers:
            raise ConfigError(f"no profile {profile!r} here (known: {', '.join(numbers)})")
        zone = self.judge.zone
        if start:
            try:
                first = datetime.fromisoformat(start)
                if not 1970 < first.year < MAX_YEAR:
                    raise ValueError
            except ValueError:
                raise ConfigError(f"from: expected a date such as 2026-11-28, got {start!r}") from None
        else:
            first = datetime.now(zone).replace(tzinfo=None)
        begin = datetime(first.year, first.month, first.day, tzinfo=zone)
        end = datetime(first.year, first.month, first.day) + timedelta(days=days)
        stretches = simulate(self.judge, numbers[profile], begin.timestamp(), end.replace(tzinfo=zone).timestamp())
        return {
            "profile": profile,
            "timezone": self.snapshot.timezone,
            "from": local_text(begin.timestamp(), zone),
            "to": local_text(end.replace(tzinfo=zone).timestamp(), zone),
            "stretches": [
                {
                    "from": local_text(s.start, zone),
                    "to": local_text(s.end, zone),
                    "internet": s.internet,
                    "why": s.why,
                    "open": list(s.open),
                    "closed": list(s.closed),
                    "grants": list(s.grants),
                }
                for s in stretches
            ],
        }

    def _look_up(self, name: bytes) -> Name:
        tagset, matched = self.bundle.match(name)
        forwarded = any(is_below(name, zone.zone) for zone in self.snapshot.forward_zones)
        special = not forwarded and (name == OWN_NAME or special_zone(name) is not None)
        return Name(name, tagset, self.snapshot.overlay(name), special, matched)

    def _client(self, text: str) -> Client:
        text = text.strip()
        snapshot = self.snapshot
        if not text:
            return self.judge.identify("", "")
        device = self._devices.get(text)
        if device is not None:
            profile = snapshot.profiles[snapshot.slots[device.slot].profile]
            return Client(device.slot, profile.id, device.id)
        if _MAC.fullmatch(text):
            return self.judge.identify("", text.lower().replace("-", ":"))
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            known = ", ".join(d.id for d in snapshot.devices[:12])
            raise ConfigError(f"client: expected an IP address or a device ({known}), got {text!r}") from None
        mapped = getattr(address, "ipv4_mapped", None)
        plain = str(mapped or address)
        return self.judge.identify(plain, self.clients.mac(plain))

    def _at(self, text: str, now: float | None) -> float:
        if not text.strip():
            return time.time() if now is None else now
        return parse_at(text, self.judge.zone)

    def _answer(self, name: bytes, qtype: int) -> tuple[list[Name], Decision | None, bool] | None:
        """Ask a running worker for the answer: return (its targets, what rows 11 and 12 say, came by a forwarding
        zone); None when there is no worker or it has no answer.
        """
        request = json.dumps({"op": "resolve", "name": to_text(name), "type": qtype}).encode() + b"\n"
        for path in worker_sockets(run_dir(self.state, create=False)):
            begun = time.monotonic()
            try:
                reply = _ask(path, request)
                if time.monotonic() - begun > SLOW_S:
                    self.live = False  # no upstream answers: a thousand questions must not wait for it one by one
                packet = base64.b64decode(reply["packet"])
                response = scan_response(packet)
                chain = follow(packet, response)
                decision = _of_answer(chain.addresses, response.ede, bool(reply.get("private")))
                return [self._look_up(t) for t in chain.targets], decision, bool(reply.get("forwarded"))
            except (OSError, ValueError, KeyError, TypeError, ParseError):
                continue
        return None


def answer_lines(explainer: Explainer, lines: Iterable[str | bytes]) -> Iterator[str]:
    """Yield one JSON line for each JSON line of questions; a bad one gets {"error": ...} and the rest goes on."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
            if not isinstance(document, dict):
                raise ConfigError("expected an object with name, type, client, at")
            if not document.get("name"):
                raise ConfigError("expected a name to judge; type, client and at may be left out")
            fields = {
                k: str(document[k]) for k in ("name", "type", "client", "at") if document.get(k) not in (None, "")
            }
            yield json.dumps(explainer.explain(Question(**fields)), ensure_ascii=False)
        except json.JSONDecodeError as exc:
            yield json.dumps({"error": f"line {number}: expected a JSON object, {exc.msg} at column {exc.colno}"})
        except (FilterdError, ValueError, TypeError, RecursionError) as exc:
            yield json.dumps({"error": f"line {number}: {exc}"}, ensure_ascii=False)


def _open(state: Path) -> tuple[Bundle, Snapshot, ClientMap, int]:
    problem: FilterdError = StoreError(f"{state}: nothing is published yet; start `filterd up` once")
    for revision in revisions.candidates(state):
        try:
            if revision.bundle is None or revision.snapshot is None:
                continue
            data = read_bounded(state / revision.snapshot.file, MAX_BYTES)
            if revisions.digest_of(data) != revision.snapshot.digest:
                raise LayoutError(f"{revision.snapshot.file}: not the file that was published")
            clients = ClientMap()
            if revision.clients is not None:
                clients = ClientMap.load(read_bounded(state / revision.clients.file, MAX_BYTES))
            bundle = Bundle.open(state / revision.bundle.file, revision.bundle.digest)
            return bundle, Snapshot.load(data), clients, revision.number
        except (LayoutError, StoreError) as exc:
            problem = exc
    raise problem


def _of_answer(addresses: list[bytes], ede: Sequence[tuple[int, str]], private_allowed: bool) -> Decision | None:
    """Return the verdict of rows 11 and 12 on an answer, as engine/answers.py gives it."""
    marks = rebind.marks(addresses)
    if marks & rebind.PRIVATE and not private_allowed:
        return REBIND_BLOCK
    filtered = any(constants.EDE_BLOCKED <= code <= constants.EDE_FILTERED for code, _ in ede)
    return UPSTREAM_BLOCK if marks & rebind.NULL or filtered else None


def _ask(path: Path, request: bytes) -> dict[str, Any]:
    with connect(path, timeout_s=6.0) as sock:
        sock.sendall(request)
        received = b""
        while not received.endswith(b"\n") and len(received) < _MAX_REPLY:
            more = sock.recv(65536)
            if not more:
                break
            received += more
    document = json.loads(received)
    return document if isinstance(document, dict) else {}


def _own_name(row: Row, rule: str) -> str:
    """The household's own name stands in the rule: `block example.com`, `always example.com`, `name example.com`."""
    word, _, rest = rule.partition(" ")
    return rest if row in (Row.NAME, Row.GRANT) and word in ("block", "allow", "always", "name") else ""
