"""An interpreter of classic BPF, as the kernel runs it, for testing a program without a kernel.

Written from Documentation/networking/filter.rst; reading past the end of the frame ends the program with 0, as there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

AD_OFF = 0x1_0000_0000 - 0x1000


def run(program: Sequence[tuple[int, int, int, int]], frame: bytes, about: Mapping[int, int]) -> int:
    """Return how many bytes of `frame` the program takes. `about`: ancillary offset -> value."""
    a = x = at = 0
    for _ in range(len(program)):  # jumps go forward: it always ends
        code, yes, no, k = program[at]
        at += 1
        kind, size, mode = code & 0x07, {0x00: 4, 0x08: 2, 0x10: 1}[code & 0x18], code & 0xE0
        if kind == 0x00:  # LD
            if mode == 0x20 and k >= AD_OFF:
                a = about[k - AD_OFF]
                continue
            start = k + (x if mode == 0x40 else 0)
            assert mode in (0x20, 0x40)
            if start + size > len(frame):
                return 0
            a = int.from_bytes(frame[start : start + size], "big")
        elif kind == 0x01:  # LDX: only 4*([k]&15)
            assert mode == 0xA0 and size == 1
            if k >= len(frame):
                return 0
            x = 4 * (frame[k] & 15)
        elif kind == 0x05:  # JMP
            truth = {0x10: a == k, 0x20: a > k, 0x30: a >= k, 0x40: bool(a & k)}[code & 0xF0]
            at += yes if truth else no
        else:
            assert kind == 0x06  # RET
            return k
    raise AssertionError("the program ran past its end")
