"""A small LAN of network namespaces: a router, the appliance, two to four clients on a bridge, and somebody outside.

Needs root and `ip`. Everything is inside namespaces whose names begin with `fd-`; they are removed also on failure.

    with Lan() as lan:
        answer = lan.inside("c1", lambda: ask(("192.168.7.2", 53), "www.example.org"))
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

_T = TypeVar("_T")
_CLONE_NEWNET = 0x4000_0000
_LIBC = ctypes.CDLL(None, use_errno=True)

MACS = {
    "rt": "02:aa:00:00:00:01",
    "ap": "02:aa:00:00:00:02",
    "c1": "02:aa:00:00:00:11",
    "c2": "02:aa:00:00:00:12",
    "c3": "02:aa:00:00:00:13",
    "c4": "02:aa:00:00:00:14",
}
ADDRESSES = {
    "rt": ["192.168.7.1/24", "fd77::1/64", "2001:db8:77::1/64"],
    "ap": ["192.168.7.2/24", "192.168.7.3/24", "fd77::2/64", "fd77::3/64", "2001:db8:77::2/64"],
    "c1": ["192.168.7.11/24", "fd77::11/64", "2001:db8:77::11/64"],
    "c2": ["192.168.7.12/24", "192.168.7.130/24", "fd77::12/64", "fd77:0:0:0:5::12/64"],
    "c3": ["192.168.7.13/24", "fd77::13/64"],
    "c4": ["192.168.7.14/24", "fd77::14/64"],
}
OUTSIDE = {"rt": ["198.51.100.1/24", "2001:db8:99::1/64"], "out": ["198.51.100.7/24", "2001:db8:99::7/64"]}


class Lan:
    """The namespaces. `inside` runs a function in one of them: sockets and processes made there stay there."""

    def __init__(self, clients: int = 2) -> None:
        self._prefix = f"fd-{os.getpid()}-"
        self.members = [short for short in MACS if short[0] != "c" or int(short[1:]) <= clients]

    def __enter__(self) -> Lan:
        if os.geteuid() != 0 or shutil.which("ip") is None:
            pytest.skip("network namespaces need root and `ip`")
        try:
            self._ip("netns", "add", self.name("sw"))
        except subprocess.CalledProcessError as exc:
            pytest.skip(f"no network namespaces here: {exc.stderr}")
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def name(self, short: str) -> str:
        """The whole name of a namespace."""
        return self._prefix + short

    def close(self) -> None:
        """Remove everything."""
        for short in ("sw", *self.members, "out"):
            if Path("/run/netns", self.name(short)).exists():
                subprocess.run(["ip", "netns", "del", self.name(short)], check=False, capture_output=True)

    def inside(self, short: str, function: Callable[[], _T]) -> _T:
        """Return what `function` returns when it is called in a namespace, or raise what it raises."""
        result: list[Any] = []

        def run() -> None:
            fd = os.open(f"/run/netns/{self.name(short)}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                if _LIBC.setns(fd, _CLONE_NEWNET) != 0:  # this thread alone
                    raise OSError(ctypes.get_errno(), "setns")
                result.append((function(), None))
            except BaseException as exc:
                result.append((None, exc))
            finally:
                os.close(fd)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        value, problem = result[0]
        if problem is not None:
            raise problem
        return value  # type: ignore[no-any-return]

    def _build(self) -> None:
        for short in (*self.members, "out"):
            self._ip("netns", "add", self.name(short))
        for short in ("sw", *self.members, "out"):
            self._in(short, "link", "set", "lo", "up")
        self._in("sw", "link", "add", "br0", "type", "bridge")
        self._in("sw", "link", "set", "br0", "up")
        for short in self.members:
            self._pair(("sw", f"port-{short}"), (short, "eth0"))
            self._in("sw", "link", "set", f"port-{short}", "master", "br0", "up")
            self._in(short, "link", "set", "eth0", "address", MACS[short])
            self._up(short, "eth0", ADDRESSES[short])
        self._pair(("rt", "wan0"), ("out", "eth0"))
        self._up("rt", "wan0", OUTSIDE["rt"])
        self._up("out", "eth0", OUTSIDE["out"])
        for family, gateway, far in (("-4", "192.168.7.1", "198.51.100.1"), ("-6", "fd77::1", "2001:db8:99::1")):
            self._in("ap", family, "route", "add", "default", "via", gateway)
            self._in("out", family, "route", "add", "default", "via", far)
        for key in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
            self.inside("rt", lambda key=key: Path("/proc/thread-self/root/proc/sys", key).write_text("1"))  # type: ignore[misc]

    def _pair(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        self._ip(
            "link", "add", one[1], "netns", self.name(one[0]), "type", "veth",
            "peer", "name", other[1], "netns", self.name(other[0]),
        )  # fmt: skip

    def _up(self, short: str, interface: str, addresses: Sequence[str]) -> None:
        self._in(short, "link", "set", interface, "up")
        for address in addresses:
            more = ["nodad"] if ":" in address else []
            self._in(short, "addr", "add", address, "dev", interface, *more)

    def _in(self, short: str, *arguments: str) -> None:
        self._ip("-n", self.name(short), *arguments)

    @staticmethod
    def _ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=20)
