"""From a decision and a fact to the commands for one client: the answer, the event, what is prepared for next time.

`show` is hop 6: the answer's chain and addresses are judged before anything of a fact is shown, whether it was just
learned, cached or is stale. The TTL cap comes last (DECISIONS 3). Leaves to others: the order of a question's steps
(engine.py), the shapes of answers made here (shape.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final

from filterd.engine import shape
from filterd.engine.commands import Command, Reply, Source
from filterd.engine.settings import Settings
from filterd.engine.stats import Stats
from filterd.engine.tails import tail_of
from filterd.engine.world import World
from filterd.engine.zones import Zones
from filterd.fast import memo, render
from filterd.fast.clients import Client, Seat
from filterd.fast.loop import Fast, cap_fall
from filterd.model.decision import Action, Decision
from filterd.model.event import Origin
from filterd.policy.judge import Rewrite, SlotState
from filterd.policy.precedence import REBIND_BLOCK, UPSTREAM_BLOCK
from filterd.resolve.cache import COMPLETE, FILTERED, JUDGED, Fact
from filterd.resolve.learn import detach
from filterd.resolve.rebind import NULL, PRIVATE
from filterd.resolve.special import Local
from filterd.wire import build
from filterd.wire import constants as c
from filterd.wire.parse import Query

REWRITE_TTL_S: Final = 300  # of the safe-search alias where nothing caps it
MAX_OPTIONS: Final = 1024  # decisions whose extended error is remembered

_FLAGS: Final = Struct(">HHHHH").pack  # the header without its id
_ANSWER: Final = c.QR | c.RA
_OPT: Final = build.opt(c.UDP_SIZE, False)
_OPT_DO: Final = build.opt(c.UDP_SIZE, True)
_STALE: Final = ((c.EDE_STALE, ""),)
_STALE_NX: Final = ((c.EDE_STALE_NXDOMAIN, ""),)
_CACHE, _IS_STALE, _FAILED = Origin.CACHE, Origin.STALE, Origin.FAILED
_new = tuple.__new__  # of a named tuple: its own constructor costs twice as much


class Answers:
    """Shows answers to clients. `install` tells it the world."""

    def __init__(self, settings: Settings, counters: Stats, fast: Fast) -> None:
        self.own: shape.Addresses = (b"", b"")  # our listening addresses
        self._settings = settings
        self._counters = counters
        self._fast = fast
        self._udp_cap = max(settings.udp_cap, c.MIN_UDP)
        self._ttl_s = max(1, min(60, settings.block_ttl_s))
        self._generation = 0

    def install(self, world: World, zones: Zones, main_group: int) -> None:
        """Judge and show by this world from now on."""
        self._generation += 1
        self._snapshot = world.snapshot
        self._lookup = world.bundle.lookup
        self._overlay = world.snapshot.overlay
        self._mode = self._settings.block_mode or world.snapshot.block_mode
        self._zones = zones
        self._main_group = main_group
        self._options: dict[int, tuple[Decision, Sequence[tuple[int, bytes]]]] = {}

    def show(
        self, query: Query, packet: bytes, source: Source, client: Client, seat: Seat, state: SlotState,
        decision: Decision, rewrite: Rewrite | None, group: int, fact: Fact, now: float, origin: int,
        out: list[Command],
    ) -> None:  # fmt: skip
        """Judge a fact for one client and show it, or block it. `group`: the upstreams it came from."""
        if fact.targets or fact.marks & JUDGED:
            verdict = self._judge(query.name, state, decision, group, fact)
            if verdict is not None:
                until = fact.stored + fact.lifetime if origin == _CACHE else 0.0
                self.block(query, packet, source, client, seat, verdict[0], now, out, verdict[1], until, origin)
                return
        counters = self._counters
        wall = now + self._fast.wall_offset
        whole_cap = state.cap(wall)
        cap = render.NO_CAP if whole_cap is None else whole_cap
        action, alias, ancount = decision.action, b"", fact.an
        if rewrite is not None:
            action = Action.REWRITE
            ttl = render.STALE_TTL if origin == _IS_STALE else REWRITE_TTL_S
            alias, fact = _through(rewrite, query.qtype, fact, min(cap, ttl))
            ancount = fact.an + 1
            counters.rewritten += 1
        rcode = fact.rcode
        if origin == _IS_STALE:
            records = render.stale_records(fact, cap)
            counters.stale += 1
        else:
            records = render.records(fact, int(now - fact.stored), cap)
        flags = _ANSWER | rcode
        if query.rd:
            flags |= c.RD
        if query.cd:
            flags |= c.CD
        if fact.ad and (query.ad or query.do) and not alias:
            flags |= c.AD
        tail = _opt(query, fact, origin) if query.edns else b""
        question = packet[12 : query.question_end]
        answer = b"%b%b%b%b%b" % (
            _FLAGS(flags, 1, ancount, fact.ns, 1 if tail else 0), question, alias, records, tail,
        )  # fmt: skip
        if rcode == c.SERVFAIL:
            counters.servfail += 1
            origin = _FAILED
        event = tail_of(seat, decision, action, query.qtype, rcode, origin, query.name, b"")
        counters.events += 1
        self._fast.note(False, client, event, now)
        limit = c.MAX_MESSAGE if source.tcp else min(query.udp_size, self._udp_cap)
        if len(answer) + 2 > limit:
            counters.truncated += 1
            out.append(Reply(source, build.truncated(query, packet)))
            return
        if origin == _CACHE and fact.lifetime and not source.tcp:
            fall = self._fast.flip_at if whole_cap is None else cap_fall(cap, state.until, wall, now)
            until = render.true_until(fact, now, cap, fall)
            entry = memo.entry(
                until, answer, False, event, None if alias else fact, len(question) + 10, len(tail)
            )  # fmt: skip
            self._fast.memo.keep(seat, packet[2:], entry)
        out.append(_new(Reply, (source, packet[:2] + answer)))

    def block(
        self, query: Query, packet: bytes, source: Source, client: Client, seat: Seat, decision: Decision, now: float,
        out: list[Command], matched: bytes = b"", until: float = float("inf"), origin: int = Origin.HERE,
    ) -> None:  # fmt: skip
        """Answer in the household's shape.

        `matched`: the name of the chain that is blocked; `until`: monotonic time up to which the same datagram gets the
        same answer, while the rules stay.
        """
        self._counters.blocked += 1
        page = shape.page_addresses(source.local, self.own) if self._mode == shape.PAGE else (b"", b"")
        options = self._ede(decision) if query.edns else ()
        answer, rcode = shape.blocked(query, packet, decision, self._mode, self._ttl_s, page, options)
        event = self.note(client, seat, decision, Action.BLOCK, query, rcode, origin, now, matched)
        if self.send(query, packet, source, answer, out) and self._mode != shape.PAGE and until > now:
            self._fast.memo.keep(seat, packet[2:], memo.entry(until, answer[2:], True, event, None, 0, 0))

    def local(
        self, query: Query, packet: bytes, source: Source, client: Client, seat: Seat, decision: Decision,
        answer: Local, now: float, out: list[Command],
    ) -> None:  # fmt: skip
        """Answer a special-use name."""
        self._counters.local += 1
        self.send(query, packet, source, shape.local(query, packet, answer), out)
        self.note(client, seat, decision, Action.LOCAL, query, answer.rcode, Origin.HERE, now)

    def minimal(
        self, query: Query, packet: bytes, source: Source, client: Client, seat: Seat, state: SlotState,
        decision: Decision, now: float, out: list[Command],
    ) -> None:  # fmt: skip
        """Answer an allowed question of type ANY (RFC 8482)."""
        cap = state.cap(now + self._fast.wall_offset)
        self.send(query, packet, source, shape.minimal_any(query, packet, render.NO_CAP if cap is None else cap), out)
        self.note(client, seat, decision, decision.action, query, c.NOERROR, Origin.HERE, now)

    def send(self, query: Query, packet: bytes, source: Source, answer: bytes, out: list[Command]) -> bool:
        """Send an answer, or TC=1 where it does not fit; True when the same datagram may get the same bytes again."""
        whole = source.tcp or len(answer) <= min(query.udp_size, self._udp_cap)
        if not whole:
            self._counters.truncated += 1
            answer = build.truncated(query, packet)
        out.append(_new(Reply, (source, answer)))
        return whole and not source.tcp

    def note(
        self, client: Client, seat: Seat, decision: Decision, action: Action, query: Query, rcode: int, origin: int,
        now: float, matched: bytes = b"",
    ) -> bytes:  # fmt: skip
        """Record the event of one answered question; return its tail."""
        tail = tail_of(seat, decision, action, query.qtype, rcode, origin, query.name, matched)
        self._fast.note(action is Action.BLOCK, client, tail, now)
        self._counters.events += 1
        return tail

    def _judge(
        self, name: bytes, state: SlotState, decision: Decision, group: int, fact: Fact
    ) -> tuple[Decision, bytes] | None:
        """Return the block of an answer and the name that earned it; None when it passes."""
        if fact.targets:
            if fact.generation != self._generation:
                fact.tags = tuple([(self._lookup(target), self._overlay(target)) for target in fact.targets])
                fact.generation = self._generation
            covered = decision.covered
            for target, (tagset, overlay) in zip(fact.targets, fact.tags, strict=True):
                found = state.target(tagset, overlay, covered)
                if found is not None:
                    return found, target
        marks = fact.marks
        if marks & PRIVATE and not self._rebind_allowed(name, group, fact):
            return REBIND_BLOCK, b""
        if marks & (NULL | FILTERED):
            return UPSTREAM_BLOCK, b""
        return None

    def _rebind_allowed(self, name: bytes, group: int, fact: Fact) -> bool:
        """Whether an answer may hold private addresses: of a forwarding zone, or a name that the household exempts."""
        if group != self._main_group or self._zones.group(name) is not None:
            return True
        allowed, allowed_too = self._snapshot.rebind_allowed, self._zones.rebind_allowed
        return any(allowed(link) or allowed_too(link) for link in (name, *fact.targets))

    def _ede(self, decision: Decision) -> Sequence[tuple[int, bytes]]:
        """The extended error of a blocked answer (RFC 8914), remembered a decision."""
        found = self._options.get(id(decision))
        if found is None:
            if len(self._options) >= MAX_OPTIONS:
                self._options.clear()
            options = (build.ede(decision.ede, self._snapshot.ede_text(decision)),) if decision.ede else ()
            found = self._options[id(decision)] = (decision, options)
        return found[1]


def _opt(query: Query, fact: Fact, origin: int) -> bytes:
    """The OPT of an allowed answer: with the upstream's extended errors, and with ours when it is stale."""
    ede = fact.ede
    if origin == _IS_STALE:
        ede = (_STALE_NX if fact.rcode == c.NXDOMAIN else _STALE) + ede
    if not ede:
        return _OPT_DO if query.do else _OPT
    return build.opt(c.UDP_SIZE, query.do, 0, [build.ede(code, text) for code, text in ede])


def _through(rewrite: Rewrite, qtype: int, fact: Fact, ttl: int) -> tuple[bytes, Fact]:
    """Return the alias that leads to a safe host, and what is known of the safe host in a form that fits behind it."""
    alias = build.rr(build.QUESTION_NAME, c.TYPE_CNAME, ttl, rewrite.target)
    if fact.marks & COMPLETE or qtype != c.TYPE_A or not rewrite.fallback_a:
        return alias, detach(rewrite.target, qtype, fact)
    # The safe host does not resolve: its address as the search engine publishes it. Never the original's records.
    pieces = (rewrite.target + b"\0\1\0\1", b"\0\4" + rewrite.fallback_a)
    return alias, Fact(pieces, (ttl,), 1, 0, c.NOERROR, fact.stored, 0)
