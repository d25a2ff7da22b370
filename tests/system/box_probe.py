"""Runs inside the sandbox of a unit (see box_check.py) and writes as JSON what it could do there."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import socket
from collections.abc import Callable
from pathlib import Path

from filterd.host.interfaces import local_networks
from filterd.host.neighbours import neighbours


def tried(what: Callable[[], object]) -> str:
    """`yes`, or the kind of the refusal."""
    try:
        what()
    except (OSError, ValueError) as exc:
        return type(exc).__name__
    return "yes"


def adjtimex() -> None:
    """Read the state of the clock, as host/clock.py does."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(ctypes.create_string_buffer(512)) < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")


def port_80() -> None:
    """Bind a privileged port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 80))


FOLDERS = ("/etc/filterd", "/usr/local", "/opt/filterd", "/root", "/var/lib", "/var/lib/filterd", "/run/filterd")
found: dict[str, object] = {
    f"write {folder}": tried(lambda f=folder: Path(f, ".probe").write_text("")) for folder in FOLDERS
}  # type: ignore[misc]
for folder in ("/var/lib/filterd", "/run/filterd"):
    Path(folder, ".probe").unlink()
found["packets"] = tried(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close())
found["netlink"] = tried(neighbours)
found["addresses"] = len(local_networks()[0])
found["adjtimex"] = tried(adjtimex)
found["set the clock"] = tried(lambda: __import__("time").clock_settime(0, 0.0))
found["port 80"] = tried(port_80)
found["write and execute"] = tried(lambda: mmap.mmap(-1, 4096, prot=7).close())
found["nice"] = tried(lambda: os.nice(1))
found["other processes"] = Path("/proc/1").exists()
found["settings"] = tried(lambda: Path("/etc/filterd/filterd.yaml").read_text())
found["caps"] = next(
    line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff")
)
print(json.dumps(found))
