"""The upstream side of the engine: asks, checks what comes back, retries, fails over, gives up in time.

One upstream question for each cache key, however many wait. Every way out ends in one call of `settled` with a fact:
the answer, a stale answer, or the fact that there is none. Leaves to others: whether and in what shape the fact is
shown (engine.py, answers.py); sockets (net/upstream.py). Nothing here blocks or raises; time and randomness are
given.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Final

from filterd.engine.commands import Command
from filterd.engine.lanes import Lanes
from filterd.engine.probes import Probes
from filterd.engine.settings import Settings
from filterd.engine.stats import Stats
from filterd.errors import ParseError
from filterd.model.upstream import Upstream
from filterd.resolve.cache import Cache, Fact, absence_key, failed
from filterd.resolve.choose import TRAIT_S, Health, choose
from filterd.resolve.inflight import MAX_WAITERS, Flight, Wheel
from filterd.resolve.learn import is_free, learn
from filterd.resolve.plain import learn_plain
from filterd.resolve.transaction import Attempt, Verdict, verdict
from filterd.wire import constants as c
from filterd.wire.scan import Response, scan_response

STALE_AFTER_S: Final = 1.8  # RFC 8767 section 5, client response timer
RECHECK_S: Final = 30.0  # RFC 8767 section 5, failure recheck timer
SERVFAIL_S: Final = 5.0  # an upstream's SERVFAIL is believed this long (RFC 9520 section 3.2 asks for 1 s at least)
SILENCE_S: Final = 2.0  # the same when no upstream said anything
MAX_TRIES: Final = 10  # of one question
AFTER_REFUSAL_S: Final = 0.3  # before an upstream whose host refused the datagram is tried again

_ANSWERS: Final = frozenset((c.NOERROR, c.NXDOMAIN, c.YXDOMAIN))
_NO_EDNS: Final = frozenset((c.FORMERR, c.NOTIMP, c.BADVERS))
_SILENCE: Final = ((c.EDE_NETWORK_ERROR, ""),)

Settled = Callable[[Flight, Fact, bool, float, list[Command]], None]


class Forwarder:
    """All questions under way, and the upstreams they go to."""

    def __init__(self, settings: Settings, cache: Cache, source: random.Random, stats: Stats, settled: Settled) -> None:
        """`settled(flight, fact, stale, now, out)` takes a flight's `waiters` when their answer is known."""
        self.healths: list[Health] = []
        self.flights: dict[bytes, Flight] = {}
        self._settings = settings
        self._cache = cache
        self._stats = stats
        self._settled = settled
        self._groups: list[tuple[int, ...]] = []
        self._group_numbers: dict[tuple[Upstream, ...], int] = {}
        self._upstream_numbers: dict[Upstream, int] = {}
        self._wheel: Wheel[Flight] = Wheel()
        self._lanes = Lanes(settings.lanes, source, stats)
        loop_key = settings.loop_key or source.getrandbits(128).to_bytes(16, "big")
        self._probes = Probes(self._lanes, loop_key, stats)
        self.is_loop = self._probes.is_loop

    # --- upstreams

    def group(self, upstreams: tuple[Upstream, ...]) -> int:
        """Return the number of this group of upstreams; the same group keeps its number for ever."""
        number = self._group_numbers.get(upstreams)
        if number is None:
            number = self._group_numbers[upstreams] = len(self._groups)
            self._groups.append(tuple(self._number(upstream) for upstream in upstreams))
        return number

    def use(self, groups: Iterable[int]) -> None:
        """Say where new questions go from now on: the upstreams of no such group are not asked after any more."""
        numbers = {number for group in groups for number in self._groups[group]}
        for health in self.healths:
            is_back = health.number in numbers and not health.in_use
            health.in_use = health.number in numbers
            if is_back:
                self._probes.ask(health)

    def _number(self, upstream: Upstream) -> int:
        number = self._upstream_numbers.get(upstream)
        if number is None:
            number = self._upstream_numbers[upstream] = len(self.healths)
            health = Health(number, upstream)
            self.healths.append(health)
            self._lanes.add_upstream()
            self._probes.watch(health)
        return number

    # --- questions

    def join(
        self, key: bytes, name: bytes, qtype: int, do: bool, cd: bool, group: int, stale: Fact | None, waiter: object,
        now: float, out: list[Command],
    ) -> bool:  # fmt: skip
        """Let `waiter` wait for the answer; ask when nobody does yet. False when too much is under way."""
        flight = self.flights.get(key)
        if flight is not None:
            if len(flight.waiters) >= MAX_WAITERS:
                return False
            flight.waiters.append(waiter)
            self._stats.coalesced += 1
            if stale is not None and flight.stale is None:  # it began as a prefetch
                self._offer_stale(flight, stale, now)
            return True
        if len(self.flights) >= self._settings.max_inflight:
            return False
        flight = Flight(key, name, qtype, do, cd, group, now, now + self._settings.query_timeout_s)
        flight.waiters.append(waiter)
        self.flights[key] = flight
        if stale is not None:
            self._offer_stale(flight, stale, now)
        self._try(flight, now, out)
        return True

    def prefetch(
        self, key: bytes, name: bytes, qtype: int, do: bool, cd: bool, group: int, now: float, out: list[Command]
    ) -> None:
        """Ask again what is about to expire; nobody waits. Does nothing when much is under way."""
        if key in self.flights or len(self.flights) * 2 >= self._settings.max_inflight:
            return
        self._stats.prefetches += 1
        flight = Flight(key, name, qtype, do, cd, group, now, now + self._settings.query_timeout_s)
        self.flights[key] = flight
        self._try(flight, now, out)

    def _offer_stale(self, flight: Flight, stale: Fact, now: float) -> None:
        flight.stale = stale
        flight.stale_at = min(flight.deadline, now + STALE_AFTER_S)
        self._wheel.add(flight.stale_at, flight)

    def _try(self, flight: Flight, now: float, out: list[Command]) -> None:
        """Send the question to the next upstream; fail when there is none."""
        group = self._groups[flight.group]
        tries = flight.tries
        health: Health | None
        if not tries:
            health = choose(self.healths, group, ())
        else:
            usable = [number for number in group if not self.healths[number].looping]
            least = min([tries.get(number, 0) for number in usable], default=0)
            health = choose(self.healths, group, [number for number, count in tries.items() if count > least])
        if health is None or len(flight.attempts) >= MAX_TRIES:
            self._fail(flight, now, out, silent=True)
            return
        number = health.number
        count = tries.get(number, 0)
        tries[number] = count + 1
        edns = now >= health.plain_until and (flight.bare is None or number not in flight.bare)
        wait = self._lanes.send(flight, health, now >= health.folds_until, edns, now, out, health.tcp)
        flight.retry = False
        self._wait(flight, now + (wait * (1 << min(count, 3)) if count else wait))

    def _wait(self, flight: Flight, until: float) -> None:
        """Let the current try last until then."""
        flight.next_at = until if until < flight.deadline else flight.deadline
        self._wheel.add(flight.next_at, flight)

    def _again(self, attempt: Attempt, health: Health, now: float, out: list[Command], *, case: bool, edns: bool,
               tcp: bool, suspect: bool = False) -> None:  # fmt: skip
        """Ask the same upstream once more, in another way."""
        flight: Flight = attempt.flight
        self._wait(flight, now + self._lanes.send(flight, health, case, edns, now, out, tcp, suspect))

    # --- answers

    def on_datagram(self, number: int, lane: int, packet: bytes, now: float, out: list[Command]) -> None:
        """Take what came from upstream `number` to the socket `lane`."""
        attempt = self._lanes.find(number, lane, packet)
        if attempt is None:
            self._stats.upstream_unexpected += 1
            return
        health = self.healths[number]
        flight: Flight | None = attempt.flight
        if (
            flight is not None
            and attempt.case
            and packet.startswith(attempt.question, 12)
            and packet[2] & 0xF8 == 0x80
            and packet[4:6] == b"\0\1"
        ):  # as verdict() says GOOD
            fact = learn_plain(packet, 12 + len(attempt.question), flight.qtype, health.is_loopback, now)
            if fact is not None:
                health.answered(now - attempt.sent_at)
                self._learned(flight, fact, now, out)
                return
        found = verdict(attempt, packet)
        if found is Verdict.BAD:
            self._stats.upstream_bad += 1  # the good one is still awaited
        elif flight is None:
            self._probes.heard(attempt, packet, now)
        elif found is Verdict.FOLDED:
            # A forger's guess, or a server that folds letters. Ask where nobody can forge.
            self._stats.upstream_folded += 1
            if not any(other.suspect for other in flight.attempts):
                self._again(attempt, health, now, out, case=True, edns=attempt.edns, tcp=True, suspect=True)
        else:
            if attempt.suspect:
                health.confirmed_fold(now, certain=False)
            self._heard(attempt, health, packet, now, out)

    def on_message(self, number: int, token: int, packet: bytes | None, now: float, out: list[Command]) -> None:
        """Take the answer over TCP to `token`; None when there will be none."""
        attempt = self._lanes.take_tcp(number, token)
        if attempt is None:
            self._stats.upstream_unexpected += 1
            return
        health = self.healths[number]
        flight: Flight | None = attempt.flight
        found = Verdict.BAD if packet is None else verdict(attempt, packet)
        if packet is not None and found is not Verdict.BAD:
            if flight is None:
                self._probes.heard(attempt, packet, now)
                return
            if attempt.suspect and found is Verdict.FOLDED:
                health.confirmed_fold(now, certain=True)
            self._heard(attempt, health, packet, now, out)
        elif flight is None:
            self._probes.lost(attempt)
        elif attempt.suspect:  # no TCP there: ask once more by UDP, letters as they are, from another port
            self._again(attempt, health, now, out, case=False, edns=attempt.edns, tcp=False, suspect=True)
        else:
            if health.tcp:
                health.failed(now)
            self._next(flight, now, out, silent=True)

    def on_refused(self, number: int, lane: int, now: float, out: list[Command]) -> None:
        """Take the news that what was sent to `number` from `lane` did not arrive (ICMP unreachable)."""
        for attempt in self._lanes.take_lane(number, lane):
            self.healths[number].failed(now)
            self._stats.upstream_errors += 1
            flight: Flight | None = attempt.flight
            if flight is None:
                self._probes.lost(attempt)
                continue
            if flight.done or flight.attempts[-1] is not attempt:
                continue
            if self._untried(flight):
                self._try(flight, now, out)
            elif len(flight.attempts) >= 2 * len(self._groups[flight.group]):
                self._fail(flight, now, out, silent=True)
            else:
                flight.retry = True
                self._wait(flight, now + AFTER_REFUSAL_S)

    def on_timer(self, now: float, out: list[Command]) -> None:
        """Give up tries that took too long, show stale answers in time, ask after the upstreams."""
        for flight in self._wheel.due(now):
            if flight.done:
                continue
            if flight.stale is not None and flight.waiters and now >= flight.stale_at:
                self._cache.fail(flight.key, failed(now, _SILENCE), now + RECHECK_S)
                self._settled(flight, flight.stale, True, now, out)
            if now >= flight.deadline:
                self._blame(flight, now)
                self._fail(flight, now, out, silent=True)
            elif now >= flight.next_at:
                if not flight.retry:
                    self._blame(flight, now)
                self._try(flight, now, out)
        self._probes.on_timer(now, out)

    def next_timer(self) -> float:
        """Return when `on_timer` has something to do, infinite if nothing is under way."""
        return self._wheel.next()

    def _heard(self, attempt: Attempt, health: Health, packet: bytes, now: float, out: list[Command]) -> None:
        """Act on an answer that fits its question."""
        flight: Flight = attempt.flight
        over_tcp = attempt.lane < 0
        try:
            response = scan_response(packet)
        except ParseError:
            self._stats.upstream_malformed += 1
            if over_tcp:
                self._next(flight, now, out, silent=True)
            return  # over UDP a well-formed one may still come
        if response.rcode != c.REFUSED:
            health.answered(None if over_tcp and not health.tcp else now - attempt.sent_at)
        if response.tc and not over_tcp:
            if not any(other.lane < 0 for other in flight.attempts):
                self._lanes.forget(attempt)
                self._again(attempt, health, now, out, case=attempt.case, edns=attempt.edns, tcp=True)
            return
        rcode = response.rcode
        filtered = response.ede and any(c.EDE_BLOCKED <= code <= c.EDE_FILTERED for code, _ in response.ede)
        if rcode in _ANSWERS or filtered:
            self._learn(attempt, health, packet, response, now, out)
            return
        self._lanes.forget(attempt)
        if rcode in _NO_EDNS and attempt.edns:
            self._stats.upstream_no_edns += 1
            flight.bare = (flight.bare or set()) | {attempt.number}
            self._again(attempt, health, now, out, case=attempt.case, edns=False, tcp=over_tcp)
            return
        if rcode == c.REFUSED:
            health.failed(now)
        flight.ede = response.ede
        self._next(flight, now, out, silent=False)

    def _learn(
        self, attempt: Attempt, health: Health, packet: bytes, response: Response, now: float, out: list[Command]
    ) -> None:
        flight: Flight = attempt.flight
        if not response.name:  # a bare error
            response.name, response.qtype, response.qclass = flight.name, flight.qtype, c.CLASS_IN
        if attempt.case:
            # Our mixed letters are in the question, where pointers lead, and in owners of servers that do not compress:
            # the client did not send them. What is not a question of ours (a bare error) has none.
            asked = attempt.question[:-4]
            packet = packet[: c.HEADER_LEN] + packet[c.HEADER_LEN :].replace(asked, flight.name)
        try:
            fact = learn(packet, response, flight.do, health.is_loopback, now)
        except ParseError:
            self._stats.upstream_malformed += 1
            self._lanes.forget(attempt)
            self._next(flight, now, out, silent=False)
            return
        if flight.bare is not None and not attempt.edns:
            health.plain_until = now + TRAIT_S
        self._learned(flight, fact, now, out)

    def _learned(self, flight: Flight, fact: Fact, now: float, out: list[Command]) -> None:
        """The question is answered."""
        self._end(flight)
        cache, key = self._cache, flight.key
        if fact.lifetime > 0:
            if is_free(fact):
                cache.remove(key)
                key = absence_key(flight.name, flight.do, flight.cd, flight.group)
            cache.put(key, fact)
        elif flight.stale is not None:  # the world has changed: what was true is not any more
            cache.remove(key)
            cache.remove(absence_key(flight.name, flight.do, flight.cd, flight.group))
        if flight.waiters:
            self._settled(flight, fact, False, now, out)

    # --- failures

    def _untried(self, flight: Flight) -> bool:
        """Whether an upstream of the flight's group was not asked yet."""
        tries, healths = flight.tries, self.healths
        return any(number not in tries and not healths[number].looping for number in self._groups[flight.group])

    def _blame(self, flight: Flight, now: float) -> None:
        """The last try took too long."""
        attempt: Attempt = flight.attempts[-1]
        self._stats.upstream_timeouts += 1
        self.healths[attempt.number].failed(now)

    def _next(self, flight: Flight, now: float, out: list[Command], *, silent: bool) -> None:
        """An upstream could not answer: ask one that was not asked yet, else give up. `silent`: it said nothing."""
        if flight.done:
            return
        if self._untried(flight):
            self._try(flight, now, out)
        else:
            self._fail(flight, now, out, silent=silent)

    def _fail(self, flight: Flight, now: float, out: list[Command], *, silent: bool) -> None:
        self._end(flight)
        fact = failed(now, flight.ede or (_SILENCE if silent else ()))
        if flight.stale is not None:
            self._cache.fail(flight.key, fact, now + RECHECK_S)
            if flight.waiters:
                self._settled(flight, flight.stale, True, now, out)
        elif flight.waiters:  # a prefetch that failed leaves what is there
            self._cache.fail(flight.key, fact, now + (SILENCE_S if silent else SERVFAIL_S))
            self._settled(flight, fact, False, now, out)

    def _end(self, flight: Flight) -> None:
        flight.done = True
        del self.flights[flight.key]
        for attempt in flight.attempts:
            self._lanes.forget(attempt)
        flight.attempts.clear()  # they hold the flight: nothing is left for the garbage collector to find
