"""The wheel carries everything that is shipped and stays small: a box in the hills updates over a phone."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MAX_BYTES = 3 * 1024 * 1024
PACKAGES = ("filterd", "webui", "blocklists")
COMPILED = {".so", ".c", ".pyc"}
NEEDED_SETUPTOOLS = 77  # pyproject.toml, build-system


def files_of(package: str) -> list[Path]:
    """Every file in a package of the tree, without what a build or a run leaves there."""
    files = (path for path in (ROOT / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(path.relative_to(ROOT) for path in files if path.suffix not in COMPILED)


def test_every_file_of_the_catalogue_is_named_in_the_package_data() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["blocklists"]
    data = [path.relative_to("blocklists") for path in files_of("blocklists") if path.suffix != ".py"]
    assert {str(path.parent) for path in data} >= {".", "services", "starter", "icons"}
    left_out = {path.parts[0] for path in data if not any(path.match(pattern) for pattern in patterns)}
    assert left_out == set()


def test_all_that_is_shipped_is_smaller_than_three_mebibytes(tmp_path: Path) -> None:
    """As a wheel packs it: deflated, every file of the three packages."""
    with zipfile.ZipFile(tmp_path / "all.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for package in PACKAGES:
            for path in files_of(package):
                archive.write(ROOT / path, str(path))
    assert 100_000 < (tmp_path / "all.whl").stat().st_size < MAX_BYTES


@pytest.mark.slow
def test_a_real_wheel_holds_the_whole_catalogue(tmp_path: Path) -> None:
    if int(importlib.metadata.version("setuptools").partition(".")[0]) < NEEDED_SETUPTOOLS:
        pytest.skip(f"setuptools {NEEDED_SETUPTOOLS} is not installed here, and no test asks the network for it")
    source = tmp_path / "source"
    for package in PACKAGES:
        for path in files_of(package):
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, source / path)
    for file in ("pyproject.toml", "README.md", "LICENSE", "setup.py"):
        if (ROOT / file).exists():
            shutil.copy(ROOT / file, source / file)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        "out",
        ".",
    ]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (source / "out").glob("*.whl")
    assert wheel.stat().st_size < MAX_BYTES
    with zipfile.ZipFile(wheel) as archive:
        wanted = {
            str(path) for package in ("blocklists", "webui") for path in files_of(package) if path.name != "README.md"
        }
        missing = wanted - set(archive.namelist())
    assert missing == set()
