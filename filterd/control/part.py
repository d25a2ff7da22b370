"""What a part outside this package (the page) needs to be one: what its parent gave it, and its way to systemd.

from filterd.control.part import OPTION, Given, Notifier
"""

from __future__ import annotations

import socket

from filterd.host.child import OPTION, Given
from filterd.host.memory import give_back, spare
from filterd.host.notify import Notifier, passed_sockets

__all__ = ["OPTION", "Given", "Notifier", "give_back", "spare", "take_sockets"]


def take_sockets() -> list[socket.socket]:
    """Return the listening sockets that systemd passed to this process; none otherwise."""
    return [socket.socket(fileno=fd) for fd, _name in passed_sockets()]
