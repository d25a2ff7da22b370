"""A backup sets another box up as this one; whatever else somebody hands over is refused and changes nothing."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filterd.control import accounts, backup, backup_read
from filterd.control.accounts_login import LoginRefused, log_in
from filterd.control.accounts_sessions import account_of_session, digest_of
from filterd.control.backup import ACCOUNTS, BODIES, HOUSEHOLD, LISTS, MANIFEST, make
from filterd.control.household import ensure, import_household, load
from filterd.control.restore import restore
from filterd.errors import ConfigError
from filterd.listbuild.registry import Listed, registry_lock, save, save_body
from filterd.listbuild.registry import load as load_lists
from filterd.model.change import Who
from tests.examples import examples

PASSWORD = "con-mèo-trèo-cây-cau"
WHO = Who("mẹ", "web")
FAMILY = b"version: 1\nprofiles: [{id: an, name: An, categories: {ours: block}}]\ndevices: [{id: lop, name: Lop, profile: an, range: 10.1.0.0/24}]\n"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A box with a family, an admin, a teacher and a list of its own."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    made = tmp_path / "box"
    own = Listed("own", "ours", "domains", "domains", str(tmp_path / "own.txt"))
    fetched = Listed("public", "ads", "hosts", "auto", "https://lists.example.org/a", every_h=48)
    (made / "lists").mkdir(parents=True)
    with registry_lock(made):
        digest = save_body(made, "own", b"bad.example\nworse.example\n")
        save(made, {"own": replace(own, digest=digest, names=2), "public": fetched})
    import_household(made, FAMILY, "household.yaml")
    accounts.add(made, WHO, "me", PASSWORD, "admin", shown="mẹ")
    accounts.add(made, WHO, "co-lan", PASSWORD + "1", "teacher", shown="cô Lan", ranges=["lop"])
    return made


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another box, fresh from its parcel."""
    made = tmp_path / "other"
    ensure(made)
    return made


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(parts: dict[str, bytes], *, signed: bool = True) -> bytes:
    """Pack parts; `signed`: with the digests that belong to them."""
    parts = dict(parts)
    if signed and MANIFEST in parts:
        manifest = json.loads(parts[MANIFEST])
        manifest["parts"] = {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in parts.items()
            if name != MANIFEST
        }
        parts[MANIFEST] = json.dumps(manifest).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in parts.items():
            out.writestr(name, data)
    return buffer.getvalue()


def test_another_box_becomes_this_one(state: Path, other: Path) -> None:
    done = restore(other, WHO, make(state))
    assert load(other) == load(state)
    assert accounts.list_accounts(other) == accounts.list_accounts(state)
    assert log_in(other, "me", PASSWORD, address="192.168.1.7")[1].shown == "mẹ"
    lists = load_lists(other)
    assert (lists["own"].names, lists["own"].category, lists["public"].origin) == (
        2,
        "ours",
        "https://lists.example.org/a",
    )
    assert (lists["public"].digest, lists["public"].every_h) == ("", 48)  # it comes with the next update
    assert done.accounts and done.refused == {}
    assert restore(other, WHO, make(state)).imported.household == load(state)  # again is no harm


def test_what_is_secret_or_private_is_not_in_it(state: Path) -> None:
    token, _ = log_in(state, "me", PASSWORD, address="192.168.1.7")
    data = make(state)
    assert set(parts_of(data)) == {MANIFEST, HOUSEHOLD, ACCOUNTS, LISTS, f"{BODIES}own"}
    text = b"\n".join(parts_of(data).values())
    for secret in (PASSWORD, token, digest_of(token), "192.168.1.7"):
        assert secret.encode() not in text


def test_who_restores_stays_logged_in_and_others_do_not(state: Path, other: Path) -> None:
    mine, _ = log_in(state, "me", PASSWORD, address="192.168.1.7")
    hers, _ = log_in(state, "co-lan", PASSWORD + "1", address="192.168.1.8")
    data = make(state)
    accounts.reset_password(state, WHO, "me", "ba-con-voi-qua-cau-1")
    accounts.reset_password(state, WHO, "co-lan", "ba-con-voi-qua-cau-2")
    mine, _ = log_in(state, "me", "ba-con-voi-qua-cau-1", address="192.168.1.7")
    hers, _ = log_in(state, "co-lan", "ba-con-voi-qua-cau-2", address="192.168.1.8")
    restore(state, WHO, data, keep=digest_of(mine))
    assert account_of_session(state, mine) is not None and account_of_session(state, hers) is None
    with pytest.raises(LoginRefused):
        log_in(state, "me", "ba-con-voi-qua-cau-1", address="192.168.1.9")


def test_accounts_can_be_left_as_they_are(state: Path, other: Path) -> None:
    accounts.add(other, WHO, "ba", PASSWORD, "admin", shown="ba")
    assert not restore(other, WHO, make(state), with_accounts=False).accounts
    assert [one.name for one in accounts.list_accounts(other)] == ["ba"]


def test_lists_that_the_backup_does_not_know_are_left_out_and_kept(state: Path, other: Path) -> None:
    with registry_lock(other):
        save(other, {**load_lists(other), "extra": Listed("extra", "ads", "hosts", "auto", "https://x.example.org/")})
    restore(other, WHO, make(state))
    assert not load_lists(other)["extra"].enabled and load_lists(other)["public"].enabled


def test_own_names_that_would_block_the_hotline_are_not_taken(state: Path, other: Path) -> None:
    parts = parts_of(make(state)) | {f"{BODIES}own": b"vn-cop.vn\ntongdai111.vn\n111.gov.vn\n<script>\n"}
    done = restore(other, WHO, packed(parts))
    assert set(done.refused) == {"own"} and load_lists(other)["own"].digest == ""


def edit_account(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        said = json.loads(parts[ACCOUNTS])
        said[0] |= values
        parts[ACCOUNTS] = json.dumps(said).encode()

    return change


def edit_list(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        said = json.loads(parts[LISTS])
        said[0] |= values
        parts[LISTS] = json.dumps(said).encode()

    return change


def edit_manifest(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        parts[MANIFEST] = json.dumps(json.loads(parts[MANIFEST]) | values).encode()

    return change


HEAVY = "$argon2id$v=19$m=999999,t=2,p=1$rlIBADJBZGH1ERhszDQjeg$QEIlPylKWOhAv4wJKRW27UkucYmm4p1yL5/AMgl9MR4"
WRONG: dict[str, Callable[[dict[str, bytes]], object]] = {
    "a hash that takes a gigabyte": edit_account(password=HEAVY),
    "a recovery code's hash that does": edit_account(recovery=[HEAVY]),
    "many recovery codes": edit_account(recovery=[""] * 21),
    "no hash": edit_account(password="secret"),
    "a role that is none": edit_account(role="root"),
    "no admin": edit_account(role="parent"),
    "a name of another script": edit_account(name="аdmin"),
    "a way to show it on two lines": edit_account(shown="a\nb"),
    "a time that is none": edit_account(created="NaN"),
    "a second factor that is none": edit_account(totp="<>"),
    "an id that leads elsewhere": edit_account(id="../x"),
    "two of one name": edit_account(name="cô-lan", id="another"),
    "a number for a name": edit_account(name=5),
    "no accounts": lambda p: p.pop(ACCOUNTS),
    "an account that is none": lambda p: p.update({ACCOUNTS: b'["x"]'}),
    "accounts that are none": lambda p: p.update({ACCOUNTS: b'{"x": 1}'}),
    "deep JSON": lambda p: p.update({ACCOUNTS: b"[" * 100_000}),
    "a household that is none": lambda p: p.update({HOUSEHOLD: b"version: 9"}),
    "a part of its own": lambda p: p.update({"../../etc/passwd": b"x"}),
    "names of no list": lambda p: p.update({f"{BODIES}ghost": b"x.example"}),
    "a list of a path": edit_list(id="../own"),
    "a list with a flag that is none": edit_list(enabled="yes"),
    "a list with a size that is none": edit_list(max_bytes=1e300),
    "a list with a bound that is none": edit_list(shrink=True),
    "a list with more said": edit_list(digest="0" * 64),
    "another format": edit_manifest(format="other"),
    "a later version": edit_manifest(version=2),
    "no moment": edit_manifest(made_at="yesterday"),
    "a moment without its zone": edit_manifest(made_at="2026-11-30T00:00:00"),
    "left out what is no list": edit_manifest(left_out="all"),
    "a manifest that is none": lambda p: p.update({MANIFEST: b"[]"}),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_fit_changes_nothing(state: Path, other: Path, what: str) -> None:
    parts = parts_of(make(state))
    WRONG[what](parts)
    signed = isinstance(json.loads(parts[MANIFEST]), dict)
    before = (load(other), load_lists(other), accounts.list_accounts(other))
    with pytest.raises(ConfigError):
        restore(other, WHO, packed(parts, signed=signed))
    assert (load(other), load_lists(other), accounts.list_accounts(other)) == before


def test_a_part_that_is_not_what_the_manifest_says_is_refused(state: Path, other: Path) -> None:
    parts = parts_of(make(state)) | {HOUSEHOLD: b"version: 1\nprofiles: []\n"}
    with pytest.raises(ConfigError, match="missing or damaged"):
        restore(other, WHO, packed(parts, signed=False))


def test_bounds(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make(state)
    with pytest.raises(ConfigError, match="at most"):
        backup_read.read(b"x" * (backup.MAX_FILE + 1), state)
    assert len(data) < backup.MAX_FILE
    bomb = packed(parts_of(data) | {f"{BODIES}own": b"\0" * (backup.MAX_PART + 1)})
    assert len(bomb) < 100_000
    with pytest.raises(ConfigError, match="unpacks to more"):
        backup_read.read(bomb, state)
    monkeypatch.setattr(backup_read, "_MAX_ALL", 1000)
    with pytest.raises(ConfigError, match="unpacks to more"):
        backup_read.read(data, state)
    monkeypatch.setattr(backup_read, "MAX_PARTS", 4)
    with pytest.raises(ConfigError, match="at most 4 parts"):
        backup_read.read(data, state)


def test_names_that_do_not_fit_stay_behind_and_are_told(
    state: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "MAX_BODIES", 5)
    data = make(state)
    assert f"{BODIES}own" not in parts_of(data)
    assert backup_read.read(data, other).left_out == ("own",)


@given(noise=st.binary(max_size=400), at=st.integers(0, 10_000), cut=st.integers(0, 10_000))
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_is_a_sentence(shared_backup: tuple[bytes, Path], noise: bytes, at: int, cut: int) -> None:
    data, place = shared_backup
    damaged = data[: at % len(data)] + noise + data[cut % len(data) :]
    try:
        backup_read.read(damaged, place)
    except ConfigError as exc:
        assert str(exc)


@pytest.fixture(scope="module")
def shared_backup(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Path]:
    place = tmp_path_factory.mktemp("shared") / "box"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILTERD_RUN", str(place.parent / "run"))
        ensure(place)
        return make(place), place
