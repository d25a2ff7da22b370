"""Listening sockets."""

from __future__ import annotations

import os
import socket

import pytest

from filterd.errors import StartError
from filterd.net import listen


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0.0.0.0", "::"])
def test_udp_and_tcp_share_a_free_port(address: str) -> None:
    udp, tcp = listen.open_pair(address, 0, shared=False)
    with udp, tcp:
        assert udp.getsockname()[:2] == tcp.getsockname()[:2]
        assert not udp.getblocking() and not tcp.getblocking()
        assert listen.is_wildcard(udp) is (address in ("0.0.0.0", "::"))


def test_ipv6_leaves_the_port_free_for_ipv4() -> None:
    six, six_tcp = listen.open_pair("::", 0, shared=False)
    four, four_tcp = listen.open_pair("0.0.0.0", six.getsockname()[1], shared=False)
    for sock in (six, six_tcp, four, four_tcp):
        sock.close()


def test_a_rival_is_an_error_also_when_it_would_share() -> None:
    udp, tcp = listen.open_pair("127.0.0.1", 0, shared=True)
    port = udp.getsockname()[1]
    with udp, tcp:
        with pytest.raises(StartError, match=rf"127.0.0.1:{port}: another program answers there already"):
            listen.open_pair("127.0.0.1", port, shared=False)
        sibling = listen.open_pair("127.0.0.1", port, shared=True)
        for sock in sibling:
            sock.close()


def test_a_taken_tcp_port_alone_is_an_error_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as rival, pytest.raises(StartError, match="another program"):
        listen.open_pair("127.0.0.1", rival.getsockname()[1], shared=False)


def test_an_address_that_is_not_ours_is_a_sentence() -> None:
    with pytest.raises(StartError, match=r"192\.0\.2\.77:0: this machine does not have that address"):
        listen.open_pair("192.0.2.77", 0, shared=False)
    with pytest.raises(StartError, match="cannot listen on"):
        listen.open_pair("fe80::1%no-such-interface", 0, shared=False)


def test_reserved_addresses_are_held_or_given_back() -> None:
    bound, kept = listen.reserve([("127.0.0.1", 0), ("::1", 0)], keep=True)
    assert len(kept) == 4 and all(port for _, port in bound)
    with pytest.raises(StartError):
        listen.reserve([("127.0.0.2", 0), bound[0]], keep=True)  # the first one is given back
    for sock in kept:
        sock.close()
    again, none = listen.reserve(bound, keep=False)
    assert (again, none) == (bound, [])
    assert listen.reserve(bound, keep=False) == (bound, [])


def test_inherited_sockets_are_made_ready() -> None:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("0.0.0.0", 0))
    tcp = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    tcp.bind(("::1", 0))
    adopted = listen.adopt([udp.detach(), tcp.detach()])
    assert [sock.type for sock in adopted] == [socket.SOCK_DGRAM, socket.SOCK_STREAM]
    client = socket.create_connection(adopted[1].getsockname()[:2], timeout=2)
    client.close()
    for sock in adopted:
        assert not sock.getblocking() and not sock.get_inheritable()
        sock.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may go beyond the kernel's limit")
def test_a_buffer_that_systemd_made_bigger_than_we_may_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    for forced in (33, 32):  # SO_RCVBUFFORCE, SO_SNDBUFFORCE
        udp.setsockopt(socket.SOL_SOCKET, forced, listen.BUFFER_BYTES)
    monkeypatch.setattr(listen, "_SO_RCVBUFFORCE", 99_999)  # as without the privilege
    monkeypatch.setattr(listen, "_SO_SNDBUFFORCE", 99_999)
    (sock,) = listen.adopt([udp.detach()])
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 2 * listen.BUFFER_BYTES
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * listen.BUFFER_BYTES
    sock.close()


def test_what_is_no_ip_socket_is_refused() -> None:
    one, other = socket.socketpair()
    with other, pytest.raises(StartError, match="no IP socket"):
        listen.adopt([one.detach()])
    with pytest.raises(StartError, match="cannot be used"):
        listen.adopt([999_999])


def test_descriptors_of_the_service_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTEN_PID", raising=False)
    assert listen.passed_by_systemd() == []
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "4")
    assert listen.passed_by_systemd() == [3, 4, 5, 6]
    monkeypatch.setenv("LISTEN_FDNAMES", "dns:dns:page")
    assert listen.passed_by_systemd() == [3, 4]
    monkeypatch.setenv("LISTEN_FDS", "x")
    assert listen.passed_by_systemd() == []
    monkeypatch.setenv("LISTEN_PID", "1")
    assert listen.passed_by_systemd() == []


def test_no_permission_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(listen, "prepare", refused)
    with pytest.raises(StartError, match="a port below 1024 needs root"):
        listen.open_pair("127.0.0.1", 0, shared=False)


def test_no_free_port_for_both_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = listen.open_socket

    def no_tcp(kind: socket.SocketKind, address: str, port: int, *, shared: bool) -> socket.socket:
        if kind == socket.SOCK_STREAM:
            raise StartError("taken")
        return real(kind, address, port, shared=shared)

    monkeypatch.setattr(listen, "open_socket", no_tcp)
    with pytest.raises(StartError, match="no port is free"):
        listen.open_pair("127.0.0.1", 0, shared=False)
