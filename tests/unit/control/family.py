"""A household for the tests of the use cases, and short ways to ask it."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control.change import Done
from filterd.control.explain import Explainer
from filterd.control.explain_question import Question
from filterd.control.household import export_household, load
from filterd.control.moves import Whom
from filterd.model.change import Who
from filterd.model.household import Device, Profile
from tests.unit.control.policy_state import NOW, set_up

MUM, DAD, PAGE = Who("mẹ"), Who("bố"), Who("mẹ", "web", "192.0.2.9")
ANNA, BEN = Whom(profile="anna"), Whom(profile="ben")
PAD, PHONE = Whom(device="pad"), Whom(device="phone")
EVERYONE = Whom(everyone=True)
HOSTILE = ["a\nb", "a\x1b[31mb", "a\x00b", "\u202egpj.exe", "a\x7fb", "x" * 10_000, "\udce9", "a\u2028b"]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with the household of policy_state.py in force."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    return set_up(tmp_path / "state")


def row(state: Path, name: str, client: str, at: float = NOW) -> str:
    """The action and the row of the published revision: `block category`."""
    explainer = Explainer(state, live=False)
    try:
        found = explainer.explain(Question(name, "A", client), now=at)
    finally:
        explainer.close()
    return f"{found['action']} {found['row']}"


def profile(state: Path, ident: str) -> Profile:
    """A profile as it lies in the store."""
    return next(p for p in load(state).profiles if p.id == ident)


def device(state: Path, ident: str) -> Device:
    """A device as it lies in the store."""
    return next(d for d in load(state).devices if d.id == ident)


def number(done: Done) -> int:
    """The number of the change that was made."""
    assert done.change is not None and not done.problem
    return done.change.number


def content(state: Path) -> bytes:
    """The household as its file."""
    return export_household(state)
