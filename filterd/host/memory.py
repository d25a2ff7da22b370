"""Keeps a process with threads small: the C library gives each thread a heap of its own, and takes little of it back.

A password's hash takes 19 MiB for some hundredths of a second (control/accounts_passwords.py). With glibc's own settings
each thread that ever made one keeps them: eight threads of the page held 170 MiB for nothing.

    spare()        # at the start, before there are threads
    give_back()    # now and then
"""

from __future__ import annotations

import ctypes

MIB = 1024 * 1024
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # mallopt(3)
_ARENAS = 1


def spare() -> bool:
    """Let large pieces of memory go back at once, and threads share one heap. False: this C library knows of no such thing."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    # a threshold that was set stays: glibc would raise its own to 32 MiB with the first large piece that is given back
    wanted = ((_M_MMAP_THRESHOLD, MIB // 2), (_M_TRIM_THRESHOLD, MIB), (_M_ARENA_MAX, _ARENAS))
    return all(mallopt(key, value) == 1 for key, value in wanted)


def give_back() -> None:
    """Give the system back what is free at this moment, after a crowd; takes some milliseconds."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        pass
