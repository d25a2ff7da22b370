"""The household's use cases: import, export, ensure; what fails changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from filterd.config.household import read
from filterd.control import household as use
from filterd.control.profiles import patch_household
from filterd.control.publish import current
from filterd.errors import ConfigError, StoreError
from filterd.model.change import Who
from filterd.policy.snapshot import Snapshot
from tests.unit.control.policy_state import HOUSEHOLD, IMPORTED, NOW, set_up

OFF = "internet_off:\n  - {profile: anna}\n"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder in which nothing is yet, with a run folder of its own."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    return tmp_path / "state"


def snapshot(state: Path) -> Snapshot:
    """The snapshot in force."""
    now = current(state)
    assert now is not None and now.snapshot is not None
    return Snapshot.load((state / now.snapshot.file).read_bytes())


def content(state: Path) -> dict[str, bytes]:
    """Every file with its bytes, locks left out."""
    return {str(p): p.read_bytes() for p in state.rglob("*") if p.is_file() and p.suffix != ".lock"}


def test_an_import_writes_compiles_and_publishes(state: Path) -> None:
    done = use.import_household(state, HOUSEHOLD.encode(), "h.yaml", IMPORTED)
    assert [p.id for p in done.household.profiles] == ["anna", "ben"]
    now = current(state)
    assert now is not None and (done.published.revision, done.published.workers) == (now.number, 0)
    assert [p.id for p in snapshot(state).profiles] == ["anna", "ben"]
    assert use.load(state) == done.household


def test_what_is_exported_imports_to_the_same_bytes_and_the_same_revision(state: Path) -> None:
    first = use.import_household(state, HOUSEHOLD.encode(), "h.yaml", IMPORTED)
    exported = use.export_household(state)
    again = use.import_household(state, exported, "h.yaml", IMPORTED + 120)
    assert use.export_household(state) == exported
    assert again.published.revision == first.published.revision  # nothing changed, so nothing is published


def test_an_import_of_the_export_is_no_change_in_another_time_zone_either(state: Path) -> None:
    use.import_household(state, (HOUSEHOLD + OFF).encode(), "h.yaml", IMPORTED)
    patch_household(state, Who(), {"timezone": "Asia/Ho_Chi_Minh"})
    exported = use.export_household(state)
    assert b"+07:00" in exported and b"+01:00" not in exported
    use.import_household(state, exported, "h.yaml", NOW)
    assert use.export_household(state) == exported and use.read_stored(state)[1] == 2


def test_the_first_import_into_an_empty_state_puts_the_shipped_lists_into_force_too(state: Path) -> None:
    use.import_household(state, HOUSEHOLD.encode(), "h.yaml", IMPORTED)
    now = current(state)
    assert now is not None and now.bundle is not None and (state / now.bundle.file).stat().st_size > 10_000


def test_an_import_replaces_grants_and_off_too(state: Path) -> None:
    use.import_household(state, (HOUSEHOLD + OFF).encode(), "h.yaml", IMPORTED)
    assert use.load(state).internet_off[0].start == IMPORTED
    use.import_household(state, HOUSEHOLD.encode(), "h.yaml", IMPORTED)
    assert use.load(state).internet_off == ()


def test_grants_and_offs_without_from_begin_with_the_minute_of_the_import_and_keep_it(state: Path) -> None:
    use.import_household(state, (HOUSEHOLD + OFF).encode(), "h.yaml", IMPORTED + 59)
    exported = use.export_household(state)
    assert b"from: '2026-11-24T10:00:00+01:00'" in exported
    use.import_household(state, exported, "h.yaml", NOW)
    assert use.load(state).internet_off[0].start == IMPORTED


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"version: 1\n",
        b"\xff",
        HOUSEHOLD.replace("offline", "sleep").encode(),
        HOUSEHOLD.replace("profile: anna", "profile: nobody").encode(),
        b"#" * (5 * 1024 * 1024),
    ],
    ids=["empty", "no profiles", "no text", "effect", "reference", "huge"],
)
def test_an_error_changes_nothing(state: Path, text: bytes) -> None:
    use.import_household(state, HOUSEHOLD.encode(), "h.yaml", IMPORTED)
    before = content(state)
    with pytest.raises(ConfigError):
        use.import_household(state, text, "h.yaml", NOW)
    assert content(state) == before


def test_an_error_before_anything_was_there_makes_no_folder(state: Path) -> None:
    with pytest.raises(ConfigError):
        use.import_household(state, b"version: 1\n", "h.yaml")
    assert not state.exists()


def test_a_household_too_large_to_be_published_is_refused(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "MAX_SNAPSHOT_BYTES", 1000)
    with pytest.raises(ConfigError, match="use fewer windows"):
        use.import_household(state, HOUSEHOLD.encode(), "h.yaml", IMPORTED)
    assert not state.exists()


def test_a_check_names_every_error_and_changes_nothing(state: Path) -> None:
    assert len(use.check(HOUSEHOLD.encode(), state, "h.yaml").devices) == 3
    with pytest.raises(ConfigError, match=r"\(mine.yaml:6\)"):
        use.check(HOUSEHOLD.replace("id: anna", "id: Anna!").encode(), state, "mine.yaml")
    assert not state.exists()


def test_without_a_household_there_is_a_sentence(state: Path) -> None:
    with pytest.raises(StoreError, match="no household yet"):
        use.export_household(state)


def test_a_damaged_household_is_said_and_the_last_good_one_stays_in_force(state: Path) -> None:
    set_up(state)
    before = current(state)
    for file in state.glob("household.db*"):
        file.write_bytes(b"no database at all, and long enough to be seen as one" * 100)
    with pytest.raises(StoreError, match=r"household\.db: .*not a database"):
        use.republish(state)
    assert current(state) == before


def test_a_household_file_of_the_version_before_is_taken_over_once(state: Path) -> None:
    state.mkdir(parents=True)
    (state / use.FILE).write_text(HOUSEHOLD)
    assert not use.ensure(state)
    assert [p.id for p in use.load(state).profiles] == ["anna", "ben"]
    assert not (state / use.FILE).exists() and (state / "household.yaml.old").read_text() == HOUSEHOLD
    (state / use.FILE).write_text(
        HOUSEHOLD.replace("id: ben", "id: tom").replace("default_profile: ben", "default_profile: tom")
    )
    use.ensure(state)  # the store is there: a file is no household any more
    assert [p.id for p in use.load(state).profiles] == ["anna", "ben"]


def test_a_household_file_of_the_version_before_that_is_wrong_is_named_with_its_line(state: Path) -> None:
    state.mkdir(parents=True)
    (state / use.FILE).write_bytes(b"version: 1\nprofiles: {}\n")
    with pytest.raises(ConfigError, match=r"household.yaml:2"):
        use.ensure(state)
    assert (state / use.FILE).exists()


def test_ensure_sets_the_demonstration_up_once(state: Path) -> None:
    assert not use.is_demonstration(state)
    assert use.ensure(state) and use.is_demonstration(state)
    assert not use.ensure(state)
    devices = {d.ip: d.profile for d in use.load(state).devices}
    assert devices == {"127.0.0.11": "lan", "127.0.0.12": "minh", "127.0.0.13": "tuan"}
    use.import_household(state, HOUSEHOLD.encode(), "h.yaml", IMPORTED)
    assert not use.ensure(state) and not use.is_demonstration(state)
    assert [p.id for p in use.load(state).profiles] == ["anna", "ben"]


def test_ensure_publishes_what_an_interrupted_change_left(state: Path) -> None:
    set_up(state)
    with use.open_store(state) as store:  # a change that was killed after it was written and before it was published
        store.change(
            Who(), "profile changed", NOW, lambda s: s.bodies() | {("profile", "ben"): {"id": "ben", "name": "Tom"}}
        )
    assert [p.name for p in snapshot(state).profiles] == ["Anna", "Ben"]
    use.ensure(state)
    assert [p.name for p in snapshot(state).profiles] == ["Anna", "Tom"]


def test_categories_of_the_states_own_lists_may_be_used(state: Path) -> None:
    text = HOUSEHOLD.replace("games: block", "own-kind: block").encode()
    with pytest.raises(ConfigError, match="own-kind"):
        use.check(text, state, "h.yaml")
    (state / "lists").mkdir(parents=True)
    registry = state / "lists" / "registry.json"
    registry.write_text(json.dumps({"lists": [{"category": "own-kind"}]}))
    assert use.check(text, state, "h.yaml").profiles[0].categories.keys() == {"own-kind"}
    for damage in ("{", "[]", '{"lists": 1}', '{"lists": [1]}'):
        registry.write_text(damage)
        with pytest.raises(ConfigError, match="own-kind"):
            use.check(text, state, "h.yaml")


def test_the_example_of_the_format_is_compiled_by_the_shipped_catalogue() -> None:
    from tests.shared import need_shared

    text = (need_shared() / "household.example.yaml").read_bytes()
    loaded = Snapshot.load(use.compile_bytes(read(text, use.known_words(None)), NOW))
    lan = loaded.profiles[0]
    assert lan.safe["youtube"] == "restrictmoderate.youtube.com" and lan.categories["social"].value == "allow"
