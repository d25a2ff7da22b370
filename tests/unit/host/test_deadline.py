"""A time for a conversation: over means shut, also for a connection that came a moment later."""

from __future__ import annotations

import socket
import time

from filterd.host.deadline import Deadline, pools_of


def is_shut(sock: socket.socket, within_s: float = 5.0) -> bool:
    """Whether the other end of a pair reads the end of it in time."""
    sock.settimeout(within_s)
    return sock.recv(1) == b""


def test_when_it_is_over_its_connections_are_shut_while_somebody_reads() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Deadline(0.05) as deadline:
        assert not deadline.is_used and deadline.add(ours) is ours
        assert is_shut(theirs) and deadline.is_over and deadline.is_used
        late, other = socket.socketpair()
        with late, other:
            deadline.add(late)  # opened just before, handed over just after
            assert is_shut(other)


def test_a_conversation_that_ends_in_time_is_left_alone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with Deadline(0.2) as deadline:
            deadline.add(ours)
        time.sleep(0.3)
        assert not deadline.is_over
        theirs.send(b"x")
        assert ours.recv(1) == b"x"


def test_both_schemes_open_their_connections_through_it() -> None:
    asked: list[str] = []

    def connect(connection: object) -> socket.socket:
        asked.append(type(connection).__mro__[1].__name__)
        raise OSError("not here")

    for scheme, pool in pools_of(connect).items():
        made = pool("example.org")
        connection = made.ConnectionCls(host="example.org", port=1)
        try:
            connection._new_conn()
        except OSError:
            pass
        made.close()
        assert scheme in ("http", "https")
    assert asked == ["HTTPConnection", "HTTPSConnection"]
