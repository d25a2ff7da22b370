"""Numbers of all parts, whatever is dead, hanging or damaged; never a name."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from filterd.cli.metrics import metrics as command
from filterd.control.household import import_household
from filterd.control.ingest import Ingest
from filterd.control.metrics import Questions, collect
from filterd.control.metrics_read import ask_workers, hurry
from filterd.control.metrics_server import MAX_CONNECTIONS, MetricsServer
from filterd.errors import ConfigError, StartError
from filterd.host.run import listen
from filterd.model.decision import Action, Row
from filterd.model.event import Origin, Tail, record
from filterd.net.ring import Ring
from filterd.store.engine import open_engine
from filterd.wire.name import to_wire
from tests.unit.control.family import state as state
from tests.unit.control.policy_state import set_up

STATS = {
    "queries": 17, "blocked": 3, "cache_hits": 5, "drop_rate": 2, "servfail": 1, "upstream_timeouts": 4,
    "revision": 7, "clients": 2, "clock_trusted": 1, "reload_error": "secret.example", "new_one": 9,
}  # fmt: skip
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: bytes) -> Samples:
    """(name, labels) -> value of a valid exposition."""
    found: Samples = {}
    for family in text_string_to_metric_families(text.decode()):
        assert family.name.startswith("filterd_") and family.documentation
        for sample in family.samples:
            assert (sample.name.endswith("_total")) is (family.type == "counter")
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found
            found[key] = sample.value
    return found


def value(found: Samples, name: str, **labels: str) -> float | None:
    """One sample."""
    return found.get((f"filterd_{name}", tuple(sorted(labels.items()))))


@contextlib.contextmanager
def worker(run: Path, number: int, reply: bytes | None) -> Iterator[None]:
    """A worker's control socket that answers everybody with `reply`, or nobody."""
    sock = listen(run / f"worker-{number}.sock")
    sock.setblocking(True)
    kept = []

    def serve() -> None:
        while True:
            try:
                client, _ = sock.accept()
            except OSError:
                return
            kept.append(client)
            if reply is not None:
                with contextlib.suppress(OSError):
                    client.recv(4096)
                    client.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()
        thread.join(2)
        for client in kept:
            client.close()


LINE = json.dumps({"stats": STATS}).encode() + b"\n"


def test_a_workers_counters_have_its_number(state: Path, tmp_path: Path) -> None:
    with worker(tmp_path / "run", 0, LINE), worker(tmp_path / "run", 11, LINE):
        found = samples(collect(state))
    for number in ("0", "11"):
        assert value(found, "worker_up", worker=number) == 1
        assert value(found, "worker_questions_total", worker=number) == 17
        assert value(found, "worker_decisions_total", worker=number, action="block") == 3
        assert value(found, "worker_answers_total", worker=number, origin="cache") == 5
        assert value(found, "worker_dropped_total", worker=number, reason="rate") == 2
        assert value(found, "worker_failed_answers_total", worker=number, rcode="servfail") == 1
        assert value(found, "worker_upstream_problems_total", worker=number, problem="timeout") == 4
        assert value(found, "worker_revision", worker=number) == 7
        assert value(found, "worker_clock_trusted", worker=number) == 1
    assert b"secret" not in collect(state)


def test_dead_hanging_and_mad_workers_take_one_second_together(state: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    listen(run / "worker-1.sock").close()  # dead
    with contextlib.ExitStack() as stack:
        stack.enter_context(worker(run, 0, LINE))
        for number in (2, 3, 4):
            stack.enter_context(worker(run, number, None))  # hangs
        for number, reply in ((5, b"[]\n"), (6, b'{"stats": 3}\n'), (7, b"\xff\n"), (8, b"x" * 300_000), (9, b"")):
            stack.enter_context(worker(run, number, reply))
        began = time.monotonic()
        asked = ask_workers(state, 0.5)
        took = time.monotonic() - began
        found = samples(collect(state, wait_s=0.2))
    assert [(name, stats is not None) for name, stats in asked] == [(str(n), n == 0) for n in range(10)]
    assert took < 1.5
    assert [value(found, "worker_up", worker=str(n)) for n in range(10)] == [1] + [0] * 9
    assert value(found, "worker_questions_total", worker="0") == 17
    assert value(found, "worker_questions_total", worker="1") is None
    assert value(found, "profiles") == 2


def test_a_worker_of_another_version_is_read_as_far_as_it_goes(state: Path, tmp_path: Path) -> None:
    odd = json.dumps({"stats": {"queries": "many", "blocked": None, "clients": 4, "cache_hits": [1]}}).encode() + b"\n"
    with worker(tmp_path / "run", 0, odd):
        found = samples(collect(state))
    assert value(found, "worker_up", worker="0") == 1 and value(found, "worker_clients", worker="0") == 4
    assert value(found, "worker_questions_total", worker="0") is None


def test_an_empty_folder_has_few_numbers_and_stays_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    empty = tmp_path / "state"
    empty.mkdir()
    found = samples(collect(empty))
    assert value(found, "clock_trusted") == 1 and value(found, "profiles") is None
    assert list(empty.iterdir()) == [] and not (tmp_path / "run").exists()


def test_a_damaged_database_hides_nothing_else(state: Path) -> None:
    (state / "activity.db").write_bytes(b"no database" * 1000)
    found = samples(collect(state))
    assert value(found, "database_up", database="activity") == 0
    assert value(found, "database_up", database="household") == 1
    for file in state.glob("household.db*"):
        file.write_bytes(b"no database" * 1000)
    (state / "lists").mkdir(exist_ok=True)
    (state / "lists" / "registry.json").write_text("{")
    found = samples(collect(state))
    assert value(found, "database_up", database="household") == 0
    assert value(found, "revision") == 2
    assert value(found, "profiles") is None


def test_the_households_numbers(state: Path) -> None:
    from filterd.control.moves import Whom, bonus, off
    from filterd.model.change import Who

    bonus(state, Who("mẹ"), Whom(profile="anna"), 15)
    off(state, Who("mẹ"), Whom(profile="ben"))
    found = samples(collect(state))
    assert (value(found, "profiles"), value(found, "devices")) == (2, 3)
    assert value(found, "grants_in_force", scope="time") == 1
    assert value(found, "internet_off_in_force") == 1
    assert value(found, "bundle_entries") == 4
    assert (value(found, "database_bytes", database="household") or 0) > 4096


def test_lists_have_age_and_size(state: Path) -> None:
    from filterd.listbuild.registry import Event, Listed, save

    good = Event("2026-11-24T00:00:00Z", "d", 5, 10, "accepted")
    save(state, {"ads": Listed("ads", "ads", "hosts", "auto", "/ads", names=5, history=(good,))})
    save_at = 1_795_478_400.0  # 2026-11-24T00:00:00Z
    found = samples(collect(state, now=save_at + 60))
    assert value(found, "list_entries", list="ads") == 5
    assert value(found, "list_age_seconds", list="ads") == 60


HOSTILE = """\
version: 1
timezone: Asia/Ho_Chi_Minh
profiles:
  - {id: kid-zz, name: 'Kid"} 1', windows: [{name: Winzz, from: "21:00", to: "06:00", effect: offline}]}
  - {id: dad-zz, name: Dadzz, preset: adult}
devices: [{id: pad-zz, name: 'Pad\\zz', profile: kid-zz, ip: 203.0.113.77}]
grants: [{profile: kid-zz, scope: name, value: grantzz.example, by: Mumzz, reason: becausezz}]
"""


def test_no_name_of_a_person_or_a_site_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "run"
    monkeypatch.setenv("FILTERD_RUN", str(run))
    run.mkdir()
    state = set_up(tmp_path / "state")
    import_household(state, HOSTILE.encode(), "h.yaml")
    questions = Questions()
    ingest = Ingest(state, consumers=[questions])
    rings = [Ring.create(run / "worker-0.blocked", 1 << 16), Ring.create(run / "worker-0.allowed", 1 << 16)]
    now = time.time()
    tails = [
        Tail(action, row, 1, rcode, Origin.CACHE, to_wire("sitezz.example"), "kid-zz", "pad-zz", "catzz", "svczz",
             "listzz", "rulezz", to_wire("targetzz.example"))
        for action, row, rcode in ((Action.BLOCK, Row.CATEGORY, 0), (Action.ALLOW, Row.DEFAULT, 3))
    ]  # fmt: skip
    for ring, tail, n in zip(rings, tails, (2, 3), strict=True):
        ring.append(record(int(now * 1000), bytes((203, 0, 113, 77)), tail.encode()) * n, n)
    ingest.step(now)
    assert ingest.commit(now)
    rings[0].append(record(int(now * 1000), bytes((203, 0, 113, 77)), tails[0].encode()))
    text = collect(state, questions=questions, extra={"commits_total": 3, "pending": 1}, now=now)
    ingest.close()
    for ring in rings:
        ring.close()
    assert not [w for w in ("zz", "Kid", "Pad", "203", "77.", "example", "Mum") if w in text.decode()]
    found = samples(text)
    where = {"action": "block", "row": "category"}
    assert value(found, "questions_total", **where, rcode="noerror", origin="cache") == 2
    assert value(found, "questions_total", action="allow", row="default", rcode="nxdomain", origin="cache") == 3
    assert value(found, "log_questions_today", **where) == 2
    assert value(found, "log_rows", table="event") == 5
    assert value(found, "log_pending_records", ring="worker-0.blocked") == 1
    assert value(found, "log_pending_records", ring="worker-0.allowed") == 0
    assert value(found, "ring_records_total", ring="worker-0.blocked") == 3
    assert value(found, "log_last_event_timestamp_seconds") == pytest.approx(now, abs=0.01)
    assert value(found, "manager_commits_total") == 3 and value(found, "manager_pending") == 1
    assert value(found, "database_up", database="activity") == 1


def test_rows_that_take_too_long_to_count_are_left_out(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from filterd.store.activity import open_activity

    engine = open_activity(state)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
            " INSERT INTO event SELECT i * 1024, 1, 1, 1 FROM n"
        )
    engine.dispose()
    assert value(samples(collect(state)), "log_rows", table="event") == 100_000
    monkeypatch.setattr("filterd.control.metrics_read.COUNT_S", -1.0)
    found = samples(collect(state))
    assert value(found, "log_rows", table="event") is None
    assert value(found, "database_up", database="activity") == 1
    assert value(found, "log_last_event_timestamp_seconds") == 100.0


def test_a_count_that_takes_too_long_is_broken_off(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/x.db", durable=False)
    endless = sa.text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
    with engine.connect() as connection:
        began = time.monotonic()
        with hurry(connection, 0.1):
            connection.execute(endless).scalar_one()
        assert 0.05 < time.monotonic() - began < 5
        assert connection.execute(sa.text("SELECT 1")).scalar_one() == 1
    engine.dispose()


def test_the_command_prints_it(state: Path) -> None:
    shown = CliRunner().invoke(command, ["--state", str(state)])
    assert shown.exit_code == 0
    assert value(samples(shown.output.encode()), "profiles") == 2


# ---- the server


@pytest.fixture
def server(state: Path) -> Iterator[MetricsServer]:
    """A server on a free port."""
    made = MetricsServer(state, "127.0.0.1:0", questions=Questions(), extra=lambda: {"ingested_total": 5})
    yield made
    made.close()


def get(server: MetricsServer, path: str = "/metrics", method: str = "GET") -> tuple[int, str, bytes]:
    """Status, content type and body."""
    host, _, port = server.address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()
    finally:
        connection.close()


def test_metrics_are_served_and_nothing_else(server: MetricsServer) -> None:
    status, kind, body = get(server, "/metrics?name%5B%5D=x")
    assert status == 200 and kind.startswith("text/plain; version=")
    found = samples(body)
    assert value(found, "manager_ingested_total") == 5
    assert (value(found, "manager_start_time_seconds") or 0) > time.time() - 60
    assert get(server, "/")[0] == 404 and get(server, "/metrics/../x")[0] == 404
    assert get(server, method="POST")[0] == 501 and get(server, method="DELETE")[0] == 501


def test_numbers_are_gathered_once_a_second(server: MetricsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def count(*_: object, **__: object) -> bytes:
        calls.append(1)
        return b"x 1\n"

    monkeypatch.setattr("filterd.control.metrics_server.collect", count)
    assert {get(server)[2] for _ in range(5)} == {b"x 1\n"}
    assert len(calls) == 1


def test_slow_clients_are_cut_and_do_not_pile_up(server: MetricsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filterd.control.metrics_server.DEADLINE_S", 0.5)
    host, _, port = server.address.rpartition(":")
    slow = [socket.create_connection((host, int(port)), 5) for _ in range(MAX_CONNECTIONS + 3)]
    try:
        for sock in slow[:MAX_CONNECTIONS]:
            sock.sendall(b"GET /met")
        began = time.monotonic()
        ended = [sock.recv(100) for sock in slow]
        assert time.monotonic() - began < 4 and ended == [b""] * len(slow)
    finally:
        for sock in slow:
            sock.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with contextlib.suppress(http.client.HTTPException, OSError):
            if get(server)[0] == 200:
                return
    pytest.fail("not served again")


def test_a_taken_or_wrong_address_is_a_sentence(state: Path, server: MetricsServer) -> None:
    with pytest.raises(StartError, match="cannot serve metrics"):
        MetricsServer(state, server.address)
    with pytest.raises(ConfigError):
        MetricsServer(state, "localhost")


def test_closing_frees_the_address(state: Path) -> None:
    first = MetricsServer(state, "127.0.0.1:0")
    address = first.address
    first.close()
    MetricsServer(state, address).close()
