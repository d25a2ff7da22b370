"""The presence process: `filterd presence`. Who is on the network, as sightings to the manager; a composition root.

One raw socket with a filter in the kernel, and the kernel's own neighbour events. Twice an hour it asks who hands out
addresses and resolvers, and whether routers answer DNS themselves (presence/asker.py; the operator may switch that off).
Opens no store and no page, and holds CAP_NET_RAW alone; who the devices are is said by the manager. While this is dead,
DNS goes on, and the manager reads the neighbour tables by itself.
"""

from __future__ import annotations

import gc
import logging
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from filterd.errors import FilterdError
from filterd.host.child import PULSE_S, Given
from filterd.host.interfaces import links
from filterd.host.notify import Notifier, every
from filterd.host.run import run_dir
from filterd.model.sighting import Sighting
from filterd.net.loop import EPOLLIN, EPOLLOUT, Complaints, Loop
from filterd.presence.ask import Sender
from filterd.presence.ask_dns import Questions
from filterd.presence.ask_rounds import Rounds
from filterd.presence.asker import Asker
from filterd.presence.neighbours import NeighbourWatch
from filterd.presence.packets import read_frame
from filterd.presence.sniff import Sniffer
from filterd.presence.tell import Teller

TICK_S = 1.0
LOOK_S = 60.0  # between two readings of the whole neighbour table, for what events alone do not say
JOIN_S = 30.0  # between two looks for new interfaces
SAY_S = 60.0
BATCH = 256  # frames at a time
PAUSE_S = 0.4  # between two batches
FRAMES_PER_S = 500  # that are looked at; a busy home has 30. Beyond that the kernel's buffer fills, drops and counts

log = logging.getLogger("filterd.presence")


class Presence:
    """Joins sniffer, neighbour events and the way to the manager on one loop."""

    def __init__(
        self, loop: Loop, sniffer: Sniffer, watch: NeighbourWatch, teller: Teller,
        wall: Callable[[], float] = time.time, asker: Asker | None = None,
    ) -> None:  # fmt: skip
        """`asker`: None to listen only."""
        self._loop = loop
        self._sniffer = sniffer
        self._watch = watch
        self._teller = teller
        self._wall = wall
        self._asker = asker
        self._complaints = Complaints(log, loop.clock)
        self._own: frozenset[str] = frozenset()
        self._room = FRAMES_PER_S
        self._reached = 0
        self._writing: int | None = None  # the manager's socket, while something waits for it
        self._said = 0
        self.frames = 0

    def start(self) -> None:
        """Begin."""
        self._loop.register(self._sniffer.fileno(), EPOLLIN, lambda _: self.on_frames())
        self._loop.register(self._watch.fileno(), EPOLLIN, lambda _: self.on_neighbours())
        every(self._loop, JOIN_S, self.look_at_interfaces)
        every(self._loop, TICK_S, self.tick)
        every(self._loop, LOOK_S, self.look)
        every(self._loop, SAY_S, self.say_losses)

    def on_frames(self) -> None:
        """Read frames that wait, as many as this second has room for; then let some gather.

        Waking up costs more than reading a frame: resting for PAUSE_S halves the cost, and delays a sighting by as much.
        """
        at, now = self._wall(), self._loop.clock()
        for frame, interface in self._sniffer.read(min(BATCH, self._room)):
            self._room -= 1
            self.frames += 1
            found = read_frame(frame, at, interface)
            if found and found[0].mac not in self._own:  # an access point may send our own broadcast back
                self._tell(found, now)
                if self._asker is not None:
                    for sighting in found:
                        self._asker.take(sighting, now)
        self._loop.modify(self._sniffer.fileno(), 0)
        self._loop.call_at(now + PAUSE_S, self._listen)

    def _listen(self) -> None:
        if self._room > 0:
            self._loop.modify(self._sniffer.fileno(), EPOLLIN)

    def on_neighbours(self) -> None:
        """Pass on what changed in the neighbour tables."""
        try:
            self._tell(self._watch.read(self._wall()), self._loop.clock())
        except OSError as exc:
            self._complaints.report("neighbour events cannot be read", exc)

    def tick(self) -> None:
        """Every second: room for frames again; a manager that has just come is told everything."""
        was_full, self._room = self._room <= 0, FRAMES_PER_S
        if was_full:
            self._listen()
        self._teller.reach(self._loop.clock())
        if self._teller.reached != self._reached:
            self._reached = self._teller.reached
            self.look(anew=True)
        if self._asker is not None and (found := self._asker.tick(self._loop.clock(), self._wall())):
            self._tell(found, self._loop.clock())

    def look(self, *, anew: bool = False) -> None:
        """Read the whole neighbour table."""
        try:
            self._tell(self._watch.look(self._wall(), anew=anew), self._loop.clock())
        except OSError as exc:
            self._complaints.report("neighbour tables cannot be read", exc)

    def look_at_interfaces(self) -> None:
        """Follow interfaces as they come and go."""
        self._sniffer.join()
        self._watch.forget_names()
        found = links()
        self._own = frozenset(link.mac for link in found)
        if self._asker is not None:
            self._asker.interfaces(found, self._loop.clock())

    def say_losses(self) -> None:
        """Say what was not looked at or not passed on, when that has grown."""
        self._sniffer.count_drops()
        lost = self._sniffer.dropped + self._teller.dropped
        if lost > self._said:
            log.warning(
                "too much at once frames_dropped=%d sightings_dropped=%d", self._sniffer.dropped, self._teller.dropped
            )
            self._said = lost

    def _tell(self, found: Sequence[Sighting], now: float) -> None:
        """Send, and come back when the manager has room for what waits."""
        if self._writing is not None:  # first: sending may close the socket, and another may get its number
            self._loop.unregister(self._writing)
            self._writing = None
        self._teller.tell(found, now)
        sock = self._teller.waiting_on
        if sock is not None:
            self._writing = sock.fileno()
            self._loop.register(self._writing, EPOLLOUT, lambda _: self._tell((), self._loop.clock()))

    def close(self) -> None:
        """Let go of everything."""
        for part in (self._sniffer, self._watch, self._teller):
            part.close()
        if self._asker is not None:
            self._asker.close()


def main(arguments: Sequence[str]) -> int:
    """Run until told to end; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    try:
        given = Given.from_arguments(arguments)
        interface, ask = str(given.document.get("interface", "")), bool(given.document.get("ask", True))
        run(Path(given.document["state"]), given, interface, ask=ask)
    except FilterdError as exc:
        sys.stderr.write(f"filterd: {exc}\n")
        return 1
    return 0


def run(state: Path, given: Given, interface: str = "", *, ask: bool = True) -> None:
    """Watch until SIGTERM, SIGINT or the parent's end. StartError: a raw socket may not be opened.

    `state`: names the run folder, where the manager's socket is; nothing else of it is touched. `ask`: also ask, instead of
    listening only.
    """
    loop = Loop()
    notifier = Notifier.take()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    if given.life_fd is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        loop.register(given.life_fd, EPOLLIN, lambda _: loop.stop())
    sniffer = Sniffer(interface)
    watch = NeighbourWatch()
    asker = Asker(Sender(), Questions(), Rounds(loop.clock(), random.random), interface) if ask else None
    presence = Presence(loop, sniffer, watch, Teller(lambda: run_dir(state, create=False)), asker=asker)
    presence.start()
    gc.collect()
    gc.freeze()
    notifier.keep_alive(loop)
    given.ready({"at": time.time()})
    if given.is_supervised:
        every(loop, PULSE_S, given.alive)
    notifier.ready("watching")
    log.info("watching the network interfaces=%s asks=%s", interface or "all", "yes" if ask else "no")
    loop.run()
    notifier.stopping()
    presence.close()
    loop.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
