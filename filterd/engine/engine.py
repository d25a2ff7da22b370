"""All DNS behaviour of one worker: bytes and time in, commands out. No sockets, clock or files. Read this file first.

A question goes: admit, parse, look up, decide; then it is blocked, answered locally or minimally here, or answered
from the cache, or it waits for an upstream. The order of the steps is the body of `_serve`; what is shown of an
answer is answers.py, the upstream side is forward.py. Malformed input never raises.

    engine = Engine(settings, world, random=SystemRandom(), now=monotonic(), wall=time())
    for command in engine.on_query(packet, source, now): ...

`engine.fast` is the inner loop (fast/loop.py): it repeats answers that were prepared here, and asks here for all
others.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Sequence
from typing import Final

from filterd.engine import shape
from filterd.engine.admit import Gate, Network
from filterd.engine.answers import Answers
from filterd.engine.commands import Command, Reply, Source
from filterd.engine.forward import Forwarder
from filterd.engine.probes import LOOP_ZONE
from filterd.engine.rules import Rules
from filterd.engine.settings import Settings
from filterd.engine.stats import Stats
from filterd.engine.waiting import Done, Program, Waiter, asks_again
from filterd.engine.world import World
from filterd.engine.zones import Zones
from filterd.errors import ParseError
from filterd.fast import render
from filterd.fast.clients import Client
from filterd.fast.loop import Fast
from filterd.model.decision import Action
from filterd.model.event import Origin
from filterd.model.upstream import Upstream
from filterd.policy.judge import SlotState
from filterd.resolve.cache import Cache, Fact, is_all_types
from filterd.resolve.cache import key as cache_key
from filterd.resolve.choose import Health
from filterd.resolve.inflight import Flight
from filterd.resolve.special import Local, local_answer, special_zone
from filterd.wire import build
from filterd.wire import constants as c
from filterd.wire.parse import Query, parse_query

# Types that are not answered, whoever asks for whatever name: transfers, key exchange, obsolete mail, a misplaced OPT.
_UNSERVED: Final = {
    c.TYPE_OPT: c.FORMERR,
    249: c.REFUSED,  # TKEY
    c.TYPE_TSIG: c.REFUSED,
    c.TYPE_IXFR: c.REFUSED,
    c.TYPE_AXFR: c.REFUSED,
    253: c.NOTIMP,  # MAILB
    254: c.NOTIMP,  # MAILA
}
_REWRITTEN: Final = frozenset((c.TYPE_A, c.TYPE_AAAA, c.TYPE_HTTPS, c.TYPE_SVCB))
_ONE_TRUNCATED_IN: Final = 4  # datagrams over the limit
_TICK_S: Final = 1.0  # the timer is wanted so often at least
_BLOCK: Final = Action.BLOCK


class Engine:
    """One worker's behaviour. Times are monotonic seconds (`now`) and POSIX seconds (`wall`)."""

    def __init__(
        self, settings: Settings, world: World, *, random: random_module.Random, now: float, wall: float,
        trusted: bool = True,
    ) -> None:  # fmt: skip
        """`random`: SystemRandom in production. `trusted`: the wall clock is known to be right."""
        self.settings = settings
        self.counters = Stats()
        self.cache = Cache(settings.cache_bytes, settings.stale_max_s)
        self.fast = Fast(settings.memo_entries)
        self.fast.wall_offset = wall - now
        self._clients = self.fast.clients
        self._gate = Gate(settings.answer_ranges, settings.rate_per_client, settings.burst_per_client, now)
        self._answers = Answers(settings, self.counters, self.fast)
        self._forward = Forwarder(settings, self.cache, random, self.counters, self._settled)
        self._forward.group(settings.upstreams)
        self._rules = Rules(self.fast, world, trusted)
        self._tick_at = now
        self._install(world)

    # --- what the composition root calls

    @property
    def upstream_count(self) -> int:
        """How many upstreams have a number: those of all worlds so far. Only grows: late answers find their question."""
        return len(self._forward.healths)

    def upstream(self, number: int) -> Upstream:
        """Return the address of an upstream."""
        return self._forward.healths[number].upstream

    def healths(self) -> list[Health]:
        """Return what is known of the upstreams that questions go to now, those of forwarding zones included."""
        return [health for health in self._forward.healths if health.in_use]

    def upstreams(self) -> dict[str, object]:
        """Return which upstreams are asked, in their order, how each does, and which the operator's settings name."""
        rows = [
            {"url": h.upstream.url, "answers": not h.on_probation, "looping": h.looping, "ms": round(h.srtt * 1000, 1)}
            for h in self.healths()
        ]
        main = self._world.snapshot.upstreams or self.settings.upstreams
        operator = [upstream.url for upstream in self.settings.upstreams]
        return {"upstreams": rows, "main": [upstream.url for upstream in main], "operator": operator}

    def start(self, now: float) -> Sequence[Command]:
        """Return the first commands: every upstream gets a question by which we would recognise ourselves."""
        out: list[Command] = []
        self._forward.on_timer(now, out)
        return out

    def set_networks(self, networks: Sequence[Network]) -> None:
        """Admit the prefixes that are on-link at our interfaces now, in place of those before."""
        self._gate.on_link(networks)
        self._clients.clear()

    def set_addresses(self, addresses: Sequence[str]) -> None:
        """Say which addresses are ours (the listening ones): for the explaining page and our own name."""
        own = {4: b"", 16: b""}
        for address in addresses:
            for packed in shape.page_addresses(address, (b"", b"")):
                if packed and not own[len(packed)]:
                    own[len(packed)] = packed
        self._answers.own = (own[4], own[16])

    def swap(self, world: World) -> int:
        """Take a new world into service between two packets; return its revision. The cache stays: it holds facts."""
        self._rules.install(world)
        self._install(world)
        self.counters.swaps += 1
        return world.revision

    def stats(self) -> dict[str, int]:
        """Return all counters by name."""
        counts = self.counters.as_dict()
        fast, healths = self.fast, self.healths()
        counts["queries"] += fast.hits
        counts["events"] += fast.hits
        counts["blocked"] += fast.hits_blocked
        counts.update(
            memo_hits=fast.hits, memo_renewed=fast.reprepared, send_failed=fast.dropped, clients=len(self._clients),
            cache_facts=len(self.cache), cache_bytes=self.cache.bytes, cache_evicted=self.cache.evicted,
            inflight=len(self._forward.flights), upstreams=len(healths), revision=self._world.revision,
            upstreams_looping=sum(health.looping for health in healths),
            upstreams_down=sum(health.on_probation for health in healths),
        )  # fmt: skip
        return counts

    def _install(self, world: World) -> None:
        self._world = world
        self._lookup = world.bundle.lookup
        self._overlay = world.snapshot.overlay
        zones = (*self.settings.forward_zones, *world.snapshot.forward_zones)
        self._zones = Zones(zones, self.settings.rebind_allow, self._forward.group)
        self._main_group = self._forward.group(world.snapshot.upstreams or self.settings.upstreams)
        self._forward.use((self._main_group, *self._zones.groups))
        self._answers.install(world, self._zones, self._main_group)

    # --- time

    def on_timer(self, now: float, wall: float, trusted: bool | None = None) -> Sequence[Command]:
        """Do what is due. `wall`: max(system clock, floor); `trusted`: it is known to be right, None: as before."""
        out: list[Command] = []
        fast = self.fast
        self._tick_at = now + _TICK_S
        self._rules.set_clock(now, wall, trusted)
        if now >= fast.flip_at:
            fast.flip(now)
        self._forward.on_timer(now, out)
        if now >= fast.flush_at:
            fast.flush()
        if fast.memo.graves:
            fast.memo.dig()
        return out

    def next_timer(self, now: float) -> float:
        """Return when `on_timer` wants to be called: at most a second from `now`, in the past when it is overdue."""
        if self.fast.memo.graves:
            return now
        return min(self._tick_at, now + _TICK_S, self._forward.next_timer(), self.fast.flip_at, self.fast.flush_at)

    # --- clients' questions

    def on_query(self, packet: bytes, source: Source, now: float) -> Sequence[Command]:
        """Take a client's datagram or message."""
        counters = self.counters
        counters.queries += 1
        if now >= self.fast.flip_at:
            self.fast.flip(now)
        client = self._clients.get(source.address)
        if client is None:
            client = self._gate.meet(source.address, source.packed, now)
            if client is None:
                return self._outsider(packet, source, now)
            self._clients.admit(client)
        if source.tcp:
            if not client.pay_tcp(now):
                counters.refused += 1
                return _error(packet, source, c.REFUSED)
        elif not client.pay(now):
            return self._over_limit(packet, source, client)
        try:
            query = parse_query(packet)
        except ParseError as exc:
            counters.errors += 1
            if exc.rcode is None:
                counters.drop_malformed += 1
                return ()
            return _error(packet, source, exc.rcode)
        out: list[Command] = []
        self._serve(query, packet, source, client, now, out)
        return out

    def _serve(
        self, query: Query, packet: bytes, source: Source, client: Client, now: float, out: list[Command]
    ) -> None:
        """Hops 3 to 6 of one question."""
        name, qtype = query.name, query.qtype
        if query.qclass != c.CLASS_IN or qtype in _UNSERVED:
            self.counters.refused += 1
            out += _error(packet, source, _UNSERVED.get(qtype, c.REFUSED) if query.qclass == c.CLASS_IN else c.REFUSED)
            return
        if name.endswith(LOOP_ZONE) and self._forward.is_loop(name):
            out += _error(packet, source, c.REFUSED)
            return
        seat = client.seat or self._rules.seat(client)
        state: SlotState = seat.state or self._rules.state(seat, now)

        # look up, decide
        zone: bytes | None = None
        group = self._zones.group(name)
        if group is None:
            group = self._main_group
            zone = name if name == self.settings.own_name else special_zone(name)
        decision = state.question(self._lookup(name), self._overlay(name), zone is not None)
        if decision.action is _BLOCK:
            self._answers.block(query, packet, source, client, seat, decision, now, out)
            return
        if zone is not None:
            local = self._local(query, zone, source.local)
            self._answers.local(query, packet, source, client, seat, decision, local, now, out)
            return
        if qtype == c.TYPE_ANY:
            self._answers.minimal(query, packet, source, client, seat, state, decision, now, out)
            return
        rewrite = state.rewrite(name, decision) if qtype in _REWRITTEN else None
        target = name
        if rewrite is not None:
            target = rewrite.target
            group = self._zones.group(target)
            if group is None:
                group = self._main_group

        # from the cache
        do, cd = query.do, query.cd
        key = cache_key(target, qtype, do, cd, group)
        fact = self.cache.get(key)
        stale: Fact | None = None
        if fact is None or now >= fact.stored + fact.lifetime:
            fact, stale, key = self._older(fact, key, target, query, group, now)
        if fact is not None:
            self.counters.cache_hits += 1
            fact.hits += 1
            # Not twice in a life; an absence for all types would be asked for under a type that nobody may ask for.
            if (
                now >= fact.stored + fact.lifetime * render.PREFETCH_PART
                and fact.hits >= 2
                and fact.lifetime
                and fact is not stale
                and not fact.fetching
                and not is_all_types(key)
            ):
                fact.fetching = True
                self._forward.prefetch(key, target, qtype, do, cd, group, now, out)
            origin = Origin.STALE if fact is stale else Origin.CACHE
            self._answers.show(
                query, packet, source, client, seat, state, decision, rewrite, group, fact, now, origin, out
            )
            return

        # from an upstream
        flight = self._forward.flights.get(key)
        if flight is not None and asks_again(flight, query, packet, source):
            return
        if client.waiting < self.settings.max_inflight_per_client:
            waiter = Waiter(query, packet, source, client, state, decision, rewrite, group)
            client.waiting += 1
            self.counters.forwarded += 1
            if self._forward.join(key, target, qtype, do, cd, group, stale, waiter, now, out):
                return
            client.waiting -= 1
        self.counters.drop_busy += 1
        out.append(Reply(source, build.reply(query, packet, c.SERVFAIL)))

    def _older(
        self, old: Fact | None, key: bytes, name: bytes, query: Query, group: int, now: float
    ) -> tuple[Fact | None, Fact | None, bytes]:
        """Nothing fresh is under `key`, at most `old`. Return (what to show now, what may be shown when nobody answers,
        the key of the former)."""
        absent = self.cache.nonexistent(name, query.do, query.cd, group, now)
        if absent is not None:
            return absent[1], None, absent[0]
        stale = old
        gone = self.cache.absent(name, query.do, query.cd, group)
        if gone is not None and (old is None or gone.stored > old.stored):
            stale = gone
        if stale is not None and now >= stale.stored + stale.lifetime + self.settings.stale_max_s:
            stale = None
        failure = self.cache.failure(key, now)
        if failure is not None:
            return stale or failure, stale, key
        return None, stale, key

    def _local(self, query: Query, zone: bytes, asked: str) -> Local:
        """The answer for a special-use name or our own. `asked`: the address of ours that was asked."""
        if query.name == self.settings.own_name:
            return shape.own_name(query, shape.page_addresses(asked, self._answers.own))
        return local_answer(query.name, zone, query.qtype)

    def _outsider(self, packet: bytes, source: Source, now: float) -> Sequence[Command]:
        """Somebody from outside the house: a few get REFUSED, the others nothing."""
        if len(packet) < c.HEADER_LEN or packet[2] & 0x80 or not self._gate.may_refuse(now):
            self.counters.drop_acl += 1
            return ()
        self.counters.refused += 1
        return _error(packet, source, c.REFUSED)

    def _over_limit(self, packet: bytes, source: Source, client: Client) -> Sequence[Command]:
        """Somebody asks too fast, or an attacker in his name: one in four learns that TCP is open to him."""
        client.over += 1
        if client.over % _ONE_TRUNCATED_IN == 0:
            try:
                answer = build.truncated(parse_query(packet), packet)
            except ParseError:
                pass
            else:
                self.counters.truncated += 1
                return (Reply(source, answer),)
        self.counters.drop_rate += 1
        return ()

    # --- upstreams

    def on_upstream(self, upstream: int, lane: int, packet: bytes, now: float) -> Sequence[Command]:
        """Take a datagram that came from `upstream` to the socket `lane`."""
        out: list[Command] = []
        self._forward.on_datagram(upstream, lane, packet, now, out)
        return out

    def on_upstream_tcp(self, upstream: int, token: int, packet: bytes | None, now: float) -> Sequence[Command]:
        """Take the answer to AskTcp `token`; None: the connection failed or was closed before it came."""
        out: list[Command] = []
        self._forward.on_message(upstream, token, packet, now, out)
        return out

    def on_upstream_error(self, upstream: int, lane: int, now: float) -> Sequence[Command]:
        """Take the kernel's word that `upstream` cannot be reached from the socket `lane`."""
        out: list[Command] = []
        self._forward.on_refused(upstream, lane, now, out)
        return out

    def _settled(self, flight: Flight, fact: Fact, stale: bool, now: float, out: list[Command]) -> None:
        """The answer of a flight is known: show it to all who wait, each by the rules of this moment."""
        waiters, flight.waiters = flight.waiters, []
        if now >= self.fast.flip_at:
            self.fast.flip(now)
        origin = Origin.STALE if stale else Origin.UPSTREAM
        for waiter in waiters:
            if isinstance(waiter, Program):
                waiter.show(fact, stale, now)
                continue
            client: Client = waiter.client
            client.waiting -= 1
            seat = client.seat or self._rules.seat(client)
            state: SlotState = seat.state or self._rules.state(seat, now)
            if state is waiter.state:
                self._answers.show(
                    waiter.query, waiter.packet, waiter.source, client, seat, state, waiter.decision, waiter.rewrite,
                    waiter.group, fact, now, origin, out,
                )  # fmt: skip
            else:  # the rules have changed while it waited: they decide anew
                self._serve(waiter.query, waiter.packet, waiter.source, client, now, out)

    # --- the box's own programs

    def on_resolve(self, name: bytes, qtype: int, now: float, done: Done) -> Sequence[Command]:
        """Resolve for one of the box's own programs, unfiltered; `done(packet)` is called once, at once or later.

        The door for explain, feeds and time: no household rule applies. Never opened by a source address.
        """
        out: list[Command] = []
        packet = build.question(name, qtype)
        query = parse_query(packet)
        program = Program(query, packet, done)
        group = self._zones.group(name)
        if group is None:
            group = self._main_group
            zone = name if name == self.settings.own_name else special_zone(name)
            if zone is not None:
                done(build.reply(query, packet, *self._local(query, zone, "")))
                return out
        key = cache_key(name, qtype, False, False, group)
        fact = self.cache.get(key)
        stale: Fact | None = None
        if fact is None or now >= fact.stored + fact.lifetime:
            fact, stale, key = self._older(fact, key, name, query, group, now)
        if fact is not None:
            program.show(fact, fact is stale, now)
        elif not self._forward.join(key, name, qtype, False, False, group, stale, program, now, out):
            self.counters.drop_busy += 1
            done(build.reply(query, packet, c.SERVFAIL))
        return out

    def is_forwarded(self, name: bytes) -> bool:
        """Return whether a forwarding zone covers `name`: exempt from rows 1 and 11."""
        return self._zones.group(name) is not None

    def rebind_allowed(self, links: Sequence[bytes]) -> bool:
        """Return whether an answer whose chain has these names may hold private addresses (row 11)."""
        household, operator = self._world.snapshot.rebind_allowed, self._zones.rebind_allowed
        return self.is_forwarded(links[0]) or any(household(link) or operator(link) for link in links)


def _error(packet: bytes, source: Source, rcode: int) -> Sequence[Command]:
    return (Reply(source, build.error_reply(packet, rcode)),)
