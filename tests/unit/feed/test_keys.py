"""Keys: the private halves are encrypted, stay out of the office's folder, and open only with their passphrase."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.errors import ConfigError, FeedError
from filterd.feed import keys
from tests.feed_office import PASSPHRASE, START, Made, ask, office

TODAY = START.date()


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return office(tmp_path, signed=False)


def test_private_halves_are_encrypted_and_for_their_owner_alone(made: Made) -> None:
    files = sorted(made.keys.rglob("*.pem"))
    assert [file.stem for file in files] == ["online-1", "targets-1", "root-1", "root-2", "root-3"]
    for file in files:
        assert file.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o077 == 0


def test_a_signer_is_found_by_its_label_and_opens_with_its_passphrase(made: Made) -> None:
    key = next(key for key in keys.read_keys(made.office.folder) if key.label == "root-2")
    places = [made.desk, made.stick("root-2")]
    signer = keys.find_signer(key, places, ask)
    assert signer is not None
    assert signer.public_key.keyid == key.key.keyid
    assert keys.find_signer(key, [made.desk], ask) is None
    with pytest.raises(FeedError, match="does not open with this passphrase"):
        keys.find_signer(key, places, lambda _label, _new: "another one")


def test_a_key_that_is_not_the_one_that_was_noted_is_refused(made: Made) -> None:
    made.stick("root-1").joinpath("root-1.pem").write_bytes(made.stick("root-2").joinpath("root-2.pem").read_bytes())
    with pytest.raises(FeedError, match=r"another key than keys/root-1\.yaml says"):
        keys.find_signer(keys.read_keys(made.office.folder)[1], [made.stick("root-1")], ask)


def test_a_key_without_a_passphrase_is_refused(made: Made) -> None:
    made.desk.joinpath("online-1.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(FeedError, match="encrypted with a passphrase"):
        keys.find_signer(keys.read_keys(made.office.folder)[0], [made.desk], ask)


@pytest.mark.parametrize("inside", [".", "keys", "build/private", "entries/../keys"])
def test_no_private_key_goes_into_the_folder(made: Made, inside: str) -> None:
    place = made.office.folder / inside
    with pytest.raises(FeedError, match="keys must live elsewhere"):
        keys.make_key(made.office.folder, "muong-te", "Lan", place, ask, TODAY)
    (made.keys / "link").symlink_to(made.office.folder)
    with pytest.raises(FeedError, match="keys must live elsewhere"):
        keys.make_key(made.office.folder, "muong-te", "Lan", made.keys / "link", ask, TODAY)


def test_a_short_passphrase_makes_no_key(made: Made) -> None:
    with pytest.raises(FeedError, match="at least 12 characters"):
        keys.make_key(made.office.folder, "muong-te", "Lan", made.desk, lambda _label, _new: "a" * 11, TODAY)
    assert not list(made.keys.rglob("muong-te*"))
    assert not list(made.office.folder.rglob("muong-te*"))
    assert len(PASSPHRASE) >= keys.MIN_PASSPHRASE


def test_a_number_never_comes_again_and_no_file_is_overwritten(made: Made) -> None:
    keys.retire(made.office.folder, "online-1", "lost", TODAY)
    again = keys.make_key(made.office.folder, "online", "Lan", made.desk, ask, TODAY)
    assert again.label == "online-2"
    with pytest.raises(FeedError, match="already replaced"):
        keys.retire(made.office.folder, "online-1", "lost", TODAY)
    (made.office.folder / "keys" / "online-2.yaml").unlink()
    with pytest.raises(FeedError, match="exists already"):
        keys.make_key(made.office.folder, "online", "Lan", made.desk, ask, TODAY)
    with pytest.raises(FeedError, match="label of a key"):
        keys.retire(made.office.folder, "root-9", "lost", TODAY)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("public:", "public: zz #", "64 hexadecimal digits"),
        ("role: root", "role: targets", "says that it is a key of targets"),
        ("holder:", "colour:", "unknown key"),
    ],
)
def test_a_damaged_file_says_where(made: Made, old: str, new: str, what: str) -> None:
    path = made.office.folder / "keys" / "root-1.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ConfigError, match=what):
        keys.read_keys(made.office.folder)
