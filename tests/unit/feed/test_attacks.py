"""Attacks on a look at the feed that are none of the textbook's: names of targets, strange JSON, roots with tricks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import DelegatedRole, Key
from tuf.api.serialization.json import JSONSerializer

from filterd.control.feed_trust import read_root
from filterd.errors import FeedError
from filterd.feed import index
from filterd.feed.refusal import FeedRefused
from filterd.model.feed import Refusal
from tests.feed_box import Box, attacked
from tests.feed_server import Province

STAMP = "/metadata/timestamp.json"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with attacked(tmp_path / "state") as made:
        yield made


# --- names of targets


@pytest.mark.parametrize(
    "path",
    [
        "../../../etc/passwd",
        "/etc/passwd",
        "lists/../../x",
        "feed/INDEX.json",
        "feed/index%2ejson",
        "feed//index.json",
        "a\0b",
    ],
)
def test_targets_with_names_that_lead_astray_are_never_asked_for(box: Box, path: str) -> None:
    box.province.put(path, b"{}")
    box.province.finish()
    box.code()
    asked = [one for one, _ in box.server.requests if one.startswith("/targets/")]
    assert all(one in box.province.files and ".." not in one for one in asked)
    assert not (box.state / "etc").exists()


def test_a_part_that_claims_what_is_the_province_s(box: Box) -> None:
    """Its delegation is as wide as can be, by a mistake of the office."""
    roles = box.province.targets.signed.delegations
    assert roles is not None and roles.roles is not None
    part: DelegatedRole = roles.roles["muong-te"]
    part.paths = ["*", "*/*", "*/*/*", "*/*/*/*"]
    evil = json.dumps({"layout": 1, "feed": "evil", "seq": 99, "issued": "2026-12-01T00:00:00Z"}).encode()
    box.province.put(index.INDEX, evil, "muong-te")
    box.province.sign_part("muong-te")
    box.province.finish()
    result = box.sync()
    assert result.refusal is None and result.seen.feed == "lai-chau"
    assert [one.code for one in result.seen.warnings] == [Refusal.OUTSIDE_PATHS]


def test_a_snapshot_without_a_role(box: Box) -> None:
    del box.province.snapshot.signed.meta["muong-te.json"]
    box.province.snapshot.signed.version += 1
    box.province.sign("snapshot")
    box.province.stamp()
    assert box.code() is Refusal.ROLLBACK


def test_a_snapshot_without_targets(tmp_path: Path) -> None:
    province = Province()
    province.publish({"adult": [b"adult.example"]})
    province.snapshot.signed.meta["other.json"] = province.snapshot.signed.meta["targets.json"]
    del province.snapshot.signed.meta["targets.json"]
    province.snapshot.signed.version += 1
    province.sign("snapshot")
    province.stamp()
    with Box(tmp_path / "state", province) as box:
        assert box.code() in (Refusal.MIXED, Refusal.TAMPERED)


# --- JSON


def _metadata(box: Box, change: Callable[[bytes], bytes]) -> None:
    box.faults[STAMP] = change(box.province.files[STAMP])


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b'"version"', b'"version": 999, "version"', 1),
        lambda data: data.replace(b'"signed"', b'"signed": {}, "signed"', 1),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: b"NaN",
        lambda data: b'{"signatures": NaN, "signed": {"version": Infinity}}',
        lambda data: b'{"signatures": [], "signed": {"_type": "timestamp", "version": ' + b"9" * 5000 + b"}}",
        lambda data: b'{"signatures": [], "signed": ' + b"1" * 10_000 + b"}",
        lambda data: b"[" * 8000 + b"]" * 8000,
        lambda data: b'{"a":' * 2500 + b"1" + b"}" * 2500,
        lambda data: b"null",
        lambda data: b"\xff\xfe\x00",
        lambda data: b'"\\ud800"',
        lambda data: b'{"signatures": [{"keyid": 5, "sig": []}], "signed": {"_type": "timestamp"}}',
        lambda data: b'{"signatures": [], "signed": {"_type": ["timestamp"]}}',
        lambda data: b"",
    ],
)
def test_metadata_that_is_strange_json(box: Box, change: Callable[[bytes], bytes]) -> None:
    before = box.sync().seen.version
    _metadata(box, change)
    refusal = box.sync().refusal
    if refusal is not None:
        assert refusal.code in (Refusal.TAMPERED, Refusal.BOMB, Refusal.TRUNCATED, Refusal.WRONG_KEY)
    box.faults.clear()
    assert box.sync().seen.version == before


@pytest.mark.parametrize(
    "data",
    [
        b'{"layout":1,"feed":"lai-chau","seq":1e400,"issued":"2026-12-01T00:00:00Z"}',
        b'{"layout":1,"feed":"lai-chau","seq":NaN,"issued":"2026-12-01T00:00:00Z"}',
        b'{"layout":1,"feed":"lai-chau","seq":' + b"9" * 6000 + b',"issued":"2026-12-01T00:00:00Z"}',
        b'{"layout":1,"feed":"lai-chau","seq":5,"issued":"9999-12-31T23:59:59-23:59"}',
        b'{"layout":1,"feed":"lai-chau","seq":5,"issued":"0001-01-01T00:00:00+23:59"}',
        b'{"layout":1,"feed":"lai-chau","seq":5,"issued":"2026-12-01T00:00:00Z","lists":{"a":1}}',
        b'{"layout":1,"feed":"lai-chau","seq":5,"issued":"2026-12-01T00:00:00Z","lists":["x"]}',
        b'{"layout":1,"feed":"lai-chau","seq":5,"issued":"2026-12-01T00:00:00Z","links":{"inbox":"http://[x"}}',
        b'{"layout":1,"feed":"lai-chau","seq":5,"issued":"2026-12-01T00:00:00Z","name":{"vi":"\\ud800"}}',
        b'{"layout":1,"feed":"lai-chau","seq":5,"issued":"2026-12-01T00:00:00Z","host":"com\\u0000.vn"}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 40_000,
    ],
)
def test_an_index_that_is_strange_json(data: bytes) -> None:
    with pytest.raises(FeedRefused) as caught:
        index.parse(data)
    assert caught.value.code is Refusal.BAD_INDEX


# --- roots


def _root(box: Box, change: Callable[[Any], object], signers: list[CryptoSigner]) -> Refusal | None:
    province = box.province
    province.root.signed.version += 1
    change(province.root.signed)
    province.sign_root(signers)
    return box.code()


def test_one_key_under_two_ids_counts_once(box: Box) -> None:
    """Root 2 wants two signatures; its two keys are one and the same under two ids."""
    province = box.province
    signer = province.holders[0]
    public = signer.public_key.to_dict()
    twin = Key.from_dict("f" * 64, json.loads(json.dumps(public)))
    province.root.signed.version += 1
    province.root.signed.add_key(twin, "root")
    data = json.loads(province.root.to_bytes(JSONSerializer()))
    province.root.signatures.clear()
    made = province.root.sign(signer)
    data["signatures"] = [{"keyid": key, "sig": made.signature} for key in (signer.public_key.keyid, "f" * 64)]
    province.files[f"/metadata/{province.root.signed.version}.root.json"] = json.dumps(data).encode()
    assert box.code() in (Refusal.FEW_SIGNATURES, Refusal.WRONG_KEY)


def test_a_root_that_lowers_its_threshold_needs_the_old_one(box: Box) -> None:
    def lower(root: Any) -> None:
        root.roles["root"].threshold = 1

    assert _root(box, lower, box.province.holders[:1]) is Refusal.FEW_SIGNATURES


def test_a_root_that_raises_its_threshold_needs_the_new_one_too(box: Box) -> None:
    def higher(root: Any) -> None:
        root.roles["root"].threshold = 3

    assert _root(box, higher, box.province.holders[:2]) is Refusal.FEW_SIGNATURES


@pytest.mark.parametrize("threshold", [0, -1, 10**30, True, "2", 1.5])
def test_a_threshold_that_is_none(box: Box, threshold: object) -> None:
    province = box.province
    province.root.signed.version += 1
    data = json.loads(province.sign_root(province.holders[:2]))
    data["signed"]["roles"]["root"]["threshold"] = threshold
    province.files[f"/metadata/{province.root.signed.version}.root.json"] = json.dumps(data).encode()
    assert box.code() in (Refusal.TAMPERED, Refusal.FEW_SIGNATURES, Refusal.WRONG_KEY)


def test_an_expired_root_in_the_middle_of_a_chain_is_passed_and_one_at_its_end_is_not(box: Box) -> None:
    province = box.province
    good = province.root.signed.expires

    def until(moment: datetime) -> Callable[[Any], None]:
        return lambda root: setattr(root, "expires", moment)

    ended = datetime.fromtimestamp(province.now, UTC) - timedelta(days=1)
    assert _root(box, until(ended), province.holders[:2]) is Refusal.FROZEN
    assert _root(box, until(good), province.holders[:2]) is None


def test_a_root_that_skips_a_number(box: Box) -> None:
    province = box.province
    province.root.signed.version += 5
    data = province.sign_root(province.holders[:2])
    province.files["/metadata/2.root.json"] = data
    assert box.code() is Refusal.ROLLBACK


@pytest.mark.parametrize("data", [b"", b"{}", b"[", b"[" * 100_000, b"null", b"\xff"])
def test_a_pinned_root_that_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "root.json"
    path.write_bytes(data)
    with pytest.raises(FeedError):
        read_root(path)


def test_a_pinned_root_of_another_role(tmp_path: Path) -> None:
    province = Province()
    province.publish({"adult": [b"adult.example"]})
    path = tmp_path / "root.json"
    path.write_bytes(province.files[STAMP])
    with pytest.raises(FeedError):
        read_root(path)


def test_a_target_of_the_right_digest_and_the_wrong_length(box: Box) -> None:
    """Somebody who signs targets announces less than the file has."""
    target = box.province.targets.signed.targets[index.INDEX]
    target.length -= 1
    box.province.finish()
    assert box.code() is Refusal.TAMPERED


def test_a_target_with_a_digest_that_nobody_knows(box: Box) -> None:
    target = box.province.targets.signed.targets[index.INDEX]
    target.hashes = {"md4000": hashlib.sha256(b"x").hexdigest()}
    box.province.finish()
    assert box.code() in (Refusal.TAMPERED, Refusal.MIXED)
