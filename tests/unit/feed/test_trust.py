"""Every attack on a feed, against a real repository over HTTP: refused by its name, and what was in force still is."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

from filterd.control.feed_status import feed_status
from filterd.control.feed_words import sentence
from filterd.feed import delta, index
from filterd.host.clock import BUILD_TIME
from filterd.model.feed import Refusal
from tests import list_server
from tests.feed_box import Box
from tests.feed_server import DAY_S, NOW, Province

FIRST, SECOND = {"adult": [b"old.example"]}, {"adult": [b"new.example", b"old.example"]}
TIMESTAMP = "/metadata/timestamp.json"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A box that has taken the first edition."""
    province = Province()
    province.publish(FIRST)
    with Box(tmp_path / "state", province) as box:
        assert box.sync().taken == ("lai-chau-adult",)
        yield box
        # whatever was tried: what was in force is so still, and the status and the page have their sentence
        assert box.blocks("old.example")
        seen = feed_status(box.state)
        assert seen is not None and seen.is_verified
        if seen.refusal:
            assert sentence(seen.refusal.code, "vi") and sentence(seen.refusal.code, "en")


def refuses(box: Box, code: Refusal) -> None:
    """The box refuses what it is shown, for this reason, and takes nothing of it."""
    assert box.code() is code
    assert not box.blocks("new.example")


def takes_new(box: Box) -> None:
    """The next good edition is taken, whatever was tried before."""
    box.faults.clear()
    box.files = None
    assert box.code() is None
    assert box.blocks("new.example")


def test_a_good_edition_is_taken(box: Box) -> None:
    box.province.publish(SECOND)
    takes_new(box)
    assert box.tags("new.example").mandatory is not None


def test_rollback_to_an_earlier_edition(box: Box) -> None:
    old = dict(box.province.files)
    box.province.publish(SECOND)
    takes_new(box)
    box.files = old
    assert box.code() is Refusal.ROLLBACK
    assert box.blocks("new.example")


def test_rollback_of_the_snapshot_under_a_new_timestamp(box: Box) -> None:
    province = box.province
    old = copy.deepcopy(province.snapshot)
    province.publish({"adult": [b"old.example", b"other.example"]})
    assert box.code() is None
    province.snapshot = old
    province.stamp()
    refuses(box, Refusal.ROLLBACK)


def test_rollback_of_targets_under_a_new_snapshot(box: Box) -> None:
    province = box.province
    old = copy.deepcopy(province.targets)
    province.publish({"adult": [b"old.example", b"other.example"]})
    assert box.code() is None
    province.targets = old
    province.snap()
    refuses(box, Refusal.ROLLBACK)


def test_freeze(box: Box) -> None:
    box.now += 4 * DAY_S
    refuses(box, Refusal.FROZEN)
    box.province.now = box.now
    box.province.publish(SECOND)
    takes_new(box)


def test_freeze_with_a_clock_in_1970(box: Box) -> None:
    """The persisted floor: the box was verified later than this frozen edition ended."""
    frozen = dict(box.province.files)
    box.now = box.province.now = NOW + 10 * DAY_S
    box.province.publish({"adult": [b"old.example", b"other.example"]})
    assert box.code() is None
    (box.state / "feed").joinpath(*_trust(box), "timestamp.json").unlink()  # so that it is no rollback to its eyes
    (box.state / "feed").joinpath(*_trust(box), "snapshot.json").unlink()
    box.now = 0.0
    box.synchronised = False
    box.files = frozen
    refuses(box, Refusal.FROZEN)


def test_a_clock_in_1970_takes_a_good_edition(box: Box) -> None:
    box.now = 0.0
    box.synchronised = False
    box.province.publish(SECOND)
    takes_new(box)
    seen = feed_status(box.state)
    assert seen is not None and seen.verified_at == NOW  # the floor does not go back


def test_a_first_look_with_a_clock_in_1970_judges_by_the_time_of_the_build(tmp_path: Path) -> None:
    province = Province(now=BUILD_TIME - 30 * DAY_S)
    province.publish(FIRST)
    with Box(tmp_path, province) as box:
        box.now, box.synchronised = 0.0, False
        assert box.code() is Refusal.FROZEN


def test_a_clock_far_ahead_is_said_and_takes_nothing_away(box: Box) -> None:
    box.now = NOW + 14 * 365 * DAY_S
    box.synchronised = False
    refuses(box, Refusal.CLOCK_AHEAD)
    box.now = NOW + 3600.0  # set right again: everything goes on
    box.synchronised = True
    box.province.publish(SECOND)
    takes_new(box)


def test_a_clock_far_ahead_is_said_for_a_stick_too(box: Box, tmp_path: Path) -> None:
    stick = box.province.write(tmp_path / "stick")
    box.now = NOW + 14 * 365 * DAY_S
    box.synchronised = False
    assert box.code(source=str(stick)) is Refusal.CLOCK_AHEAD


def test_mix_of_an_old_snapshot_and_a_new_timestamp(box: Box) -> None:
    province = box.province
    first = province.files["/metadata/1.snapshot.json"]
    province.publish(SECOND)
    box.faults["/metadata/2.snapshot.json"] = first
    refuses(box, Refusal.MIXED)
    takes_new(box)


def test_mix_of_old_targets_and_a_new_snapshot(box: Box) -> None:
    province = box.province
    first = province.files["/metadata/1.targets.json"]
    province.publish(SECOND)
    box.faults["/metadata/2.targets.json"] = first
    refuses(box, Refusal.MIXED)
    takes_new(box)


def test_an_edition_that_is_not_complete(box: Box) -> None:
    box.province.publish(SECOND)
    box.faults["/metadata/2.targets.json"] = None
    refuses(box, Refusal.MIXED)
    takes_new(box)


def test_fast_forward_of_the_timestamp(box: Box) -> None:
    province = box.province
    province.publish(SECOND)
    good = copy.deepcopy(province.timestamp)
    province.timestamp.signed.version = 2**31 - 2
    province.sign("timestamp")
    refuses(box, Refusal.FAST_FORWARD)
    province.timestamp = good  # and the office goes on counting as if nothing had been
    province.sign("timestamp")
    takes_new(box)


def test_fast_forward_of_what_a_snapshot_says(box: Box) -> None:
    """Who has the online keys cannot make the office's next targets look like a rollback."""
    province = box.province
    good = copy.deepcopy(province.snapshot)
    province.snapshot.signed.meta["targets.json"].version = 2**31 - 2
    province.snapshot.signed.version += 1
    province.sign("snapshot")
    province.stamp()
    refuses(box, Refusal.FAST_FORWARD)
    province.snapshot = good
    province.snapshot.signed.version += 1
    province.publish(SECOND)
    takes_new(box)


def test_a_stolen_timestamp_key_is_replaced_by_a_root(box: Box) -> None:
    """A leap within the bound is taken; the new key undoes it (the specification's recovery)."""
    province = box.province
    good = province.timestamp.signed.version
    province.timestamp.signed.version += 50_000
    province.sign("timestamp")
    assert box.code() is None
    province.rotate("timestamp")
    province.timestamp.signed.version = good
    province.publish(SECOND)
    takes_new(box)


@pytest.mark.parametrize("path", [TIMESTAMP, "/metadata/2.root.json", "/metadata/2.snapshot.json"])
def test_endless_data(box: Box, path: str) -> None:
    box.province.publish(SECOND)
    box.faults[path] = list_server.endless
    refuses(box, Refusal.ENDLESS)
    takes_new(box)


@pytest.mark.parametrize("fault", [list_server.slow, list_server.slow_header])
def test_a_drip_that_never_ends(box: Box, fault: list_server.Behaviour) -> None:
    box.province.publish(SECOND)
    box.faults["/metadata/2.root.json"] = fault
    assert box.code(total_s=0.5) is Refusal.ENDLESS
    takes_new(box)


def test_an_endless_list(box: Box) -> None:
    box.province.publish(SECOND)
    box.faults[_where(box.province, "delta")] = list_server.endless
    refuses(box, Refusal.ENDLESS)
    takes_new(box)


@pytest.mark.parametrize("path", [TIMESTAMP, "/metadata/2.snapshot.json", "/metadata/2.targets.json"])
@pytest.mark.parametrize("announced", [True, False])
def test_truncation(box: Box, path: str, announced: bool) -> None:
    box.province.publish(SECOND)
    body = box.province.files[path]
    half = body[: len(body) // 2]
    box.faults[path] = (lambda handler: handler.answer(200, half, length=len(body))) if announced else half
    refuses(box, Refusal.TRUNCATED)
    takes_new(box)


def test_a_truncated_list(box: Box) -> None:
    box.province.publish(SECOND)
    where = _where(box.province, "delta")
    box.faults[where] = box.province.files[where][:-3]
    refuses(box, Refusal.TRUNCATED)
    takes_new(box)


@pytest.mark.parametrize("name", ["timestamp", "2.snapshot", "2.targets"])
def test_tampered_metadata(box: Box, name: str) -> None:
    box.province.publish(SECOND)
    path = f"/metadata/{name}.json"
    box.faults[path] = (
        box.province.files[path]
        .replace(b'"expires":"202', b'"expires":"203')
        .replace(b'"expires": "202', b'"expires": "203')
    )
    assert box.faults[path] != box.province.files[path]
    refuses(box, Refusal.TAMPERED)
    takes_new(box)


@pytest.mark.parametrize("longer", [False, True])
@pytest.mark.parametrize("name", ["delta", "index.json"])
def test_a_tampered_target(box: Box, name: str, longer: bool) -> None:
    box.province.publish(SECOND)
    where = _where(box.province, name)
    good = box.province.files[where]
    box.faults[where] = good + b"x" if longer else bytes([good[0] ^ 1]) + good[1:]
    refuses(box, Refusal.TAMPERED)
    takes_new(box)


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_a_wrong_key(box: Box, role: str) -> None:
    province = box.province
    good, thief = province.keys[role], CryptoSigner.generate_ed25519()
    province.keys[role] = thief
    province.publish(SECOND)
    refuses(box, Refusal.WRONG_KEY)
    province.keys[role] = good
    province.publish(SECOND)
    takes_new(box)


def test_a_revoked_key(box: Box) -> None:
    province = box.province
    revoked = province.rotate("timestamp")
    province.publish(SECOND)
    province.sign("timestamp", revoked)
    refuses(box, Refusal.WRONG_KEY)
    province.sign("timestamp")
    takes_new(box)


def test_a_revoked_key_stays_revoked_when_the_new_root_is_hidden_again(box: Box) -> None:
    province = box.province
    revoked = province.rotate("timestamp")
    province.publish(SECOND)
    box.faults[TIMESTAMP] = None  # the box sees the new root, then nothing more
    assert box.code() is Refusal.OFFLINE
    province.sign("timestamp", revoked)
    box.faults = {"/metadata/2.root.json": None}
    refuses(box, Refusal.WRONG_KEY)


@pytest.mark.parametrize("signed_by", [0, 1])
def test_too_few_signatures_of_a_root(box: Box, signed_by: int) -> None:
    province = box.province
    province.root.signed.version += 1
    holders = province.holders[:1] if signed_by else [CryptoSigner.generate_ed25519()]
    province.sign_root(holders)
    province.publish(SECOND)
    refuses(box, Refusal.FEW_SIGNATURES if signed_by else Refusal.WRONG_KEY)
    province.sign_root(province.holders[1:])
    takes_new(box)


def test_a_root_with_the_same_signature_twice(box: Box) -> None:
    province = box.province
    province.root.signed.version += 1
    data = json.loads(province.sign_root(province.holders[:1]))
    data["signatures"] *= 2
    province.files["/metadata/2.root.json"] = json.dumps(data).encode()
    assert box.code() in (Refusal.FEW_SIGNATURES, Refusal.TAMPERED)


def test_a_foreign_root(box: Box) -> None:
    other = Province()
    other.publish(SECOND)
    box.files = other.files
    refuses(box, Refusal.FOREIGN_ROOT)
    other.rotate("timestamp")  # and one that has got a second root meanwhile
    other.publish(SECOND)
    refuses(box, Refusal.FOREIGN_ROOT)


def test_rotation_is_followed_over_several_roots(box: Box) -> None:
    province = box.province
    for role in ("timestamp", "snapshot", "targets"):
        province.rotate(role)
    province.publish(SECOND)
    takes_new(box)


def test_holders_of_the_root_change_one_by_one(box: Box) -> None:
    province = box.province
    for place in range(3):
        old, new = province.holders[place], CryptoSigner.generate_ed25519()
        signers = [holder for holder in province.holders if holder is not old]
        province.root.signed.revoke_key(old.public_key.keyid, "root")
        province.root.signed.add_key(new.public_key, "root")
        province.root.signed.version += 1
        province.holders[place] = new
        province.sign_root(signers)
    province.publish(SECOND)
    takes_new(box)


@pytest.mark.parametrize(
    ("path", "size"), [(TIMESTAMP, 20_000), ("/metadata/2.root.json", 600_000), ("/metadata/2.snapshot.json", 300_000)]
)
def test_metadata_that_is_too_large(box: Box, path: str, size: int) -> None:
    box.province.publish(SECOND)
    box.faults[path] = b'{"a": "' + b"b" * size + b'"}'
    refuses(box, Refusal.BOMB)
    takes_new(box)


@pytest.mark.parametrize("path", [TIMESTAMP, "/metadata/2.root.json"])
def test_metadata_that_is_too_deep(box: Box, path: str) -> None:
    box.province.publish(SECOND)
    box.faults[path] = b"[" * 8000 + b"]" * 8000
    refuses(box, Refusal.BOMB)
    takes_new(box)


def test_a_list_that_unpacks_out_of_all_proportion(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta, "MAX_DELTA_BYTES", 100_000)
    province = box.province
    province.publish(SECOND)
    province.put("lists/adult/delta-1-2.zz", delta.pack(b"+" + b"a" * 200_000 + b"\n"))
    province.put("lists/adult/base-1.zz", b"x" * 400)  # so that the change is the shorter way
    province.finish()
    refuses(box, Refusal.BOMB)


def test_a_part_that_signs_outside_its_paths(box: Box) -> None:
    """The part is left out and said; the province's own lists go on."""
    province = box.province
    province.publish(SECOND, parts={"muong-te": {"games": [b"game.example"]}})
    assert box.sync().seen.warnings == ()
    assert box.blocks("game.example")
    province.put("lists/adult/base-9.zz", b"", "muong-te")
    province.publish(
        {"adult": [b"new.example", b"newer.example", b"old.example"]},
        parts={"muong-te": {"games": [b"game.example", b"evil.example"]}},
    )
    result = box.sync()
    assert [warning.code for warning in result.seen.warnings] == [Refusal.OUTSIDE_PATHS]
    assert box.blocks("newer.example") and box.blocks("game.example") and not box.blocks("evil.example")


def test_a_part_cannot_stand_in_for_the_province(box: Box) -> None:
    """What a delegated role signs under the province's paths is never found."""
    province = box.province
    province.publish(parts={"muong-te": {"games": [b"game.example"]}})
    made = province.publish(SECOND)
    del province.targets.signed.targets["feed/index.json"]
    province.put("feed/index.json", index.dump(made), "muong-te")
    province.sign_part("muong-te")
    province.finish()
    assert box.code() is Refusal.MIXED
    assert not box.blocks("new.example")


def test_a_part_cannot_make_names_mandatory(box: Box) -> None:
    province = box.province
    province.publish(parts={"muong-te": {"games": [b"game.example"]}})
    part = province.part_indexes["muong-te"]
    data = index.dump(part, "muong-te").replace(b'"recommended"', b'"mandatory"')
    province.put(index.index_path("muong-te"), data, "muong-te")
    province.sign_part("muong-te")
    province.finish()
    result = box.sync()
    assert [warning.code for warning in result.seen.warnings] == [Refusal.BAD_INDEX]
    assert not box.blocks("game.example")


def test_a_part_signed_with_a_wrong_key_is_left_out(box: Box) -> None:
    province = box.province
    province.publish(SECOND, parts={"muong-te": {"games": [b"game.example"]}})
    province.sign("muong-te", CryptoSigner.generate_ed25519())
    province.snap()
    result = box.sync()
    assert [warning.code for warning in result.seen.warnings] == [Refusal.WRONG_KEY]
    assert box.blocks("new.example") and not box.blocks("game.example")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"layout": 2}', b"\xff", b"[" * 5000])
def test_an_index_that_makes_no_sense(box: Box, data: bytes) -> None:
    province = box.province
    province.publish(SECOND)
    province.put("feed/index.json", data)
    province.finish()
    refuses(box, Refusal.BAD_INDEX)


def test_a_list_that_is_not_what_the_index_says(box: Box) -> None:
    province = box.province
    province.publish(SECOND)
    province.put("lists/adult/base-1.zz", delta.pack(b"evil.example\n"))
    province.put("lists/adult/delta-1-2.zz", delta.pack(b"+evil.example\n"))
    province.finish()
    refuses(box, Refusal.BAD_LIST)


def test_offline(box: Box) -> None:
    box.files = {}
    refuses(box, Refusal.OFFLINE)
    box.province.publish(SECOND)
    assert box.code(source="http://127.0.0.1:1") is Refusal.OFFLINE
    assert box.code(source=str(box.state / "no-such-folder")) is Refusal.OFFLINE
    takes_new(box)


def test_a_redirect_is_not_followed(box: Box) -> None:
    box.province.publish(SECOND)
    box.faults[TIMESTAMP] = list_server.leads_to("http://127.0.0.1:1/login")
    refuses(box, Refusal.OFFLINE)
    takes_new(box)


def _trust(box: Box) -> tuple[str, str]:
    (key,) = {path.parent.name for path in (box.state / "feed").glob("*/status.json")}
    return key, "trust"


def _where(province: Province, name: str) -> str:
    """Return where the newest target of that name is on the server."""
    return [path for path in province.files if path.startswith("/targets/") and f".{name}" in path][-1]
