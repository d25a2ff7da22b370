"""deploy/install.sh in a Debian root without a running systemd: sets up, is repeatable, takes away, refuses in time."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.system.box import TOP, Box

SCRIPT = TOP / "deploy" / "install.sh"
INSTALL = ("sh", "/src/deploy/install.sh")

pytestmark = [pytest.mark.system, pytest.mark.slow]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(tmp_path_factory.mktemp("box")) as made:
        made.wheels()
        yield made


def ours(box: Box) -> list[str]:
    """Everything in the root with our name, our own copy of the source apart."""
    found = []
    for path in box.root.rglob("*filterd*"):
        name = str(path.relative_to(box.root))
        if not name.startswith(("src/", "proc/", "var/log/")):
            found.append(name)
    return sorted(found)


def test_the_script_is_clean() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", str(SCRIPT)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--wheels", "/src/wheels"], "systemd does not run here"),
        (["--no-start", "--wheels", "/nowhere"], "there is no filterd-*.whl"),
        (["--no-start", "--wheels"], "--wheels needs a folder"),
        (["--no-start"], "there is no source beside deploy/"),
        (["--no-start", "--web", "everywhere"], "--web needs ADDRESS:PORT"),
        (["--no-start", "--web", "host.example:80"], "--web needs an IP address"),
        (["--frobnicate"], "unknown option '--frobnicate'"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_changes(box: Box, options: list[str], why: str) -> None:
    before = ours(box)
    done = box.run(*INSTALL, "--lang", "en", *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("filterd: cannot do it: ") and why in done.stderr
    assert done.stderr.endswith("Nothing was changed.\n")
    assert ours(box) == before


def test_another_system_and_another_user_are_refused(box: Box) -> None:
    release = box.root / "etc/os-release"
    text = release.read_text()
    release.unlink()  # it is a link
    release.write_text(text.replace("ID=debian", "ID=fedora"))
    try:
        done = box.install("--no-start", "--lang", "vi")
        assert done.returncode == 1 and "cần Debian 12 hoặc 13" in done.stderr
    finally:
        release.write_text(text)
    done = box.run("setpriv", "--reuid", "65534", "--clear-groups", *INSTALL, "--no-start", "--lang", "en")
    assert done.returncode == 1 and "root is needed" in done.stderr
    assert ours(box) == []


def test_set_up_twice_and_taken_away(box: Box) -> None:
    before = ours(box)
    for _ in range(2):
        done = box.install("--no-start", "--lang", "en", "--web", "127.0.0.1:8080", "--child")
        assert done.returncode == 0, done.stderr
        assert "The box runs from the next start" in done.stdout
        wanted = {path.name for path in (box.root / "etc/systemd/system").glob("*.wants/filterd*")}
        assert wanted == {
            "filterd.socket", "filterd.service", "filterd-manager.service", "filterd-presence.service",
            "filterd-web.service", "filterd-child.socket",
        }  # fmt: skip
    settings = box.root / "etc/filterd/filterd.yaml"
    own = settings.read_text().replace("# workers: 1", "workers: 2")
    settings.write_text(own)

    made = box.run("filterd", "prepare")
    assert made.returncode == 0, made.stderr
    told = box.run("filterd", "explain", "fb88.com", "--client", "127.0.0.13")
    assert "BLOCKED" in told.stdout, told.stderr
    state = box.root / "var/lib/filterd"
    owners = {path.lstat().st_uid for path in [state, *state.rglob("*")]}
    assert owners == {state.stat().st_uid} != {0}  # root's command line leaves no file that the parts cannot read
    checked = box.run(
        "/opt/filterd/bin/filterd", "serve", "--config", "/etc/filterd/filterd.yaml", "--state", "/nowhere"
    )
    assert "no such state folder" in checked.stderr  # the settings are fine

    done = box.run(*INSTALL, "--uninstall", "--no-start", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert [path for path in ours(box) if not path.startswith("var/lib/filterd")] == [
        "etc/filterd",
        "etc/filterd/filterd.yaml",
    ]
    assert settings.read_text() == own  # what a person wrote stays
    assert (state / "revision.json").exists() and (state / "household.db").exists()
    done = box.run(*INSTALL, "--uninstall", "--purge", "--no-start", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert ours(box) == before
    assert "filterd" not in (box.root / "etc/passwd").read_text()
