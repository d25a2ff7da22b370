"""How a feed stands and what a look at it did: as sentences, and as JSON.

document(result)["refusal"]["code"]
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from filterd.control.feed_sync import FeedResult
    from filterd.model.feed import FeedSeen, Refused


def document(result: FeedResult) -> dict[str, Any]:
    """Return what a sync did as one JSON document."""
    refusal = result.refusal
    word = "refused" if refusal else "taken" if result.changed or result.revision else "unchanged"
    return {
        "result": word,
        "refusal": refused_document(refusal) if refusal else None,
        "left_out": [refused_document(warning) for warning in result.seen.warnings] if not refusal else [],
        "taken": list(result.taken),
        "removed": list(result.removed),
        "revision": result.revision or None,
        "requests": result.requests,
        "bytes": result.body_bytes,
    } | seen_document(result.seen)


def seen_document(seen: FeedSeen) -> dict[str, Any]:
    """Return how a feed stands."""
    return {
        "feed": seen.feed,
        "name": {"vi": seen.name.vi, "en": seen.name.en},
        "url": seen.url,
        "fingerprint": seen.fingerprint,
        "version": seen.version,
        "seq": seen.seq,
        "checked_at": seen.checked_at,
        "verified_at": seen.verified_at,
        "signed_at": seen.signed_at,
        "expires": seen.expires,
        "next_at": seen.next_at,
        "failures": seen.failures,
        "last_refusal": refused_document(seen.refusal) if seen.refusal else None,
        "lists": [
            {
                "id": entry.id,
                "category": entry.category,
                "level": entry.level.value,
                "seq": entry.seq,
                "count": entry.count,
                "sha256": entry.sha256,
                "role": entry.role,
            }
            for entry in seen.lists
        ],
    }


def refused_document(refused: Refused) -> dict[str, Any]:
    """Return a refusal with its code, its reason, and its sentence for parents in both languages."""
    from filterd.control.feed_words import sentence

    said = {language: sentence(refused.code, language) for language in ("vi", "en")}
    return {"code": refused.code.value, "reason": refused.sentence, "at": refused.at} | said


def say(result: FeedResult, child: bool) -> None:
    """Say what a look did. `child`: the manager's, into the log."""
    from filterd.control.feed_words import sentence

    seen = result.seen
    name = seen.feed or result.one.key
    if result.refusal:
        click.echo(f"feed {name}: refused ({result.refusal.code}): {result.refusal.sentence}", err=child)
        if not child:
            click.echo(f"  {sentence(result.refusal.code, 'en')}")
            click.echo(f"  {sentence(result.refusal.code, 'vi')}")
        return
    what = f"{len(result.taken)} lists taken" if result.taken else "new" if result.changed else "nothing new"
    force = f", in force with revision {result.revision}" if result.revision else ""
    click.echo(f"feed {name}: verified, {what}{force}; holds until {_time(seen.expires)}", err=child)
    for warning in seen.warnings:
        click.echo(f"  left out ({warning.code}): {warning.sentence}", err=child)


def say_seen(seen: FeedSeen) -> None:
    """Say how a feed stands."""
    from filterd.control.feed_words import sentence
    from filterd.feed.state import spoken

    click.echo(f"{seen.feed or 'not verified yet'}  {seen.name.of('vi')}  {seen.url}")
    if seen.fingerprint:
        click.echo(f"  root: {spoken(seen.fingerprint)}")
    if seen.is_verified:
        click.echo(f"  verified {_time(seen.verified_at)}, issued {_time(seen.signed_at)}, until {_time(seen.expires)}")
    for entry in seen.lists:
        click.echo(f"  {entry.id:24} {entry.level:12} {entry.category:16} {entry.count:,} names")
    if seen.refusal:
        click.echo(f"  refused {_time(seen.refusal.at)} ({seen.refusal.code}): {seen.refusal.sentence}")
        click.echo(f"  {sentence(seen.refusal.code, 'en')}")
    for warning in seen.warnings:
        click.echo(f"  left out ({warning.code}): {warning.sentence}")


def _time(moment: float) -> str:
    if not moment:
        return "never"
    try:
        return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "?"
