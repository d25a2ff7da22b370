"""A load client in a process of its own: asks at a steady rate over one socket and prints what came of it as JSON.

python -m tests.system.asker HOST PORT PER_SECOND SECONDS NAME...
"""

from __future__ import annotations

import json
import sys
import threading

from tests.processes import Load


def main(arguments: list[str]) -> None:
    """Ask, then print counts and times."""
    host, port, per_second, seconds, *names = arguments
    running = Load((host, int(port)), names, int(per_second), "127.0.0.1")  # loopback itself has no rate limit
    threading.Timer(float(seconds), running._stopping.set).start()
    print("asking", flush=True)
    running.run()
    running._sock.close()
    took = sorted(running.took_s)
    report = {
        "sent": running.sent,
        "lost": running.lost,
        "p50_ms": 1000 * took[len(took) // 2],
        "p99_ms": 1000 * took[len(took) * 99 // 100],
        "max_ms": 1000 * took[-1],
        "rcodes": running.rcodes,
    }
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
