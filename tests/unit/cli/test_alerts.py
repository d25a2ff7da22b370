"""`filterd alerts`: shown, seen, set without showing a secret, tried."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from filterd.cli.alerts import alerts
from filterd.control.alerts_rows import add, list_alerts
from filterd.control.alerts_settings import FILE, settings
from filterd.errors import ConfigError, StoreError
from filterd.model.alert import AlertKind
from filterd.store.activity import open_activity
from filterd.store.engine import writing
from tests.unit.cli.told import document, result, run, state
from tests.unit.control.receivers import Web, free_port

__all__ = ["state"]  # a fixture
START = 1_795_500_000_000


@pytest.fixture
def three(state: Path) -> Path:
    """A state with three alerts."""
    engine = open_activity(state)
    with writing(engine, "activity") as connection:
        for n, category in enumerate(("gambling", "adult", "abuse")):
            add(
                connection, AlertKind.HARM_FIRST, str(n), START + n, profile="anna", device="phone", count=n + 1,
                detail={"category": category, "settled": 1, "delivery": {"gave_up": {"ntfy": "status 500"}} if n == 1 else {}},
            )  # fmt: skip
    engine.dispose()
    return state


def test_nothing_happened(state: Path) -> None:
    assert run(state, alerts) == "no alerts\n"
    assert run(state, alerts, "--unseen") == "no alerts that nobody has seen\n"
    assert document(state, alerts) == {"alerts": [], "older": None}
    assert run(state, alerts, "seen", "--all") == "0 alerts marked as seen\n"


def test_shown_newest_first_with_what_to_do(three: Path) -> None:
    said = run(three, alerts)
    titles = [part for part in said.split("\n") if part[:1].isdigit()]
    assert [t.split("  ")[0] for t in titles] == ["3", "2", "1"] and all("new" in t for t in titles)
    assert "“Anna”" in said and "Device: Phone" in said and "111" in said
    assert "not delivered by ntfy: answered with status 500" in said
    said = run(three, alerts, "--limit", "1")
    assert said.endswith("older: filterd alerts --before 3\n")
    assert run(three, alerts, "--limit", "1", "--before", "3").startswith("2  ")


def test_as_json(three: Path) -> None:
    told = document(three, alerts, "--limit", "2")
    assert told["older"] == 2
    first = told["alerts"][1]
    assert {k: first[k] for k in ("id", "at", "kind", "profile", "device", "count", "state", "detail", "undelivered")} == {
        "id": 2, "at": "2026-11-24T07:00:00+01:00", "kind": "harm_first", "profile": "anna", "device": "phone", "count": 2,
        "state": "new", "detail": {"category": "adult"}, "undelivered": {"ntfy": "status 500"},
    }  # fmt: skip


def test_seen(three: Path) -> None:
    assert run(three, alerts, "seen", "1", "2") == "2 alerts marked as seen\n"
    assert document(three, alerts, "seen", "1", "3") == {"seen": 1}
    assert run(three, alerts, "--unseen") == "no alerts that nobody has seen\n"
    assert run(three, alerts).count("  seen  ") == 3
    assert [a.detail["seen_by"] for a in list_alerts(three)] == ["mẹ"] * 3
    with pytest.raises(ConfigError, match="there is no 9"):
        run(three, alerts, "seen", "9")
    for words in (["seen"], ["seen", "1", "--all"]):
        with pytest.raises(click.UsageError, match="IDs, or --all"):
            run(three, alerts, *words)


def test_set_and_shown_without_secrets(state: Path) -> None:
    said = run(
        state, alerts, "set", "--webhook", "https://hooks.example.org/SECRET1", "--webhook-secret", "SECRET2",
        "--ntfy", "https://ntfy.example.org/SECRET3", "--ntfy-token", "SECRET4", "--email", "a@example.org", "--email",
        "b@example.org", "--smtp", "mail.example.org:2525", "--smtp-user", "a@example.org", "--smtp-password", "SECRET5",
        "--names", "--kinds", "harm_first,new_device", "--quiet", "22:00-06:00",
    )  # fmt: skip
    assert said == "alerts are sent by webhook, ntfy, email; try it: filterd alerts test\n  change 2\n"
    found = settings(state)
    assert found.webhook is not None and found.webhook.secret == "SECRET2" and found.names
    assert found.ntfy is not None and (found.ntfy.server, found.ntfy.topic) == ("https://ntfy.example.org", "SECRET3")
    assert found.email is not None and (found.email.port, found.email.to) == (2525, ("a@example.org", "b@example.org"))
    said = run(state, alerts, "set")
    assert "SECRET" not in said and said.splitlines() == [
        "webhook: url https://hooks.example.org/***, signed True",
        "ntfy: server https://ntfy.example.org, topic ***, token ***",
        (
            "email: host mail.example.org, port 2525, tls starttls, user a@example.org, password ***, from a@example.org, "
            "to a@example.org b@example.org"
        ),
        "kinds: harm_first, new_device",
        "names in messages: yes",
        "quiet hours: 22:00-06:00",
    ]
    said = run(
        state, alerts, "set", "--off", "email", "--off", "ntfy", "--no-names", "--quiet", "off", "--kinds", "all"
    )
    assert said.startswith("alerts are sent by webhook;")
    assert run(state, alerts, "set", "--off", "webhook").startswith("alerts are sent nowhere\n")
    told = document(state, alerts, "set")["alerts"]
    assert (
        told["webhook"] is None
        and len(told["kinds"]) == len(AlertKind)
        and told["names"] is False
        and told["quiet"] is None
    )
    assert "nothing to change" in run(state, alerts, "set", "--off", "webhook")


def test_a_secret_by_standard_input_is_in_no_process_list(state: Path) -> None:
    done = CliRunner().invoke(
        alerts,
        ["set", "--webhook", "https://hooks.example.org/x", "--webhook-secret", "-", "--state", str(state)],
        input="kéy\n",
    )
    assert done.exit_code == 0, done.output
    found = settings(state).webhook
    assert found is not None and found.secret == "kéy"


def test_the_secret_that_is_gone_is_said(state: Path) -> None:
    run(state, alerts, "set", "--ntfy", "https://ntfy.sh/abc")
    (state / FILE).unlink()
    assert "ntfy: its secret is gone; set it again" in run(state, alerts, "set")


def test_somebody_else_was_faster(state: Path) -> None:
    run(state, alerts, "set", "--names")
    run(state, alerts, "set", "--no-names")
    assert result(state, alerts, "set", "--names", "--if-revision", "2").exit_code == 3
    assert result(state, alerts, "set", "--names", "--if-revision", "3").exit_code == 0


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["set", "--webhook-secret", "x"], click.UsageError, "--webhook with it"),
        (["set", "--smtp", "x.example"], click.UsageError, "--email with it"),
        (["set", "--webhook", "https://x.example", "--off", "webhook"], click.UsageError, "got both"),
        (["set", "--webhook", "http://x.example/"], ConfigError, "only hosts of the house"),
        (["set", "--ntfy", "topic"], ConfigError, "server and topic"),
        (["set", "--email", "a@example.org"], ConfigError, "email.host"),
        (["set", "--kinds", "x"], ConfigError, "there is no 'x'"),
        (["set", "--off", "sms"], click.UsageError, "sms"),
        (["test"], ConfigError, "no channel is set"),
        (["--unseen", "seen", "--all"], click.UsageError, "options go behind seen"),
    ],
)
def test_refusals_are_sentences(state: Path, words: list[str], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        run(state, alerts, *words)
    if error is ConfigError:
        with pytest.raises(StoreError, match="no household yet"):
            run(state.parent / "typo", alerts)


def test_the_state_folder_is_not_taken_from_before_the_command(three: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(alerts, ["--state", str(tmp_path / "other"), "seen", "--all", "--state", str(three)])
    assert done.exit_code == 2 and "options go behind seen" in done.output
    assert all(a.state == "new" for a in list_alerts(three))


def test_a_test_message(state: Path) -> None:
    with Web() as web:
        run(state, alerts, "set", "--webhook", f"{web.url}/x")
        assert run(state, alerts, "test") == "webhook: sent\n"
        run(state, alerts, "set", "--ntfy", f"http://127.0.0.1:{free_port()}/abc")
        done = result(state, alerts, "test")
        assert (done.exit_code, done.stdout) == (1, "webhook: sent\nntfy: cannot be reached\n")
        done = result(state, alerts, "test", "--json")
    assert done.exit_code == 1 and json.loads(done.stdout) == {
        "test": [
            {"channel": "webhook", "ok": True, "why": ""},
            {"channel": "ntfy", "ok": False, "why": "cannot be reached"},
        ]
    }
    assert [d["title"] for d in web.documents] == ["Test of alerts"] * 3
