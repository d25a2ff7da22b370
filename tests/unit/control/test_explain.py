"""Explain over a state folder: the document, its edges, a running worker, simulate."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dnslib
import pytest

from filterd.control.explain import Explainer, answer_lines
from filterd.control.explain_question import Question
from filterd.control.publish import publish
from filterd.errors import ConfigError, StoreError
from filterd.host.run import listen
from filterd.policy import clients
from tests.unit.control.policy_state import NOW, build_bundle, set_up

KEYS = (
    "name type client device profile at action row rule matched service category list bundle since until set_by next"
).split()
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with a household in force."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    return set_up(tmp_path / "state")


@pytest.fixture
def explainer(state: Path) -> Iterator[Explainer]:
    """An explainer that asks nobody."""
    made = Explainer(state, live=False)
    yield made
    made.close()


def ask(explainer: Explainer, name: str, client: str = "pad", **rest: str) -> dict[str, Any]:
    """Explain a question at 12:30 on 2026-11-24 unless `at` says otherwise."""
    return explainer.explain(Question(name, client=client, **rest), NOW)


# ---- the document ------------------------------------------------------------------------------------------------


def test_the_document_has_exactly_the_keys_that_are_promised_and_a_few_more(explainer: Explainer) -> None:
    for name in ("games.example", "example.org", "www.google.com", "localhost"):
        document = ask(explainer, name)
        assert set(document) - {"by", "revision", "trace", "target"} == set(KEYS)
        json.dumps(document)


def test_a_blocked_category(explainer: Explainer) -> None:
    document = ask(explainer, "WWW.Games.Example.", client="192.0.2.20", type="AAAA")
    digest, trace = document.pop("bundle"), document.pop("trace")
    assert digest == explainer.bundle.digest[:16]
    assert document == {
        "name": "www.games.example",
        "type": "AAAA",
        "client": "192.0.2.20",
        "device": "pad",
        "profile": "anna",
        "at": "2026-11-24T12:30:00+01:00",
        "action": "block",
        "row": "category",
        "rule": "blocked",
        "matched": "games.example",
        "service": "",
        "category": "games",
        "list": "play",
        "since": "2026-11-24T06:00:00+01:00",
        "until": "2026-11-24T21:30:00+01:00",
        "set_by": "parent",
        "by": "",
        "next": {"at": "2026-11-24T21:30:00+01:00", "action": "block", "row": "window", "rule": "Bedtime"},
        "revision": 2,
    }
    assert [t["row"] for t in trace][-1] == "category" and trace[-1]["verdict"] == "block"


@pytest.mark.parametrize(
    ("name", "action", "row", "rule", "matched", "set_by"),
    [
        ("localhost", "local", "local", "special-use", "", "package"),
        ("printer.home.arpa", "local", "local", "special-use", "", "package"),
        ("nas.fritz.box", "allow", "default", "nothing blocks it", "", ""),
        ("hotline.example", "allow", "lifeline", "lifeline", "hotline.example", "package"),
        ("a.bad.example", "block", "mandatory", "adult", "bad.example", "province"),
        ("party.games.example", "allow", "grant", "name party.games.example", "party.games.example", "parent"),
        ("x.school.example", "allow", "grant", "always school.example", "school.example", "parent"),
        ("x.own.example", "block", "name", "block own.example", "own.example", "parent"),
        ("v.tiktok.example", "block", "service", "blocked", "tiktok.example", "parent"),
        ("www.google.com", "rewrite", "default", "nothing blocks it", "", ""),
        ("example.org", "allow", "default", "nothing blocks it", "", ""),
    ],
)
def test_what_decides_is_named(
    explainer: Explainer, name: str, action: str, row: str, rule: str, matched: str, set_by: str
) -> None:
    document = ask(explainer, name)
    found = [document[k] for k in ("action", "row", "rule", "matched", "set_by")]
    assert found == [action, row, rule, matched, set_by]


def test_a_grant_says_who_gave_it_and_when_it_ends(explainer: Explainer) -> None:
    document = ask(explainer, "party.games.example")
    assert (document["by"], document["since"][11:16], document["until"][11:16]) == ("Mum", "12:00", "13:00")
    assert document["next"]["row"] == "category"


def test_safe_search_rewrites_addresses_and_service_records_alone(explainer: Explainer) -> None:
    kinds = {t: ask(explainer, "www.google.com", type=t)["action"] for t in ("A", "AAAA", "HTTPS", "SVCB", "TXT", "MX")}
    assert kinds == dict.fromkeys(("A", "AAAA", "HTTPS", "SVCB"), "rewrite") | {"TXT": "allow", "MX": "allow"}
    assert ask(explainer, "www.google.com")["target"] == "forcesafesearch.google.com"
    assert "target" not in ask(explainer, "www.google.com", client="::1")


def test_what_comes_after_bedtime_is_a_rewrite_again(explainer: Explainer) -> None:
    document = ask(explainer, "www.google.com", at="2026-11-24 22:00")
    assert (document["action"], document["next"]["action"]) == ("block", "rewrite")


# ---- who, what, when ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "device"),
    [
        ("phone", "phone"),
        ("02:00:00:00:00:01", "phone"),
        ("02-00-00-00-00-01", "phone"),
        ("192.0.2.20", "pad"),
        ("::ffff:192.0.2.20", "pad"),
        (" 192.0.2.20 ", "pad"),
        ("2001:DB8:0:0::20", "six"),
        ("2001:db8::20%eth0", "six"),
        ("198.51.100.1", ""),
        ("", ""),
    ],
)
def test_a_client_is_a_device_a_mac_or_an_address(explainer: Explainer, client: str, device: str) -> None:
    document = ask(explainer, "example.org", client=client)
    assert (document["device"], document["profile"]) == (device, "anna" if device else "ben")


def test_an_address_is_known_by_the_mac_that_wears_it(state: Path) -> None:
    publish(state, clients=clients.dump({"198.51.100.7": "02:00:00:00:00:01"}))
    explainer = Explainer(state, live=False)
    assert ask(explainer, "example.org", client="198.51.100.7")["device"] == "phone"
    explainer.close()


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (Question("a..b"), "name: 'a..b'"),
        (Question(""), "name"),
        (Question("http://a.example/"), "name"),
        (Question("bü cher.example"), "no spaces"),
        (Question("a.example", type="AAAAA"), "type: expected a record type"),
        (Question("a.example", type="TYPE65536"), "type"),
        (Question("a.example", client="nobody"), r"client: expected an IP address or a device \(phone, pad, six\)"),
        (Question("a.example", at="tomorrow"), "at: expected a time such as"),
    ],
)
def test_a_question_that_is_none(explainer: Explainer, question: Question, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        explainer.explain(question)


@pytest.mark.parametrize(
    ("name", "text"), [("BÜCHER.example", "xn--bcher-kva.example"), (".", "."), ("a\\.b.c", "a\\.b.c")]
)
def test_names_are_taken_as_people_and_as_dns_write_them(explainer: Explainer, name: str, text: str) -> None:
    assert ask(explainer, name)["name"] == text


@pytest.mark.parametrize(
    ("given", "text"), [("https", "HTTPS"), ("TYPE65", "HTTPS"), ("1", "A"), ("type999", "TYPE999"), ("", "A")]
)
def test_types_are_names_or_numbers(explainer: Explainer, given: str, text: str) -> None:
    assert ask(explainer, "example.org", type=given)["type"] == text


def test_without_at_it_is_now(explainer: Explainer) -> None:
    assert explainer.explain(Question("example.org"))["at"]


# ---- lines of questions ------------------------------------------------------------------------------------------


def test_each_line_of_questions_gets_a_line_and_a_bad_one_stops_nothing(explainer: Explainer) -> None:
    lines = [
        '{"name": "games.example", "client": "pad", "at": "2026-11-24 12:30", "type": "HTTPS"}',
        "",
        "   \n",
        "{",
        "[]",
        '{"client": "pad"}',
        '{"name": 7}',
        '{"name": "a..b"}',
        '{"name": "x.example", "client": null, "at": "", "more": 1}',
        b'{"name": "games.example", "client": "192.0.2.20", "at": "2026-11-24T23:00:00+01:00"}\n',
        b"\xff\xfe\n",
        "[" * 100_000,
        '{"name": "\\ud800.example"}',
        '{"name": "x.example", "at": 5}',
    ]
    found = [json.loads(line) for line in answer_lines(explainer, lines)]
    assert [f.get("row", "error") for f in found] == [
        "category", "error", "error", "error", "default", "error", "default", "window", "error", "error", "error", "error",
    ]  # fmt: skip
    assert found[0]["type"] == "HTTPS" and found[1]["error"].startswith("line 4: ")
    for line in answer_lines(explainer, lines):
        line.encode()  # nothing that could not be printed


# ---- what is published -------------------------------------------------------------------------------------------


def test_nothing_published_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing is published yet"):
        Explainer(tmp_path)


def test_a_bundle_without_a_household_is_not_enough(tmp_path: Path) -> None:
    publish(tmp_path, bundle=build_bundle(tmp_path))
    with pytest.raises(StoreError, match="nothing is published yet"):
        Explainer(tmp_path)


def test_a_damaged_snapshot_is_passed_over_for_the_revision_before(state: Path) -> None:
    explainer = Explainer(state, live=False)
    newest = explainer.revision
    explainer.close()
    from filterd.control.household import import_household

    import_household(state, b"version: 1\nprofiles: [{id: eve, name: Eve}]\n", "h.yaml")
    path = max((state / "policy").iterdir(), key=lambda p: p.stat().st_mtime_ns)
    path.write_bytes(path.read_bytes()[:-1])
    explainer = Explainer(state, live=False)
    assert explainer.revision == newest and explainer.snapshot.profiles[0].id == "anna"
    explainer.close()


# ---- a running worker is asked for the chain ---------------------------------------------------------------------


def answer(*zone: str) -> bytes:
    """A packed answer with these records, for the first one's owner."""
    records = [r for line in zone for r in dnslib.RR.fromZone(line)]
    packed: bytes = dnslib.DNSRecord(
        dnslib.DNSHeader(qr=1, ra=1), q=dnslib.DNSQuestion(str(records[0].rname)), rr=records
    ).pack()
    return packed


class Worker:
    """A worker's control socket that answers each request with the next of `replies`."""

    def __init__(self, path: Path, *replies: bytes) -> None:
        self.requests: list[dict[str, Any]] = []
        self._listener: socket.socket = listen(path)
        self._listener.setblocking(True)
        self._thread = threading.Thread(target=self._serve, args=(replies,), daemon=True)
        self._thread.start()

    def _serve(self, replies: tuple[bytes, ...]) -> None:
        for reply in replies:
            sock, _ = self._listener.accept()
            with sock:
                self.requests.append(json.loads(sock.makefile("rb").readline()))
                sock.sendall(reply)

    def close(self) -> None:
        """Wait for the last reply."""
        self._thread.join(5)
        self._listener.close()


def packet(*zone: str) -> bytes:
    """A worker's reply that carries an answer."""
    return json.dumps({"packet": base64.b64encode(answer(*zone)).decode()}).encode() + b"\n"


CHAIN = ("www.shop.example. 60 CNAME cdn.games.example.", "cdn.games.example. 60 A 192.0.2.1")


def test_the_chain_of_the_answer_is_judged_when_a_worker_runs(state: Path, tmp_path: Path) -> None:
    worker = Worker(tmp_path / "run" / "worker-0.sock", packet(*CHAIN), packet(*CHAIN))
    explainer = Explainer(state)
    document = ask(explainer, "www.shop.example")
    assert (document["action"], document["row"], document["category"]) == ("block", "category", "games")
    assert (document["matched"], document["list"]) == ("cdn.games.example", "play")
    assert ask(explainer, "www.shop.example", client="::1")["action"] == "allow"
    explainer.close()
    worker.close()
    assert worker.requests[0] == {"op": "resolve", "name": "www.shop.example", "type": 1}


def test_a_slow_worker_is_asked_once(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filterd.control.explain.SLOW_S", -1.0)  # every answer takes longer than that
    worker = Worker(tmp_path / "run" / "worker-0.sock", packet(*CHAIN))
    explainer = Explainer(state)
    assert ask(explainer, "www.shop.example")["action"] == "block"
    assert ask(explainer, "www.shop.example")["action"] == "allow", "the name alone"
    explainer.close()
    worker.close()
    assert len(worker.requests) == 1


def test_the_chain_of_a_rewritten_name_is_not_asked_for(state: Path, tmp_path: Path) -> None:
    explainer = Explainer(state)
    (tmp_path / "run" / "worker-0.sock").touch()  # asking it would raise, and be passed over
    assert ask(explainer, "www.google.com")["action"] == "rewrite"
    explainer.close()


@pytest.mark.parametrize(
    "reply", [b"", b"\n", b"[]\n", b"{}\n", b'{"error": "no"}\n', b'{"packet": 7}\n', b'{"packet": "AAAA"}\n']
)
def test_a_worker_without_an_answer_leaves_the_question_alone(state: Path, tmp_path: Path, reply: bytes) -> None:
    worker = Worker(tmp_path / "run" / "worker-0.sock", reply)
    explainer = Explainer(state)
    assert ask(explainer, "www.shop.example")["row"] == "default"
    explainer.close()
    worker.close()


# ---- simulate ----------------------------------------------------------------------------------------------------


def test_a_day_is_simulated_in_the_households_time(explainer: Explainer) -> None:
    document = explainer.simulate("anna", 1, "2026-11-24")
    assert (document["profile"], document["timezone"]) == ("anna", "Europe/Berlin")
    assert (document["from"], document["to"]) == ("2026-11-24T00:00:00+01:00", "2026-11-25T00:00:00+01:00")
    shown = [(s["from"][11:16], s["internet"], s["why"], s["grants"]) for s in document["stretches"]]
    assert shown == [
        ("00:00", "off", "Bedtime", []),
        ("06:00", "on", "", []),
        ("12:00", "on", "", ["name party.games.example"]),
        ("13:00", "on", "", []),
        ("21:30", "off", "Bedtime", []),
    ]


def test_a_week_over_the_change_of_the_clock_has_seven_days(explainer: Explainer) -> None:
    document = explainer.simulate("ben", 7, "2026-10-20")
    assert document["stretches"] == [
        {
            "from": "2026-10-20T00:00:00+02:00",
            "to": "2026-10-27T00:00:00+01:00",
            "internet": "on",
            "why": "",
            "open": [],
            "closed": [],
            "grants": [],
        }
    ]


def test_simulate_begins_today_and_names_its_errors(explainer: Explainer) -> None:
    assert explainer.simulate("ben", 1)["from"][11:].startswith("00:00:00")
    with pytest.raises(ConfigError, match=r"no profile 'tom' here \(known: anna, ben\)"):
        explainer.simulate("tom")
    for text in ("soon", "9999-12-30", "0001-01-01"):
        with pytest.raises(ConfigError, match="from: expected a date"):
            explainer.simulate("ben", 7, text)
