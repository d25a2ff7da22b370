"""From a child's question to a parent's phone: a worker blocks harm, an alert is kept and sent, and names nobody."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filterd.control.alerts import Alerts
from filterd.control.alerts_rows import list_alerts, mark_seen
from filterd.control.alerts_settings import set_settings
from filterd.control.deliver import Deliver
from filterd.control.household import DEMONSTRATION, import_household
from filterd.control.ingest import Ingest
from filterd.control.profiles import set_rule
from filterd.model.change import Who
from tests.processes import Service
from tests.unit.control.receivers import Mail, Web

KID, MUM, NAME = "127.0.0.11", Who("mẹ", "web"), "bong88.com"  # a betting house of the starter list


class Manager:
    """The manager's parts that alerts need, as manage.py drives them. `kill`: everything in memory is gone."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.begin()

    def begin(self) -> None:
        self.alerts, self.deliver = Alerts(self.state), Deliver(self.state)
        self.ingest = Ingest(self.state, consumers=[self.alerts])
        self.deliver.start()

    def until(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        ends = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends
            now = time.time()
            self.ingest.step(now)
            if self.alerts.step(now):
                self.deliver.wake()
            time.sleep(0.05)

    def follow(self) -> None:
        """The household or the settings have changed."""
        self.alerts.reload()
        self.deliver.reload()

    def kill(self) -> None:
        self.deliver.close()
        for reader in self.ingest._readers.values():
            reader.close()
        self.ingest._let_go()
        self.begin()

    def close(self) -> None:
        self.ingest.close()
        self.alerts.close()
        self.deliver.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Service, Manager]]:
    """A worker that answers, and a manager beside it."""
    state = tmp_path / "state"
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "state.run"))
    (tmp_path / "state.run").mkdir()
    import_household(state, DEMONSTRATION.encode(), "h.yaml")
    with Service.serve(state, None) as service:
        manager = Manager(state)
        yield service, manager
        manager.close()


def kinds(state: Path) -> list[str]:
    return [a.kind.value for a in reversed(list_alerts(state))]


def test_blocked_harm_is_on_the_phone_and_in_the_mail_and_names_nobody(home: tuple[Service, Manager]) -> None:
    service, manager = home
    with Web() as web, Mail() as mail:
        set_settings(
            manager.state,
            MUM,
            {
                "webhook": {"url": f"{web.url}/hook", "secret": "key"},
                "ntfy": {"server": web.url, "topic": "nha-minh"},
                "email": {"host": "127.0.0.1", "port": mail.port, "tls": "none", "to": "me@example.org"},
            },
        )
        manager.follow()
        service.ask(NAME, client=KID)
        service.ask("tiktok.com", client=KID)  # blocked, and no harm
        manager.until(lambda: len(web.got) == 2 and mail.mails)
        manager.until(lambda: [a.state for a in list_alerts(manager.state)] == ["sent"])
        (alert,) = list_alerts(manager.state)
        assert (alert.kind.value, alert.profile, alert.detail["category"]) == ("harm_first", "lan", "gambling")
        said = str(web.got) + mail.raw[0].decode() + str(mail.mails[0].get_content())
        for word in (NAME, "bong88", "Lan", "may-lan", KID):
            assert word not in said
        assert "Cờ bạc" in str(web.documents) and "Cờ bạc" in str(mail.mails[0]["Subject"])
        for _ in range(3):
            service.ask(NAME, client=KID)
        manager.kill()  # what was read is read again
        manager.until(lambda: len(manager.ingest._waiting.rows) >= 5)
        assert manager.ingest.commit(time.time())
        (alert,) = list_alerts(manager.state)
        assert alert.count == 4 and len(web.got) == 2 and len(mail.mails) == 1


def test_with_names_when_a_parent_wants_them(home: tuple[Service, Manager]) -> None:
    service, manager = home
    with Web() as web:
        set_settings(manager.state, MUM, {"webhook": {"url": web.url}, "names": True})
        manager.follow()
        service.ask(f"www.{NAME}", client=KID)
        manager.until(lambda: web.got)
    (document,) = web.documents
    assert all(word in document["text"] for word in ("“Lan”", "Máy của Lan", f"www.{NAME}"))


def test_a_receiver_that_is_away_gets_it_when_it_is_back(
    home: tuple[Service, Manager], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, manager = home
    with Web(codes=(503,)) as web:
        set_settings(manager.state, MUM, {"webhook": {"url": web.url}})
        manager.follow()
        service.ask(NAME, client=KID)
        manager.until(lambda: web.got)
        web.codes[:] = [200]
        manager.kill()  # and with it the time to wait
        manager.until(lambda: [a.state for a in list_alerts(manager.state)] == ["sent"])
        assert len({d["id"] for d in web.documents}) == 1


@pytest.mark.slow  # a change counts when it can no longer be undone at once
def test_rules_loosened_and_a_burst(home: tuple[Service, Manager]) -> None:
    service, manager = home
    manager.until(lambda: not manager.alerts.step(time.time()))
    done = set_rule(manager.state, MUM, "lan", "categories", "dating", "allow")
    assert done.change is not None and not done.problem
    manager.follow()
    for n in range(12):
        with contextlib.suppress(TimeoutError):
            service.ask(f"n{n}.{NAME}", client=KID)
    manager.until(lambda: "rules_loosened" in kinds(manager.state), 40)
    assert sorted(kinds(manager.state)) == ["harm_burst", "harm_first", "rules_loosened"]
    assert mark_seen(manager.state, MUM) == 3
