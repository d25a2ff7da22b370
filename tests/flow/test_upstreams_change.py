"""Other upstreams while questions go on: taken over without a restart, nothing under way is lost, the file's are the way back."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from filterd.control import upstreams
from filterd.control.change import undo
from filterd.control.household import ensure, load
from filterd.control.publish import publish
from filterd.control.upstreams import HOUSEHOLD, OPERATOR
from filterd.errors import ConfigError
from filterd.model.change import Who
from tests.processes import Service, UpstreamStub, addresses
from tests.worlds import bundle_file

WHO = Who("admin", "cli")
ONE, TWO = ({"www.example.org": [f"192.0.2.{n}"], "slow.example.org": [f"192.0.2.{n}"]} for n in (1, 2))
AWAY = "udp://127.0.0.1:9"  # discard: nobody answers


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A household in force, and the run folder that `Service` gives to its processes."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state.run").mkdir()
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "state.run"))
    ensure(tmp_path / "state")
    publish(tmp_path / "state", bundle=bundle_file(tmp_path / "state", {"adult": ["bad.example"]}))
    return tmp_path / "state"


def test_another_upstream_is_asked_at_once_and_undo_goes_back(state: Path) -> None:
    with UpstreamStub(ONE) as one, UpstreamStub(TWO) as two, Service.serve(state, one) as service:
        assert addresses(service.ask("www.example.org")) == ["192.0.2.1"]
        now = upstreams.look(state)
        assert (now.origin, [o.url for o in now.ones], now.ones[0].answers) == (OPERATOR, [one.url], True)
        done = upstreams.add(state, WHO, two.url)
        assert done.problem == "" and addresses(service.ask("www.example.org")) == ["192.0.2.2"]
        now = upstreams.look(state)
        assert (now.origin, [o.url for o in now.ones], now.defaults) == (HOUSEHOLD, [two.url], (one.url,))
        upstreams.add(state, WHO, one.url)
        upstreams.move(state, WHO, one.url, 0)
        assert load(state).upstreams == (one.url, two.url)
        upstreams.remove(state, WHO, two.url)
        with pytest.raises(ConfigError, match="last one"):
            upstreams.remove(state, WHO, one.url)
        upstreams.use_defaults(state, WHO)
        assert load(state).upstreams == () and addresses(service.ask("www.example.org")) == ["192.0.2.1"]
        undo(state, WHO)
        assert load(state).upstreams == (one.url,)


def test_what_is_of_no_use_is_refused(state: Path) -> None:
    with UpstreamStub(ONE) as one, Service.serve(state, one) as service:
        assert upstreams.try_one(state, one.url).ms is not None
        assert upstreams.try_one(state, AWAY).ms is None
        address, port = service.bound[0]
        for url, reason in (
            (AWAY, "not added"), ("tls://192.0.2.1", "not served yet"), ("example.org", "expected an IP address"),
            (f"udp://{address}:{port}", "this box itself"),
        ):  # fmt: skip
            with pytest.raises(ConfigError, match=reason):
                upstreams.add(state, WHO, url)
        assert load(state).upstreams == ()


def test_without_a_worker_nothing_is_added_and_nothing_is_known(state: Path) -> None:
    assert upstreams.look(state) == upstreams.Upstreams(OPERATOR, (), ())
    assert upstreams.try_one(state, "udp://192.0.2.1").failed == "worker"
    with pytest.raises(ConfigError, match="no worker"):
        upstreams.add(state, WHO, "udp://192.0.2.1")


def test_nothing_is_lost_while_upstreams_change(state: Path) -> None:
    with UpstreamStub(ONE) as one, UpstreamStub(TWO) as two, Service.serve(state, one) as service:
        stop, failed, count = threading.Event(), [], [0]

        def asking() -> None:
            while not stop.is_set():
                count[0] += 1
                answer = service.ask(f"n{count[0]}.www.example.org")
                if answer.header.rcode == 2:
                    failed.append(count[0])

        thread = threading.Thread(target=asking)
        thread.start()
        try:
            for _ in range(3):
                upstreams.add(state, WHO, two.url)
                upstreams.use_defaults(state, WHO)
        finally:
            stop.set()
            thread.join()
        assert count[0] > 10 and not failed
