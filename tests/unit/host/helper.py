"""A child for the tests of child.py and supervise.py: says ready, then does what its document says."""

from __future__ import annotations

import os
import select
import signal
import sys
import time

from filterd.host.child import Given


def main() -> int:
    """Live as told."""
    given = Given.from_arguments(sys.argv[1:])
    document = given.document
    if document.get("log"):
        with open(document["log"], "a") as file:
            file.write(f"{os.getpid()}\n")
    if document.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if document.get("refuse"):
        return 1
    if document.get("wait_s"):
        time.sleep(document["wait_s"])
    given.ready({"pid": os.getpid()})
    given.ready({"again": True})  # says nothing twice
    while document.get("pulses", 0) > 0:
        document["pulses"] -= 1
        given.alive()
        time.sleep(0.05)
    if document.get("live_s") is not None:
        time.sleep(document["live_s"])
        return int(document.get("code", 0))
    if given.life_fd is not None:
        select.select([given.life_fd], [], [])
    return 0


if __name__ == "__main__":
    sys.exit(main())
