"""Who asks, what is in force for him, and when that turns. Keeps the inner loop's prepared answers true to it.

A seat is one (slot, profile, device); its state is policy.judge.SlotState, which is good until its own `until`. At
that moment, by whatever comes first (a timer, a question, an upstream's answer), the state and all that was prepared
by it are dropped: 21:30 bites at 21:30, whoever is dead. Leaves to others: what the rules say (policy).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from filterd.engine.world import World
from filterd.fast.clients import Client, Seat
from filterd.fast.loop import Fast
from filterd.policy.judge import SlotState

CLOCK_STEP_S: Final = 0.25  # a wall clock that moves by more than this against the monotonic one was set
_FOREVER: Final = float("inf")


class Rules:
    """The seats of one world."""

    def __init__(self, fast: Fast, world: World, trusted: bool) -> None:
        """`trusted`: the wall clock is known to be right. The clock itself is `fast.wall_offset`."""
        self._fast = fast
        self._trusted = trusted
        self._world = world
        self._seats: dict[tuple[int, str, str], Seat] = {}
        self._states: dict[int, SlotState] = {}
        fast.flip = self.flip

    def install(self, world: World) -> None:
        """Judge by another world from now on."""
        self._fast.clients.stand_all()
        self._fast.memo.drop_all()
        self._world = world
        self._seats = {}
        self._states = {}
        self._fast.flip_at = _FOREVER

    def seat(self, client: Client) -> Seat:
        """Find out who asks, and sit him down."""
        world = self._world
        who = world.judge.identify(client.address, world.clients.mac(client.address))
        seat = self._seats.get(who)
        if seat is None:
            seat = self._seats[who] = Seat(who.slot, who.profile, who.device)
            self._fast.memo.add(seat)
        client.sit(seat)
        return seat

    def state(self, seat: Seat, now: float) -> SlotState:
        """Return what is in force for a seat that has no state."""
        state = self._states.get(seat.slot)
        if state is None:
            wall = now + self._fast.wall_offset
            state = self._states[seat.slot] = self._world.judge.state(seat.slot, wall, self._trusted)
            self._fast.flip_at = min(self._fast.flip_at, state.until - self._fast.wall_offset)
        seat.state = state
        return state

    def set_clock(self, now: float, wall: float, trusted: bool | None) -> None:
        """Take the wall time of `now`; `trusted` None: as before. A clock that was set means that all rules turn."""
        fast = self._fast
        moved = abs(wall - now - fast.wall_offset)
        fast.wall_offset = wall - now
        if trusted is None:
            trusted = self._trusted
        if moved > CLOCK_STEP_S or trusted is not self._trusted:
            self._trusted = trusted
            self._states = {}
            self._drop(list(self._seats.values()))
        if moved:
            self._set_flip()

    def flip(self, now: float) -> None:
        """Forget what is not true any more at `now`."""
        wall = now + self._fast.wall_offset
        over = {slot for slot, state in self._states.items() if state.until <= wall}
        for slot in over:
            del self._states[slot]
        self._drop([seat for seat in self._seats.values() if seat.slot in over])
        self._set_flip()

    def _drop(self, seats: Sequence[Seat]) -> None:
        for seat in seats:
            self._fast.memo.drop(seat)
            seat.state = None
            seat.tails = {}
        for client in self._fast.clients.values():
            if client.seat is not None:
                client.sit(client.seat)

    def _set_flip(self) -> None:
        first = min((state.until for state in self._states.values()), default=_FOREVER)
        self._fast.flip_at = first - self._fast.wall_offset
