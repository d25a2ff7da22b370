"""The root of trust: two of three, handed on from one set of holders to the next, followed by boxes that were away."""

from __future__ import annotations

from pathlib import Path

import pytest
from tuf.api.exceptions import UnsignedMetadataError

from filterd.control.feed_office_keys import guide, replace_key
from filterd.errors import FeedError
from filterd.feed import root
from tests.feed_office import START, Made, ask, copy, days, office

TODAY = START.date()


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return office(tmp_path)


def replaced(made: Made, label: str, because: str = "lost") -> str:
    """Replace a key; the new one goes to the same place. Return its label."""
    place = made.stick(label) if label.startswith("root") else made.desk
    done = replace_key(made.office, label, because, holder="Mai", folder=place, ask=ask, today=TODAY)
    if label.startswith("root"):
        place.rename(made.stick(done.new.label))
    return done.new.label


def test_one_signature_is_not_enough(tmp_path: Path) -> None:
    made = office(tmp_path, signed=False)
    first = made.sign("root-3")
    assert (first.version, first.signed, first.missing, first.fingerprint) == (1, ("root-3",), 1, "")
    with pytest.raises(FeedError, match="no signed root yet"):
        made.publish(gambling=["casino.example"])
    with pytest.raises(FeedError, match="no key that could sign root 1"):
        made.sign("root-3")  # again: adds nothing
    second = made.sign("root-1")
    assert second.missing == 0
    assert second.fingerprint == root.fingerprint(root.roots(made.office.folder)[1].read_bytes())
    assert len(second.fingerprint.split()) == 8
    assert made.sign("root-2") is None


def test_the_root_wants_every_role(tmp_path: Path) -> None:
    made = office(tmp_path, signed=False)
    (made.office.folder / "keys" / "root-3.yaml").unlink()
    with pytest.raises(FeedError, match="expected 3 keys of root, got 2"):
        made.sign("root-1")
    assert guide(made.office, START)[0].startswith("1 key(s) of root to make")


def test_a_box_that_was_away_follows_three_rotations(made: Made, tmp_path: Path) -> None:
    made.publish(gambling=["casino.example"])
    box = made.client(tmp_path / "box")
    assert box.sync().seq == 1
    holders = ["root-1", "root-2", "root-3"]
    for _ in range(3):  # in the end nobody of the first holders is left
        gone = holders.pop(0)
        holders.append(replaced(made, gone))
        assert made.sign(holders[0], holders[1]).missing == 0
    assert set(holders) == {"root-4", "root-5", "root-6"}
    assert sorted(root.roots(made.office.folder)) == [1, 2, 3, 4]
    made.publish(gambling=["casino.example", "betting.example"])
    assert box.sync().seq == 2
    assert box.updater._trusted_set.root.version == 4


def test_a_lost_root_key_is_replaced_by_the_two_others(made: Made) -> None:
    new = replaced(made, "root-2")
    assert guide(made.office, START)[0].startswith("root 2 needs 2 more signature(s)")
    assert made.sign("root-1").missing == 1
    assert made.publish(gambling=["casino.example"]).unsigned == 1  # the feed goes on meanwhile
    done = made.sign("root-3")
    assert (done.version, done.missing) == (2, 0)
    assert new in {key.label for key in root.read_keys(made.office.folder)}
    assert guide(made.office, START) == ("root 2 is signed, and not published yet: `filterd feed publish`",)
    assert made.publish(gambling=["casino.example"]).unsigned == 0
    assert guide(made.office, START) == ()


def test_publishing_goes_on_with_the_old_keys_until_the_new_root_is_signed(made: Made, tmp_path: Path) -> None:
    made.publish(gambling=["casino.example"])
    box = made.client(tmp_path / "box")
    box.sync()
    replaced(made, "online-1", "leaving")
    replaced(made, "targets-1", "leaving")
    assert made.publish(gambling=["casino.example", "betting.example"]).unsigned == 2
    assert box.sync().lists[0].count == 2
    assert made.sign("root-1", "root-2").missing == 0
    for label in ("online-1", "targets-1"):
        made.desk.joinpath(f"{label}.pem").unlink()
    assert {"targets", "snapshot"} <= set(made.publish(gambling=["casino.example", "betting.example"]).signed)
    assert box.sync().lists[0].count == 2


def test_old_and_new_holders_each_need_two(made: Made) -> None:
    """Two new holders and one old one are not enough: the old set has to hand over."""
    first, second = replaced(made, "root-1"), replaced(made, "root-2")
    done = made.sign(first, second, "root-3")
    assert done.missing == 1
    assert guide(made.office, START)[0].startswith("Too few of the old root keys are left")


def test_a_stolen_root_key_signs_nothing_more(made: Made, tmp_path: Path) -> None:
    kept = tmp_path / "thief"
    kept.mkdir()
    kept.joinpath("root-2.pem").write_bytes(made.stick("root-2").joinpath("root-2.pem").read_bytes())
    replaced(made, "root-2", "stolen")
    with pytest.raises(FeedError, match="no key that could sign root 2"):
        root.sign(made.office, [kept], ask, START)
    assert made.sign("root-1", "root-3").missing == 0
    assert "root-2" not in [k.label for k in root.in_use(root.read_keys(made.office.folder), "root")]


def test_who_leaves_may_sign_the_handing_over(made: Made) -> None:
    made.keys.joinpath("leaver").mkdir()
    made.keys.joinpath("leaver", "root-2.pem").write_bytes(made.stick("root-2").joinpath("root-2.pem").read_bytes())
    new = replaced(made, "root-2", "leaving")
    assert made.sign("leaver").missing == 2  # one of the old ones more, two of the new ones
    assert made.sign("root-1", new).missing == 0


def test_a_change_of_keys_in_the_middle_starts_the_signing_over(made: Made) -> None:
    replaced(made, "root-2")
    assert made.sign("root-1").missing == 1
    replaced(made, "online-1", "stolen")
    assert made.sign("root-3").missing == 1  # a new draft: the signature of before is not of it
    assert made.sign("root-1").missing == 0


@pytest.mark.parametrize("label", ["online-1", "targets-1"])
def test_a_stolen_publishing_key_is_worth_nothing_after_the_rotation(made: Made, tmp_path: Path, label: str) -> None:
    made.publish(gambling=["casino.example"])
    thief = copy(made, tmp_path / "thief")
    stolen_keys = tmp_path / "stolen"
    made.desk.rename(stolen_keys)
    made.desk.mkdir()
    for file in stolen_keys.glob("*.pem"):
        made.desk.joinpath(file.name).write_bytes(file.read_bytes())
    box = made.client(tmp_path / "box")
    box.sync()
    for role in {"targets-1": ("targets-1", "online-1"), "online-1": ("online-1",)}[label]:
        replaced(made, role, "stolen")
    assert made.sign("root-1", "root-2").missing == 0
    done = made.publish(gambling=["casino.example", "betting.example"])
    assert any(path.startswith("lists/gambling/delta-") for path in done.new_files)  # no box starts over
    assert box.sync().lists[0].count == 2
    stale = Made(thief.office, tmp_path)
    stolen_keys.rename(stale.desk)
    for _ in range(3):  # later versions than the honest office has
        assert "timestamp" in stale.publish(gambling=["evil.example"], at=START + days(1)).signed
    second = root.roots(made.office.folder)[2].read_bytes()
    thief.office.repository.joinpath("metadata", "2.root.json").write_bytes(second)
    box.tree.folder = thief.office.repository
    with pytest.raises(UnsignedMetadataError):
        box.sync()


def test_a_root_is_renewed_before_it_ends(made: Made) -> None:
    late = START + days(320)
    made.publish(gambling=["casino.example"])
    assert guide(made.office, START + days(300)) == ()
    assert "two holders run `filterd feed keys sign --renew" in guide(made.office, late)[0]
    assert made.sign("root-1", at=late) is None  # nothing else changed
    assert made.sign("root-1", at=late, renew=True).missing == 1
    assert made.sign("root-3", at=late, renew=True).missing == 0
    made.publish(at=late, gambling=["casino.example"])
    assert guide(made.office, late) == ()
    with pytest.raises(FeedError, match="the root has expired"):
        made.publish(at=late + days(366), gambling=["casino.example"])


def test_a_damaged_root_says_which(made: Made) -> None:
    root.roots(made.office.folder)[1].write_text("{}")
    with pytest.raises(FeedError, match=r"1\.root\.json is damaged"):
        root.current(made.office.folder)


def test_who_signs_is_told_what_changes(made: Made) -> None:
    assert root.draft(made.office, START) is None
    replaced(made, "root-2")
    waiting = root.draft(made.office, START)
    assert waiting is not None
    assert root.changes(made.office.folder, waiting) == (("root-4 (Mai)",), ("root-2 (Minh)",))


def test_a_draft_that_somebody_changed_on_its_way_is_not_signed(made: Made) -> None:
    replaced(made, "root-2")
    assert made.sign("root-1").missing == 1
    path = made.office.folder / "keys" / "root" / "draft.json"
    good = path.read_text()
    for old, new in (
        ('"expires": "2027', '"expires": "2999'),
        ('"consistent_snapshot": true', '"consistent_snapshot": false'),
        ('"threshold": 2', '"threshold": 1'),
        ('"version": 2', '"version": 2, "more": 1'),
    ):
        assert old in good
        path.write_text(good.replace(old, new))
        again = root.draft(made.office, START)
        assert again is not None
        assert again.signatures == {}  # a new one: what was changed is gone
        assert (again.signed.expires, again.signed.roles["root"].threshold) == (START + days(365), 2)
    path.write_text(good)
    assert made.sign("root-3").missing == 0
