"""Token buckets and the bounded table."""

from __future__ import annotations

from filterd.fast.clients import Client, ClientTable, Seat


def _client(address: str = "192.168.1.20", rate: float = 10.0, burst: float = 5.0) -> Client:
    return Client(address, b"\xc0\xa8\x01\x14", rate, burst, 0.0)


def test_bucket_gives_its_burst_and_then_its_rate() -> None:
    client = _client()
    assert [client.pay(0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert [client.pay(0.25) for _ in range(4)] == [True, True, False, False]
    assert [client.pay(100.0) for _ in range(7)] == [True] * 5 + [False] * 2  # never more than the burst


def test_tcp_has_a_bucket_of_its_own() -> None:
    client = _client(burst=1.0)
    assert client.pay(0.0)
    assert client.pay_tcp(0.0)
    assert not client.pay_tcp(0.0)
    assert client.pay_tcp(0.1)


def test_box_itself_pays_nothing() -> None:
    client = _client(rate=float("inf"), burst=float("inf"))
    assert all(client.pay(now / 1000) for now in range(5000))


def test_table_is_bounded_and_the_longest_known_go_first() -> None:
    table = ClientTable(16)
    for number in range(17):
        table.admit(_client(str(number)))
    assert len(table) == 15
    assert "0" not in table
    assert "1" not in table
    assert "16" in table


def test_sitting_and_standing() -> None:
    seat = Seat(0, "lan", "phone")
    client = _client()
    assert client.recall(b"k") is None
    client.sit(seat)
    seat.prepared[b"k"] = (1.0,)
    assert client.recall(b"k") == (1.0,)
    table = ClientTable()
    table.admit(client)
    table.stand_all()
    assert client.seat is None
    assert client.recall(b"k") is None
