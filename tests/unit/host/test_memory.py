"""What a thread took for a moment is given back."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from filterd.host.memory import spare
if sys.argv[1] == "yes" and not spare():
    print("none"); raise SystemExit
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
begin, end = threading.Barrier(8), threading.Barrier(8)
def use():
    for _ in range(3):
        begin.wait()
        where = libc.malloc(19 << 20)
        ctypes.memset(where, 1, 19 << 20)
        libc.free(where)
        end.wait()
threads = [threading.Thread(target=use) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
print(next(int(line.split()[1]) >> 10 for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""


def rss_mib(spared: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, spared], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_threads_keep_nothing_of_what_they_gave_back() -> None:
    found = rss_mib("yes")
    if found == "none":
        pytest.skip("another C library")
    assert int(found) < 60
