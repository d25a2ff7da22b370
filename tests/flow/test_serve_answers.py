"""Real workers over loopback: they start, answer, reload and end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dnslib
import pytest

from filterd.control.publish import publish
from filterd.host.run import connect
from filterd.policy.clients import dump
from tests.processes import Service, UpstreamStub, addresses, ask, children, gone, load
from tests.worlds import ADULT, KID, bundle_file, publish_world, snapshot_bytes

ZONE = {"www.example.org": ["192.0.2.80", "2001:db8::80"], "bad.example": ["192.0.2.66"]}
NXDOMAIN, SERVFAIL = 3, 2


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published state, and the run folder that `Service` gives to its processes."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state.run").mkdir()
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "state.run"))
    publish_world(tmp_path / "state", {"adult": ["bad.example"]})
    return tmp_path / "state"


@pytest.fixture
def upstream() -> Iterator[UpstreamStub]:
    """An upstream that knows the zone."""
    with UpstreamStub(ZONE) as stub:
        yield stub


def control(service: Service, op: str, worker: int = 0, **more: object) -> dict:
    """Ask a worker's control socket."""
    with connect(service.run / f"worker-{worker}.sock", timeout_s=5) as sock:
        sock.sendall(json.dumps({"op": op, **more}).encode() + b"\n")
        data = b""
        while not data.endswith(b"\n"):
            data += sock.recv(65_536)
    return json.loads(data)


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("at", [0, 1])
def test_questions_are_answered_over_both_transports_and_families(
    state: Path, upstream: UpstreamStub, tcp: bool, at: int
) -> None:
    with Service.serve(state, upstream, dns=("127.0.0.1:0", "[::1]:0")) as service:
        answer = service.ask("www.example.org", tcp=tcp, at=at)
        assert addresses(answer) == ["192.0.2.80"]
        assert answer.header.ra and not answer.header.aa
        assert addresses(service.ask("www.example.org", "AAAA", tcp=tcp, at=at)) == ["2001:db8::80"]
        assert service.ask("nowhere.example", tcp=tcp, at=at).header.rcode == NXDOMAIN


def test_each_client_gets_its_own_rules(state: Path, upstream: UpstreamStub) -> None:
    with Service.serve(state, upstream) as service:
        assert addresses(service.ask("bad.example", client=KID)) == ["0.0.0.0"]
        assert addresses(service.ask("bad.example", client=ADULT)) == ["192.0.2.66"]
        assert upstream.count("bad.example") == 1


@pytest.mark.parametrize("asked", ["127.0.0.1", "127.0.0.53"])
def test_a_wildcard_address_answers_from_where_it_was_asked(state: Path, upstream: UpstreamStub, asked: str) -> None:
    with Service.serve(state, upstream, dns=("0.0.0.0:0",)) as service:
        port = service.bound[0][1]
        for tcp in (False, True):  # connected sockets: an answer from elsewhere is not heard
            assert addresses(ask((asked, port), "www.example.org", client=KID, tcp=tcp)) == ["192.0.2.80"]
            assert addresses(ask((asked, port), "bad.example", client=KID, tcp=tcp)) == ["0.0.0.0"]


def test_ready_comes_once_and_nothing_else_on_standard_output(state: Path, upstream: UpstreamStub) -> None:
    with Service.serve(state, upstream, dns=("127.0.0.1:0", "[::1]:0")) as service:
        assert len(service.lines) == 1
        assert service.lines[0].startswith("ready: answering DNS at 127.0.0.1:")
        assert [host for host, _ in service.bound] == ["127.0.0.1", "::1"]


def test_a_worker_holds_nothing_heavy(state: Path) -> None:
    """Start what a worker starts and look at what was imported."""
    code = (
        "import sys, json, filterd.serve as s; from filterd.host.child import Given;"
        "w = s.Worker(Given(json.loads(sys.argv[1])));"
        "print(json.dumps(sorted(sys.modules)))"
    )
    from filterd.config.settings import Listen, Settings

    settings = Settings(dns=(Listen("127.0.0.1", 0),)).to_json()
    document = json.dumps({"state": str(state), "settings": settings})
    out = subprocess.run([sys.executable, "-c", code, document], capture_output=True, check=True, timeout=60).stdout
    modules = {name.partition(".")[0] for name in json.loads(out)}
    heavy = {
        "yaml", "click", "requests", "urllib3", "sqlalchemy", "flask", "scapy", "tuf", "pydantic", "idna", "dnslib",
        "asyncio", "ctypes", "ssl", "email", "http",
    }  # fmt: skip
    assert modules & heavy == set()


def test_the_process_that_answers_is_a_fresh_one(state: Path, upstream: UpstreamStub) -> None:
    with Service.serve(state, upstream) as service:
        command = Path(f"/proc/{service.process.pid}/cmdline").read_bytes()
        assert b"filterd.serve" in command
        maps = Path(f"/proc/{service.process.pid}/maps").read_text()
        assert "yaml" not in maps


# --- the end


def test_sigterm_ends_it_in_time_with_what_was_under_way_answered(state: Path) -> None:
    with UpstreamStub(ZONE, delay_s=0.7) as slow, Service.serve(state, slow) as service:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.connect(service.bound[0])
            client.send(dnslib.DNSRecord.question("www.example.org").pack())
            time.sleep(0.2)
            start = time.monotonic()
            service.process.terminate()
            assert addresses(dnslib.DNSRecord.parse(client.recv(4096))) == ["192.0.2.80"]
        assert service.process.wait(5) == 0
        assert time.monotonic() - start < 5


def test_sigterm_with_a_dead_upstream_and_open_connections_is_no_slower(state: Path) -> None:
    with UpstreamStub(behave=lambda *_: b"") as silent, Service.serve(state, silent) as service:
        idle, busy = (socket.create_connection(service.bound[0]) for _ in range(2))
        with idle, busy:
            packet = dnslib.DNSRecord.question("www.example.org").pack()
            busy.sendall(len(packet).to_bytes(2, "big") + packet)
            time.sleep(0.2)
            start = time.monotonic()
            service.process.terminate()
            assert service.process.wait(5) == 0
            assert time.monotonic() - start < 4
            assert idle.recv(1) == b""


def test_a_worker_ends_with_its_parent(state: Path, upstream: UpstreamStub) -> None:
    service = Service.serve(state, upstream, "--workers", "2")
    try:
        service.ready()
        below = children(service.process.pid)
        assert len(below) == 2
        service.process.kill()
        service.process.wait()
        assert all(gone(pid, 5) for pid in below)
    finally:
        service.end()


# --- several workers


def test_several_workers_share_the_port_and_a_dead_one_is_replaced(state: Path, upstream: UpstreamStub) -> None:
    with Service.serve(state, upstream, "--workers", "3") as service:
        below = children(service.process.pid)
        assert len(below) == 3
        for _ in range(40):
            assert addresses(service.ask("www.example.org", client=KID)) == ["192.0.2.80"]
        counts = [control(service, "stats", number)["stats"]["queries"] for number in range(3)]
        assert sum(counts) >= 40 and sum(count > 0 for count in counts) >= 2
        os.kill(below[0], signal.SIGKILL)
        deadline = time.monotonic() + 10
        while "is back" not in service.said and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "killed by signal 9" in service.said and "is back" in service.said
        assert len(children(service.process.pid)) == 3
        for _ in range(20):
            assert addresses(service.ask("www.example.org", client=KID)) == ["192.0.2.80"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sockets_passed_by_the_service_manager_are_used(state: Path, upstream: UpstreamStub, workers: str) -> None:
    """As systemd does it: from descriptor 3 on, for the process whose number is LISTEN_PID."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    tcp = socket.create_server(udp.getsockname())
    with udp, tcp:
        code = (
            f"import os, sys; a, b = os.dup({udp.fileno()}), os.dup({tcp.fileno()}); os.dup2(a, 3); os.dup2(b, 4);"
            "os.set_inheritable(3, True); os.set_inheritable(4, True);"
            "os.environ |= {'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '2'}; os.execv(sys.executable, sys.argv[1:])"
        )
        command = [sys.executable, "-c", code, sys.executable, "-m", "filterd", "serve", "--state", str(state)]
        command += ["--upstream", upstream.url, "--workers", workers]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=(udp.fileno(), tcp.fileno()))
        try:
            assert process.stdout is not None
            assert b"ready" in process.stdout.readline()
            packet = dnslib.DNSRecord.question("bad.example").pack()
            with socket.create_connection(udp.getsockname()) as client:
                client.settimeout(5)
                client.sendall(len(packet).to_bytes(2, "big") + packet)
                assert addresses(dnslib.DNSRecord.parse(client.recv(4096)[2:])) == ["0.0.0.0"]
            assert addresses(ask(udp.getsockname(), "bad.example", client=KID)) == ["0.0.0.0"]
        finally:
            process.terminate()
            assert process.wait(8) == 0
            if process.stdout is not None:
                process.stdout.close()


# --- the refusals


def serve_once(state: Path, *more: str) -> tuple[int, str]:
    """Start it and return its exit code and what it said."""
    environment = os.environ | {"FILTERD_RUN": str(state.parent / "other.run")}
    command = [sys.executable, "-m", "filterd", "serve", "--state", str(state), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_second_instance_on_the_same_state_is_refused(state: Path, upstream: UpstreamStub) -> None:
    with Service.serve(state, upstream) as service:
        code, said = serve_once(state, "--dns", "127.0.0.1:0")
        assert code == 1
        assert said == (
            f"filterd: filterd runs on this state already: {state}/lock is held by another instance "
            f"(process {service.process.pid})\n"
        )


def test_a_taken_port_is_refused(state: Path, tmp_path: Path, upstream: UpstreamStub) -> None:
    other = tmp_path / "other"
    publish_world(other, {"adult": ["bad.example"]})
    with Service.serve(state, upstream) as service:
        code, said = serve_once(other, "--dns", f"127.0.0.1:{service.bound[0][1]}")
        assert code == 1 and "another program answers there already" in said
        code, said = serve_once(other, "--dns", f"127.0.0.1:{service.bound[0][1]}", "--workers", "2")
        assert code == 1 and "another program answers there already" in said


def test_nothing_published_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, said = serve_once(tmp_path / "empty", "--dns", "127.0.0.1:0")
    assert code == 1 and "nothing is published" in said
    code, said = serve_once(tmp_path / "absent", "--dns", "127.0.0.1:0")
    assert code == 1 and "no such state folder" in said


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--dns", "127.0.0.1", "expected ADDRESS:PORT"),
        ("--upstream", "tls://1.1.1.1", "encrypted upstreams (tls://) are not served yet"),
        ("--upstream", "https://dns.example/dns-query", "encrypted upstreams (https://) are not served yet"),
        ("--upstream", "udp://nowhere", "expected an IP address"),
        ("--workers", "65", "65 is not in the range 1<=x<=64"),
        ("--block", "hole", "'hole' is not one of 'null', 'nxdomain', 'page'"),
        ("--web", "here", "expected ADDRESS:PORT"),
    ],
)
def test_a_bad_value_is_one_sentence(state: Path, option: str, value: str, sentence: str) -> None:
    code, said = serve_once(state, option, value)
    assert code == 2
    assert sentence in said


def test_a_bad_settings_file_names_path_and_line(state: Path, tmp_path: Path) -> None:
    (tmp_path / "filterd.yaml").write_text("workers: 1\nblok: null\n")
    code, said = serve_once(state, "--config", str(tmp_path / "filterd.yaml"))
    assert code == 2
    assert f"blok: unknown key; did you mean block? ({tmp_path}/filterd.yaml:2)" in said


def test_the_command_line_beats_the_file(state: Path, tmp_path: Path, upstream: UpstreamStub) -> None:
    (tmp_path / "filterd.yaml").write_text("upstreams: [udp://192.0.2.1]\ndns: ['127.0.0.9:0']\nblock: nxdomain\n")
    with Service.serve(state, upstream, "--config", str(tmp_path / "filterd.yaml")) as service:
        assert service.bound[0][0] == "127.0.0.1"
        assert addresses(service.ask("www.example.org", client=KID)) == ["192.0.2.80"]
        assert service.ask("bad.example", client=KID).header.rcode == NXDOMAIN


# --- new revisions


def test_a_new_revision_is_in_force_when_the_publication_returns(state: Path, upstream: UpstreamStub) -> None:
    with Service.serve(state, upstream, "--workers", "2") as service:
        assert addresses(service.ask("www.example.org", client=KID)) == ["192.0.2.80"]
        done = publish_world(state, {"adult": ["bad.example", "www.example.org"]})
        assert (done.acknowledged, done.workers, done.late) == (2, 2, [])
        for _ in range(10):
            assert addresses(service.ask("www.example.org", client=KID)) == ["0.0.0.0"]


def test_a_device_that_moves_keeps_its_rules_by_the_client_map(state: Path, upstream: UpstreamStub) -> None:
    from dataclasses import replace

    from filterd.model.household import Device
    from tests.worlds import HOUSEHOLD

    laptop = Device("laptop", "laptop", "bo-me", mac="02:00:00:00:00:07")
    publish_world(state, {"adult": ["bad.example"]}, replace(HOUSEHOLD, devices=(laptop,)))
    with Service.serve(state, upstream) as service:
        assert addresses(service.ask("bad.example", client="127.0.0.30")) == ["0.0.0.0"]
        assert publish(state, clients=dump({"127.0.0.30": "02:00:00:00:00:07"})).acknowledged == 1
        assert addresses(service.ask("bad.example", client="127.0.0.30")) == ["192.0.2.66"]


@pytest.mark.parametrize("part_name", ["bundle", "snapshot", "clients"])
def test_a_damaged_publication_is_refused_and_the_last_good_stays(
    state: Path, upstream: UpstreamStub, part_name: str
) -> None:
    with Service.serve(state, upstream) as service:
        document = json.loads((state / "revision.json").read_bytes())
        document["revision"] = 9
        folder = {"bundle": "bundles/x.flt", "snapshot": "policy/x.snapshot", "clients": "clients/x.map"}[part_name]
        document[part_name] = {"file": folder, "digest": "0" * 64}
        (state / folder).parent.mkdir(exist_ok=True)
        (state / folder).write_bytes(os.urandom(10_000))
        (state / "revision.new").write_bytes(json.dumps(document).encode())
        (state / "revision.new").rename(state / "revision.json")
        answer = control(service, "reload")
        assert answer["revision"] == 1 and answer["error"]
        assert control(service, "stats")["stats"]["reload_error"] == answer["error"]
        assert addresses(service.ask("bad.example", client=KID)) == ["0.0.0.0"]
        assert publish_world(state, {"adult": ["other.example"]}).acknowledged == 1


def test_files_pulled_away_under_it_change_nothing(state: Path, upstream: UpstreamStub) -> None:
    with Service.serve(state, upstream) as service:
        for path in [*state.rglob("*")]:
            if path.is_file():
                path.unlink()
        time.sleep(1.5)  # it has looked
        assert addresses(service.ask("bad.example", client=KID)) == ["0.0.0.0"]
        assert addresses(service.ask("www.example.org", client=KID)) == ["192.0.2.80"]


def test_started_on_a_damaged_newest_revision_it_serves_the_one_before(state: Path, upstream: UpstreamStub) -> None:
    publish(state, snapshot=snapshot_bytes() + b" ")
    document = json.loads((state / "revision.json").read_bytes())
    (state / document["snapshot"]["file"]).write_bytes(b"rubbish")
    with Service.serve(state, upstream) as service:
        assert addresses(service.ask("bad.example", client=KID)) == ["0.0.0.0"]
        assert control(service, "reload") == {
            "revision": 1,
            "error": control(service, "stats")["stats"]["reload_error"],
        }


def test_twenty_revisions_under_load_lose_no_answer(state: Path, upstream: UpstreamStub) -> None:
    with Service.serve(state, upstream) as service:
        bundles = [
            bundle_file(state, {"adult": ["bad.example", *(f"n{number}-{i}.example" for i in range(2000))]})
            for number in range(20)
        ]
        with load(service.bound[0], ["bad.example", "www.example.org", "other.example"], 400, KID) as running:
            for bundle in bundles:
                time.sleep(0.1)
                assert publish(state, bundle=bundle).acknowledged == 1
        assert running.sent > 500
        assert running.lost == 0
        assert running.rcodes.get(SERVFAIL, 0) == 0


# --- what is seen


def test_the_log_shows_what_was_asked_also_after_a_crash(state: Path, upstream: UpstreamStub) -> None:
    with Service.serve(state, upstream) as service:
        service.ask("bad.example", client=KID)
        service.ask("www.example.org", client=ADULT)
        time.sleep(1.2)
        service.end(signal.SIGKILL)
    with Service.serve(state, upstream) as service:
        service.ask("later.bad.example", client=KID)
        time.sleep(1.2)

        def log(*options: str) -> str:
            command = [sys.executable, "-m", "filterd", "log", "--state", str(state), *options]
            return subprocess.run(command, capture_output=True, text=True, check=True, env=service.environment).stdout

        events = [json.loads(line) for line in log("--json").splitlines()]
        assert [(e["name"], e["action"], e["client"]) for e in events] == [
            ("bad.example", "block", KID),
            ("www.example.org", "allow", ADULT),
            ("later.bad.example", "block", KID),
        ]
        assert events[0]["row"] == "category" and events[0]["category"] == "adult" and events[0]["profile"] == "lan"
        blocked = log("--blocked").splitlines()
        assert len(blocked) == 2 and "BLOCKED bad.example A" in blocked[0]


def test_following_the_log_shows_a_question_within_two_seconds(state: Path, upstream: UpstreamStub) -> None:
    with Service.serve(state, upstream) as service:
        command = [sys.executable, "-m", "filterd", "log", "--follow", "--json", "--state", str(state)]
        follower = subprocess.Popen(command, stdout=subprocess.PIPE, env=service.environment)
        try:
            time.sleep(0.5)
            for _ in range(3):  # the third comes from the inner loop
                service.ask("bad.example", client=KID)
            asked = time.monotonic()
            assert follower.stdout is not None
            for _ in range(3):
                assert json.loads(follower.stdout.readline())["name"] == "bad.example"
            assert time.monotonic() - asked < 2.0
        finally:
            follower.send_signal(signal.SIGINT)
            assert follower.wait(5) == 0
            if follower.stdout is not None:
                follower.stdout.close()


def test_the_boxs_own_programs_get_unfiltered_answers_through_the_control_socket(
    state: Path, upstream: UpstreamStub
) -> None:
    import base64

    with Service.serve(state, upstream) as service:
        packet = base64.b64decode(control(service, "resolve", name="bad.example", type=1)["packet"])
        assert addresses(dnslib.DNSRecord.parse(packet)) == ["192.0.2.66"]


def test_tcp_upstreams_and_truncated_answers(state: Path) -> None:
    def truncate(question: dnslib.DNSRecord, transport: str) -> bytes | None:
        if transport == "tcp":
            return None
        reply = question.reply()
        reply.header.tc = 1
        return bytes(reply.pack())

    with UpstreamStub(ZONE, truncate) as stub, Service.serve(state, stub) as service:
        assert addresses(service.ask("www.example.org", client=ADULT)) == ["192.0.2.80"]
        assert stub.asked[-1][2] == "tcp"


def test_slow_and_greedy_tcp_clients_do_not_keep_others_waiting(state: Path, upstream: UpstreamStub) -> None:
    with Service.serve(state, upstream) as service:
        held = []
        try:
            for number in range(300):  # from twenty addresses: all places but those of busy ones
                sock = socket.socket()
                sock.bind((f"127.0.1.{number % 20 + 1}", 0))
                sock.settimeout(2)
                sock.connect(service.bound[0])
                sock.send(b"\0")  # half a length, never more
                held.append(sock)
            assert addresses(service.ask("bad.example", client=KID)) == ["0.0.0.0"]
            time.sleep(5.6)
            stats = control(service, "stats")["stats"]
            assert stats["tcp_connections"] <= 256
            assert stats["tcp_cut"] >= 200
            assert addresses(service.ask("bad.example", client=KID, tcp=True)) == ["0.0.0.0"]
        finally:
            for sock in held:
                sock.close()
