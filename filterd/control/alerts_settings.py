"""Where alerts are sent, as a setting of the household; secrets lie apart from it.

The setting is an entity beside the household (`setting/alerts`), so it has a history and can be taken back. The history
is shown to people and exported, so it holds no secret: a webhook's address, a ntfy topic, tokens and passwords lie in
STATE/alerts.secret (mode 0600) under random numbers to which the setting points. What nothing points to any more stays
a day, for "take back", and goes then.

    set_settings(state, Who("mẹ"), {"ntfy": {"server": "https://ntfy.sh", "topic": "nha-minh-x7Kq"}})
    settings(state).channels        # ("ntfy",)
    shown(settings(state))          # for people: masked
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filterd.control import alerts_rows as rows
from filterd.control.alerts_address import check_email, check_mail_host, check_plain, check_url
from filterd.control.change import Done, apply
from filterd.control.household import has_store, open_store
from filterd.errors import ConfigError, StoreError
from filterd.host.files import locked, read_bounded, write_atomic
from filterd.model.alert import CHANNELS, AlertKind, AlertSettings, Email, Ntfy, Webhook
from filterd.model.change import Body, Key, Who

FILE = "alerts.secret"
MAX_BYTES = 64 * 1024
MAX_RECIPIENTS = 10
KEEP_S = 86_400.0  # a secret that nothing points to
_KEY: Key = ("setting", "alerts")
_PARTS = {
    "webhook": ("url", "secret"),
    "ntfy": ("server", "topic", "token"),
    "email": ("host", "port", "tls", "user", "password", "from", "to"),
}
_SECRET = {"webhook": ("url", "secret"), "ntfy": ("topic", "token"), "email": ("password",)}


def settings(state: Path) -> AlertSettings:
    """Return what is sent where; nothing when it was never set. Raises StoreError."""
    if not has_store(state):
        return AlertSettings()
    with open_store(state) as store:
        body = store.setting("alerts")
    return AlertSettings() if body is None else _settings(body, _read(state))


def set_settings(
    state: Path, who: Who, patch: Mapping[str, Any], *, seen: int | None = None, now: float | None = None
) -> Done:
    """Change what is sent where. ConfigError says what is wrong; then nothing has changed.

    `patch`: kinds (list of AlertKind values), names (bool), quiet ("22:00-06:00" or None), and for each channel None
    (off) or a mapping: webhook url, secret; ntfy server, topic, token; email host, port, tls, user, password, from, to.
    A channel that is set begins with what happens from now on.
    """
    at = time.time() if now is None else now
    if unknown := set(patch) - {"kinds", "names", "quiet", *CHANNELS}:
        raise ConfigError(f"alerts: unknown key {min(unknown)!r}")
    given: dict[str, dict[str, Any]] = {}
    refs: dict[str, str] = {}
    plain: dict[str, Any] = {}
    for channel in CHANNELS:
        if patch.get(channel) is not None:
            made = _channel(channel, patch[channel])
            given[channel] = {key: made.pop(key) for key in _SECRET[channel] if made.get(key)}
            refs[channel] = secrets.token_hex(8)
            plain[channel] = {**made, "ref": refs[channel]}
            if channel == "webhook":
                parts = urlsplit(given[channel]["url"])
                plain[channel]["to"] = f"{parts.scheme}://{parts.netloc}"
        elif channel in patch:
            plain[channel] = None
    if "kinds" in patch:
        plain["kinds"] = [kind.value for kind in AlertKind if kind in _kinds(patch["kinds"])]
    if "names" in patch:
        if not isinstance(patch["names"], bool):
            raise ConfigError("names: expected true or false")
        plain["names"] = patch["names"]
    if "quiet" in patch:
        plain["quiet"] = None if patch["quiet"] is None else _quiet_text(_quiet(patch["quiet"]))

    def more(others: dict[Key, Body]) -> Mapping[Key, Body]:
        body = {**others.get(_KEY, {}), **plain}
        return {**others, _KEY: {key: value for key, value in body.items() if value is not None}}

    with locked(state / "alerts.lock"):
        kept = _read(state)
        if given:
            kept |= {refs[c]: {"at": at, "channel": c, **given[c]} for c in given}
            _write(state, kept)  # before the setting that points to them
        for channel in given:
            rows.skip(state, channel)
        done = apply(state, who, "alerts", more=more, seen=seen, now=at)
        _prune(state, kept, at)
    return done


def shown(found: AlertSettings) -> dict[str, Any]:
    """Return the settings as people may see them: secrets are not in it, only whether there are some."""
    hidden = "***"
    document: dict[str, Any] = {
        "kinds": [kind.value for kind in AlertKind if kind in found.kinds],
        "names": found.names,
        "quiet": None if found.quiet is None else _quiet_text(found.quiet),
        "webhook": None,
        "ntfy": None,
        "email": None,
        "missing": list(found.missing),
    }
    if found.webhook is not None:
        parts = urlsplit(found.webhook.url)
        signed = bool(found.webhook.secret)
        document["webhook"] = {"url": f"{parts.scheme}://{parts.netloc}/{hidden}", "signed": signed}
    if found.ntfy is not None:
        token = bool(found.ntfy.token)
        document["ntfy"] = {"server": found.ntfy.server, "topic": hidden, "token": hidden if token else ""}
    if (mail := found.email) is not None:
        password = hidden if mail.password else ""
        document["email"] = {
            "host": mail.host, "port": mail.port, "tls": mail.tls, "user": mail.user, "password": password,
            "from": mail.sender, "to": list(mail.to),
        }  # fmt: skip
    return document


def _settings(body: Body, kept: Mapping[str, Mapping[str, Any]]) -> AlertSettings:
    """Return the settings of a stored body; a channel whose secret is gone is off, and named."""
    found: dict[str, Any] = {}
    missing = []
    for channel in CHANNELS:
        said = body.get(channel)
        if not said:
            continue
        secret = kept.get(str(said.get("ref")))
        if secret is None:
            missing.append(channel)
            continue
        found[channel] = _made(channel, {**said, **secret})
    quiet = body.get("quiet")
    return AlertSettings(
        kinds=frozenset(_kinds(body["kinds"])) if "kinds" in body else frozenset(AlertKind),
        names=bool(body.get("names")),
        quiet=_quiet(quiet) if quiet else None,
        missing=tuple(missing),
        **found,
    )


def _made(channel: str, said: Mapping[str, Any]) -> Webhook | Ntfy | Email:
    if channel == "webhook":
        return Webhook(said["url"], said.get("secret", ""))
    if channel == "ntfy":
        return Ntfy(said["server"], said["topic"], said.get("token", ""))
    return Email(
        said["host"], said["from"], tuple(said["to"]), said["port"], said["tls"], said.get("user", ""),
        said.get("password", ""),
    )  # fmt: skip


def _channel(channel: str, said: Any) -> dict[str, Any]:
    """Return a channel as it was asked for, judged and complete. ConfigError: what is wrong with it."""
    if not isinstance(said, Mapping) or not all(isinstance(key, str) for key in said):
        raise ConfigError(f"{channel}: expected a mapping of {', '.join(_PARTS[channel])}")
    if unknown := set(said) - set(_PARTS[channel]):
        raise ConfigError(f"{channel}: unknown key {min(unknown)!r}, expected {', '.join(_PARTS[channel])}")
    text = {key: str(value).strip() for key, value in said.items() if key != "to" and value is not None}
    for key, value in text.items():
        if len(value) > 2000 or not value.isprintable():
            raise ConfigError(f"{channel}.{key}: expected one line of at most 2000 characters")
    if channel == "webhook":
        return {"url": check_url(text.get("url", ""), "webhook.url"), "secret": text.get("secret", "")}
    if channel == "ntfy":
        server = check_url(text.get("server") or "https://ntfy.sh", "ntfy.server").rstrip("/")
        topic = text.get("topic", "")
        if not (0 < len(topic) <= 64 and topic.isascii() and topic.replace("-", "").replace("_", "").isalnum()):
            raise ConfigError("ntfy.topic: expected 1 to 64 letters, digits, - and _; choose one that nobody guesses")
        return {"server": server, "topic": topic, "token": text.get("token", "")}
    to = said.get("to") or ()
    to = [to] if isinstance(to, str) else list(to)
    if not 1 <= len(to) <= MAX_RECIPIENTS:
        raise ConfigError(f"email.to: expected 1 to {MAX_RECIPIENTS} addresses")
    tls = text.get("tls") or "starttls"
    if tls not in ("starttls", "tls", "none"):
        raise ConfigError(f"email.tls: expected starttls, tls or none, got {tls!r}")
    port = text.get("port") or ("465" if tls == "tls" else "587" if tls == "starttls" else "25")
    if not (port.isascii() and port.isdecimal() and 1 <= int(port) <= 65_535):
        raise ConfigError(f"email.port: {port!r} is not in 1..65535")
    host, user, password = check_mail_host(text.get("host", "")), text.get("user", ""), text.get("password", "")
    if bool(user) != bool(password):
        raise ConfigError("email: expected user and password, or neither")
    if tls == "none":
        check_plain(host, "email.tls")
    recipients = [check_email(str(x), "email.to") for x in to]
    sender = check_email(text.get("from") or (user if "@" in user else recipients[0]), "email.from")
    return {
        "host": host, "port": int(port), "tls": tls, "user": user, "password": password, "from": sender,
        "to": recipients,
    }  # fmt: skip


def _kinds(said: Any) -> list[AlertKind]:
    known = {kind.value: kind for kind in AlertKind}
    if not isinstance(said, list | tuple | set | frozenset):
        raise ConfigError(f"kinds: expected a list of {', '.join(known)}")
    words = [x.value if isinstance(x, AlertKind) else x for x in said]
    for word in words:
        if word not in known:
            raise ConfigError(f"kinds: there is no {word!r} (known: {', '.join(known)})")
    return [known[word] for word in words]


def _quiet(said: Any) -> tuple[int, int]:
    """Return minutes after midnight of "22:00-06:00"."""
    start, _, end = str(said).partition("-")
    found = []
    for part in (start, end):
        hour, _, minute = part.strip().partition(":")
        if not (hour.isdecimal() and minute.isdecimal() and len(minute) == 2 and len(hour) <= 2):
            raise ConfigError(f'quiet: expected hours such as "22:00-06:00", got {str(said)[:40]!r}')
        found.append(int(hour) * 60 + int(minute))
        if int(minute) > 59 or found[-1] > 1439:
            raise ConfigError(f"quiet: {part.strip()!r} is no time of day")
    if found[0] == found[1]:
        raise ConfigError("quiet: begins and ends at the same time; alerts would never be sent")
    return found[0], found[1]


def _quiet_text(quiet: tuple[int, int]) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in quiet)


def _read(state: Path) -> dict[str, dict[str, Any]]:
    path = state / FILE
    if not path.exists():
        return {}
    try:
        found = json.loads(read_bounded(path, MAX_BYTES))
        if not isinstance(found, dict):
            raise ValueError("no mapping")
        return {str(ref): dict(secret) for ref, secret in found.items()}
    except (ValueError, TypeError):
        raise StoreError(f"{path} is damaged: set the channels of alerts again, after removing it") from None


def _write(state: Path, kept: Mapping[str, Any]) -> None:
    write_atomic(state / FILE, json.dumps(kept).encode(), mode=0o600)


def _prune(state: Path, kept: Mapping[str, Mapping[str, Any]], now: float) -> None:
    """Forget secrets to which the setting has not pointed for a day."""
    with open_store(state) as store:
        body = store.setting("alerts") or {}
    used = {str(part.get("ref")) for channel in CHANNELS if (part := body.get(channel))}
    left = {}
    for ref, secret in kept.items():
        unused_since = None if ref in used else float(secret.get("unused", now))
        if unused_since is None or now - unused_since < KEEP_S:
            left[ref] = {k: v for k, v in secret.items() if k != "unused"}
            if unused_since is not None:
                left[ref]["unused"] = unused_since
    if left != kept:
        _write(state, left)
