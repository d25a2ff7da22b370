"""`filterd alerts`: what a parent should know, where it is sent to, and whether that works."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from filterd.cli import options
from filterd.cli.said import Call, changing, clean, telling, when
from filterd.errors import ConfigError

if TYPE_CHECKING:
    from filterd.model.alert import Alert
    from filterd.model.household import Household

CHANNELS = ("webhook", "ntfy", "email")
_ASK = "-"  # in the place of a secret: read it from standard input, so that no other program sees it


@click.group(invoke_without_command=True)
@click.option("--unseen", is_flag=True, help="Only those that nobody has seen.")
@click.option("--limit", type=click.IntRange(1, 2000), default=20, show_default=True, help="So many, newest first.")
@click.option("--before", type=int, help="Only alerts before this ID.")
@options.as_json
@options.state
@click.pass_context
def alerts(ctx: click.Context, unseen: bool, limit: int, before: int | None, as_json: bool, state: Path) -> None:
    """Show alerts: harm that was met, new devices, old lists, loosened rules. They are kept 90 days.

    Nothing is sent anywhere unless you set a channel; names of people and sites stay in the house unless you want them
    in the messages.

    \b
    Examples:
      filterd alerts --unseen
      filterd alerts seen --all
      filterd alerts set --ntfy https://ntfy.sh/a-topic-nobody-guesses
      filterd alerts test
    """
    if ctx.invoked_subcommand is not None:
        for name in ctx.params:  # not silently for another state folder than the one that was said
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                raise click.UsageError(f"options go behind {ctx.invoked_subcommand}, not before it")
        return
    from filterd.control.alerts_rows import list_alerts
    from filterd.control.household import load

    household = load(state)
    found = list_alerts(state, limit=limit + 1, before=before, unseen=unseen)
    more, found = len(found) > limit, found[:limit]
    if as_json:
        rows = [_document(alert, household) for alert in found]
        options.say_json({"alerts": rows, "older": found[-1].id if more else None})
        return
    now = time.time()
    for alert in found:
        _say(alert, household, now)
    if more:
        click.echo(f"older: filterd alerts --before {found[-1].id}{' --unseen' if unseen else ''}")
    if not found:
        click.echo("no alerts that nobody has seen" if unseen else "no alerts")


@alerts.command()
@click.argument("ids", nargs=-1, type=click.IntRange(1), metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@telling
def seen(call: Call, ids: tuple[int, ...], everything: bool) -> None:
    """Note that you have seen these alerts. What was seen is not sent any more.

    \b
    Examples:
      filterd alerts seen 12 13
      filterd alerts seen --all
    """
    from filterd.control.alerts_rows import mark_seen

    if bool(ids) == everything:
        raise click.UsageError("expected IDs, or --all")
    done = mark_seen(call.state, call.who, None if everything else ids)
    if call.as_json:
        options.say_json({"seen": done})
    else:
        click.echo(f"{done} alert{'' if done == 1 else 's'} marked as seen")


@alerts.command("set")
@click.option("--webhook", metavar="URL", help="POST alerts as JSON to this address.")
@click.option("--webhook-secret", metavar="KEY", help="Sign them with it; - reads it from standard input.")
@click.option("--ntfy", metavar="URL", help="Push by ntfy: server and topic, such as https://ntfy.sh/TOPIC.")
@click.option("--ntfy-token", metavar="TOKEN", help="Access token of the ntfy server; - reads it.")
@click.option("--email", metavar="ADDRESS", multiple=True, help="Mail alerts to this address; up to ten.")
@click.option("--smtp", metavar="HOST[:PORT]", help="The mail server that takes them.")
@click.option("--smtp-tls", type=click.Choice(["starttls", "tls", "none"]), help="Default: starttls.")
@click.option("--smtp-user", metavar="USER", help="Login there.")
@click.option("--smtp-password", metavar="PASSWORD", help="Its password; - reads it from standard input.")
@click.option("--from", "sender", metavar="ADDRESS", help="Sender. Default: the user, or the first recipient.")
@click.option("--off", "off", type=click.Choice(CHANNELS), multiple=True, help="Send nothing there any more.")
@click.option("--names/--no-names", default=None, help="Names of people, devices and sites in messages. Default: none.")
@click.option("--kinds", metavar="KIND,...", help="What is sent: all, or some of what the JSON list calls kind.")
@click.option("--quiet", metavar="22:00-06:00", help="Hours in which messages wait; off: none.")
@changing
def set_(call: Call, **given: Any) -> None:
    """Set where alerts are sent to; without options show it. Secrets are never shown.

    \b
    Examples:
      filterd alerts set --webhook https://hooks.example.org/abc --webhook-secret -
      filterd alerts set --ntfy https://ntfy.sh/a-topic-nobody-guesses --quiet 22:00-06:00
      filterd alerts set --email me@example.org --smtp mail.example.org --smtp-user me@example.org --smtp-password -
      filterd alerts set --off email
    """
    from filterd.control.alerts_settings import set_settings, settings, shown

    patch = _patch(given)
    if not patch:
        document = shown(settings(call.state))
        if call.as_json:
            options.say_json({"alerts": document})
        else:
            _say_settings(document)
        return
    done = set_settings(call.state, call.who, patch, seen=call.seen)
    document = shown(settings(call.state))
    on = [name for name in CHANNELS if document[name]]
    sentence = f"alerts are sent by {', '.join(on)}; try it: filterd alerts test" if on else "alerts are sent nowhere"
    call.tell(done, sentence, alerts=document)


@alerts.command()
@options.as_json
@options.state
def test(state: Path, as_json: bool) -> None:
    """Send a test message to every channel now. Exit code 1 when one does not get through.

    \b
    Example:
      filterd alerts test
    """
    from filterd.control.deliver import test_delivery

    done = test_delivery(state)
    if as_json:
        options.say_json({"test": [{"channel": t.channel, "ok": t.ok, "why": t.words} for t in done]})
    else:
        for one in done:
            click.echo(clean(f"{one.channel}: {'sent' if one.ok else one.words}"))
    if not all(one.ok for one in done):
        sys.exit(1)


def _patch(given: dict[str, Any]) -> dict[str, Any]:
    """Return what the options ask for, in the words of set_settings. UsageError, ConfigError."""
    patch: dict[str, Any] = dict.fromkeys(given["off"])
    for channel, needed, extras in (
        ("webhook", given["webhook"], ("webhook_secret",)),
        ("ntfy", given["ntfy"], ("ntfy_token",)),
        ("email", given["email"], ("smtp", "smtp_tls", "smtp_user", "smtp_password", "sender")),
    ):
        if needed and channel in patch:
            raise click.UsageError(f"expected --{channel} or --off {channel}, got both")
        if not needed and any(given[extra] for extra in extras):
            raise click.UsageError(f"expected --{channel} with it: a channel is set as a whole")
    if given["webhook"]:
        patch["webhook"] = {"url": given["webhook"], "secret": _secret(given["webhook_secret"], "secret")}
    if given["ntfy"]:
        server, _, topic = given["ntfy"].rstrip("/").rpartition("/")
        if "://" not in server:
            raise ConfigError("ntfy: expected server and topic, such as https://ntfy.sh/TOPIC")
        patch["ntfy"] = {"server": server, "topic": topic, "token": _secret(given["ntfy_token"], "token")}
    if given["email"]:
        host, port = _host(given["smtp"] or "")
        patch["email"] = {
            "to": list(given["email"]), "host": host, "port": port, "tls": given["smtp_tls"],
            "user": given["smtp_user"], "password": _secret(given["smtp_password"], "password"),
            "from": given["sender"],
        }  # fmt: skip
    if given["names"] is not None:
        patch["names"] = given["names"]
    if given["kinds"]:
        from filterd.model.alert import AlertKind

        words = [word.strip() for word in given["kinds"].split(",")]
        patch["kinds"] = [kind.value for kind in AlertKind] if words == ["all"] else words
    if given["quiet"]:
        patch["quiet"] = None if given["quiet"] == "off" else given["quiet"]
    return patch


def _secret(value: str | None, what: str) -> str:
    """Return a secret; `-` stands for standard input, which a terminal does not show."""
    if value != _ASK:
        return value or ""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True))
    return sys.stdin.readline().strip()


def _host(text: str) -> tuple[str, str | None]:
    """Return host and port of HOST, HOST:PORT or [ADDRESS]:PORT."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, port.removeprefix(":") or None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None


def _say(alert: Alert, household: Household, now: float) -> None:
    from filterd.control.alerts_text import people_of, say
    from filterd.control.deliver_send import reason_words

    title, body = say(alert, household.language, people_of(household, alert))
    mark = "seen" if alert.state == "seen" else "new "
    click.echo(clean(f"{alert.id}  {mark}  {when(alert.at_ms / 1000, household.timezone, now)}  {title}"))
    for text in body.split("\n"):
        click.echo(clean(f"    {text}"))
    for channel, reason in alert.undelivered.items():
        click.echo(clean(f"    not delivered by {channel}: {reason_words(reason, 'en')}"))


def _document(alert: Alert, household: Household) -> dict[str, Any]:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from filterd.control.alerts_text import people_of, say

    zone = ZoneInfo(household.timezone)
    title, body = say(alert, household.language, people_of(household, alert))
    detail = {k: v for k, v in alert.detail.items() if k not in ("settled", "from", "until", "cut", "delivery", "uid")}
    return {
        "id": alert.id,
        "at": datetime.fromtimestamp(alert.at_ms / 1000, zone).isoformat(timespec="seconds"),
        "last_at": datetime.fromtimestamp(alert.last_at_ms / 1000, zone).isoformat(timespec="seconds"),
        "kind": alert.kind.value,
        "profile": alert.profile,
        "device": alert.device,
        "count": alert.count,
        "state": alert.state,
        "title": title,
        "text": body,
        "detail": detail,
        "undelivered": dict(alert.undelivered),
    }


def _say_settings(document: dict[str, Any]) -> None:
    for name in CHANNELS:
        said = document[name]
        if name in document["missing"]:
            click.echo(f"{name}: its secret is gone; set it again")
        elif said is None:
            click.echo(f"{name}: off")
        else:
            words = ", ".join(f"{k} {' '.join(v) if isinstance(v, list) else v}" for k, v in said.items() if v)
            click.echo(clean(f"{name}: {words}"))
    click.echo(f"kinds: {', '.join(document['kinds']) or 'none'}")
    click.echo(f"names in messages: {'yes' if document['names'] else 'no'}")
    click.echo(f"quiet hours: {document['quiet'] or 'none'}")
