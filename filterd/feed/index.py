"""The index of a feed, from bytes to values and back, and the names of the files that it speaks of.

    feed/index.json                     lists/<id>/base-<seq>.zz    lists/<id>/delta-<from>-<to>.zz
    parts/<role>/index.json             parts/<role>/lists/<id>/base-<seq>.zz ...

A signature says who wrote an index, not that it makes sense: every field is checked, every number has a bound, and what
does not fit is FeedRefused(BAD_INDEX) with the field's name. Unknown fields are left alone, so that a later feed can say
more to a later box.

    index = parse(data)                        # of the feed; parse(data, role="muong-te") of a part
    dump(index)                                # canonical bytes
    list_file("adult", base_name(7))           # "lists/adult/base-7.zz"
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from filterd.feed.delta import MAX_TEXT_BYTES
from filterd.feed.fields import (
    MAX_TEXT,
    MAX_URL,
    flag,
    load_json,
    many,
    match,
    moment,
    number,
    page,
    text,
    unique,
    words,
)
from filterd.feed.refusal import FeedRefused
from filterd.model.feed import (
    MAX_DELTAS,
    MAX_LISTS,
    MAX_NAMES,
    MAX_PARTS,
    MAX_UPSTREAMS,
    FeedIndex,
    FeedLinks,
    FeedList,
    FeedPart,
    FeedUpstream,
    Level,
    Refusal,
    Words,
)

LAYOUT = 1
MAX_INDEX_BYTES = 256 * 1024
MAX_DOCUMENT_BYTES = 1024 * 1024  # advisories.json, materials.json, outcomes.json
MAX_SEQ = 2**40
INDEX = "feed/index.json"
DOCUMENTS = {"advisories": "feed/advisories.json", "materials": "feed/materials.json", "outcomes": "feed/outcomes.json"}
_feed = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?").fullmatch
_list = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,17}[a-z0-9])?").fullmatch  # with the feed's 20 and a hyphen: 40 together
_slug = re.compile(r"[a-z0-9-]{1,40}").fullmatch
_hex = re.compile(r"[0-9a-f]{64}").fullmatch
_host = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]").fullmatch
_phone = re.compile(r"[0-9+ ().-]{2,20}").fullmatch


def is_feed_id(value: str) -> bool:
    """True for 1 to 20 of a-z, 0-9 and hyphens inside: the id of a feed or of a role."""
    return _feed(value) is not None


def is_list_id(value: str) -> bool:
    """True for 1 to 19 of a-z, 0-9 and hyphens inside: the id of a list within a feed."""
    return _list(value) is not None


def index_path(role: str = "") -> str:
    """Return the target path of the index of the feed, or of a delegated `role`."""
    return f"parts/{role}/index.json" if role else INDEX


def list_path(list_id: str, file: str, role: str = "") -> str:
    """Return the target path of a list's `file`, which base_name or delta_name made."""
    return f"parts/{role}/lists/{list_id}/{file}" if role else f"lists/{list_id}/{file}"


def base_name(seq: int) -> str:
    """Return the name of the whole list at `seq`."""
    return f"base-{seq}.zz"


def delta_name(before: int, after: int) -> str:
    """Return the name of what changed from one sequence number to a later one."""
    return f"delta-{before}-{after}.zz"


def delegation_paths(role: str) -> list[str]:
    """Return the paths that a delegated role may sign; `*` does not cross a `/` in TUF."""
    return [f"parts/{role}/*", f"parts/{role}/*/*", f"parts/{role}/*/*/*"]


def chain(listed: FeedList, held: int) -> tuple[tuple[int, int], ...] | None:
    """Return the deltas that lead from `held` to the list's `seq`; () when it is there, None when none lead there."""
    if held == listed.seq:
        return ()
    for at, (before, _) in enumerate(listed.deltas):
        if before == held:
            return listed.deltas[at:]
    return None


def parse(data: bytes, role: str = "") -> FeedIndex:
    """Return an index. `role`: that of the delegated part it belongs to. Raises FeedRefused(BAD_INDEX)."""
    document = load_json(data, MAX_INDEX_BYTES, index_path(role))
    try:
        return _index(document, role)
    except (ValueError, TypeError, KeyError) as exc:
        what = f"{exc.args[0]} is missing" if isinstance(exc, KeyError) else str(exc)
        raise FeedRefused(Refusal.BAD_INDEX, f"{index_path(role)}: {what}") from exc


def dump(index: FeedIndex, role: str = "") -> bytes:
    """Return an index as bytes: the same for the same values. Raises FeedRefused(BAD_INDEX) for what no box takes."""
    document: dict[str, Any] = {
        "layout": LAYOUT,
        "feed": index.feed,
        "name": _said(index.name),
        "seq": index.seq,
        "issued": index.issued,
        "host": index.host,
        "lists": [
            {
                "id": one.id,
                "category": one.category,
                "level": one.level.value,
                "seq": one.seq,
                "count": one.count,
                "sha256": one.sha256,
                "size": one.size,
                "base": one.base,
                "deltas": [list(step) for step in one.deltas],
                "exact": one.exact,
                "name": _said(one.name),
                "licence": one.licence,
                "source": one.source,
            }
            for one in index.lists
        ],
        "parts": [{"role": part.role, "name": _said(part.name)} for part in index.parts],
        "advisories": index.advisories,
        "materials": index.materials,
        "outcomes": index.outcomes,
        "links": {
            "hotline": index.links.hotline,
            "report": index.links.report,
            "handbook": _said(index.links.handbook),
            "inbox": index.links.inbox,
        },
        "upstreams": [{"url": one.url, "why": _said(one.why)} for one in index.upstreams],
    }
    data = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
    parse(data, role)
    return data


def _index(document: dict[str, Any], role: str) -> FeedIndex:
    if document["layout"] != LAYOUT:
        raise ValueError(f"expected layout {LAYOUT}, got {str(document['layout'])[:20]!r}")
    issued = text(document["issued"], "issued", 40)
    moment(issued)
    lists = many(document.get("lists", []), "lists", MAX_LISTS, lambda entry: _listed(entry, role))
    unique([one.id for one in lists], "lists")
    own: dict[str, Any] = {} if role else document  # a part has lists and nothing else
    parts = many(own.get("parts", []), "parts", MAX_PARTS, _part)
    unique([part.role for part in parts], "parts")
    host = text(own.get("host", ""), "host", 253)
    if host and not _host(host):
        raise ValueError(f"host: expected a lower-case host name, got {host!r}")
    return FeedIndex(
        feed=match(document["feed"], "feed", _feed),
        seq=number(document["seq"], "seq", 1, MAX_SEQ),
        issued=issued,
        name=words(document.get("name", {}), "name"),
        host=host,
        lists=lists,
        parts=parts,
        advisories=flag(own, "advisories"),
        materials=flag(own, "materials"),
        outcomes=flag(own, "outcomes"),
        links=_links(own.get("links", {})),
        upstreams=many(own.get("upstreams", []), "upstreams", MAX_UPSTREAMS, _upstream),
    )


def _listed(entry: dict[str, Any], role: str) -> FeedList:
    key = match(entry["id"], "lists: id", _list)
    where = f"list {key}"
    try:
        level = Level(entry["level"])
    except ValueError:
        raise ValueError(f"{where}: expected the level mandatory, recommended or optional") from None
    if role and level is Level.MANDATORY:
        raise ValueError(f"{where}: a delegated role cannot make names mandatory")
    seq = number(entry["seq"], f"{where}: seq", 1, MAX_SEQ)
    base = number(entry["base"], f"{where}: base", 1, seq)
    deltas = many(entry.get("deltas", []), f"{where}: deltas", MAX_DELTAS, lambda step: _step(step, where))
    at = deltas[0][0] if deltas else seq
    points = {at}
    for before, after in deltas:
        if before != at:
            raise ValueError(f"{where}: expected a delta from {at}, got one from {before}")
        at = after
        points.add(at)
    if at != seq or base not in points:
        raise ValueError(f"{where}: expected deltas that lead from base {base} to {seq}")
    return FeedList(
        id=key,
        category=match(entry["category"], f"{where}: category", _slug),
        level=level,
        seq=seq,
        count=number(entry["count"], f"{where}: count", 0, MAX_NAMES),
        sha256=match(entry["sha256"], f"{where}: sha256", _hex),
        size=number(entry["size"], f"{where}: size", 0, MAX_TEXT_BYTES),
        base=base,
        deltas=deltas,
        exact=flag(entry, "exact"),
        name=words(entry.get("name", {}), f"{where}: name"),
        licence=text(entry.get("licence", ""), f"{where}: licence", MAX_TEXT),
        source=text(entry.get("source", ""), f"{where}: source", MAX_URL),
    )


def _step(step: Any, where: str) -> tuple[int, int]:
    if not isinstance(step, list) or len(step) != 2:
        raise ValueError(f"{where}: expected deltas as pairs of two numbers")
    before = number(step[0], f"{where}: a delta's start", 1, MAX_SEQ)
    return before, number(step[1], f"{where}: a delta's end", before + 1, MAX_SEQ)


def _part(entry: dict[str, Any]) -> FeedPart:
    role = match(entry["role"], "parts: role", _list)
    return FeedPart(role, words(entry.get("name", {}), f"part {role}: name"))


def _links(entry: Any) -> FeedLinks:
    if not isinstance(entry, dict):
        raise TypeError("links: expected an object")
    hotline = text(entry.get("hotline", ""), "links: hotline", 20)
    if hotline and not _phone(hotline):
        raise ValueError(f"links: hotline: expected a telephone number, got {hotline!r}")
    handbook = words(entry.get("handbook", {}), "links: handbook")
    for address in (handbook.vi, handbook.en):
        page(address, "links: handbook")
    report = page(text(entry.get("report", ""), "links: report", MAX_URL), "links: report")
    inbox = page(text(entry.get("inbox", ""), "links: inbox", MAX_URL), "links: inbox")
    return FeedLinks(hotline, report, handbook, inbox)


def _upstream(entry: dict[str, Any]) -> FeedUpstream:
    url = text(entry["url"], "upstreams: url", MAX_URL)
    if urlsplit(url).scheme not in ("tls", "https", "udp", "tcp") or not urlsplit(url).hostname:
        raise ValueError(f"upstreams: expected an address such as tls://dns.example.org, got {url!r}")
    return FeedUpstream(url, words(entry.get("why", {}), "upstreams: why"))


def _said(words: Words) -> dict[str, str]:
    return {"vi": words.vi, "en": words.en}
