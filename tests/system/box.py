"""A Debian of its own: a root made by debootstrap (kept in the user's cache), booted with a real systemd by nspawn.

Needs root, debootstrap, systemd-nspawn, and a Debian mirror the first time. The container has a network of its own with
loopback alone, and the machine's control groups are not touched: they are mounted anew in a mount namespace of ours.

    with Box(tmp_path) as box:
        box.install("--no-start")
        result = box.boot(check, seconds=60)
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parents[2]
SUITE = os.environ.get("FILTERD_SUITE", "bookworm")  # or trixie
MIRROR = os.environ.get("FILTERD_MIRROR", "http://deb.debian.org/debian")
PACKAGES = "python3,python3-venv,systemd,systemd-sysv,systemd-resolved,dbus,iproute2"
BUILD_S = 240.0
_BOOT = """
set -eu
mount --make-rprivate /
umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup || :
mount -t cgroup2 none /sys/fs/cgroup
own=/sys/fs/cgroup/filterd-test.$$
mkdir -p "$own" /run/systemd/nspawn
echo $$ >"$own/cgroup.procs"
code=0
timeout -s KILL "$2" systemd-nspawn -q -D "$1" --private-network --register=no --keep-unit --boot --console=pipe --system-call-filter="adjtimex clock_adjtime" \
    </dev/null || code=$?
echo $$ >/sys/fs/cgroup/cgroup.procs
find "$own" -depth -type d -exec rmdir {} + 2>/dev/null || :
exit "$code"
"""
_CHECK_UNIT = """[Unit]
Description=what the test wants to know
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'python3 /src/check.py >/src/result.json 2>/src/check.stderr'
ExecStopPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=default.target
"""


class Box:
    """One root folder, removed at the end."""

    def __init__(self, folder: Path) -> None:
        """Copy the cached root into `folder`; skips where that cannot be had."""
        base = base_root()
        self.root = folder / "root"
        subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(self.root)], check=True)
        source = self.root / "src"
        source.mkdir()
        for part in ("deploy", "systemd"):
            shutil.copytree(TOP / part, source / part)

    def __enter__(self) -> Box:
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["rm", "-rf", "--one-file-system", str(self.root)], check=False)

    def wheels(self) -> None:
        """Put filterd and what it needs into /src/wheels."""
        own = self.root / "src" / "tree"
        for part in ("filterd", "blocklists", "webui"):
            shutil.copytree(TOP / part, own / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(TOP / part, own / part)
        wheels = self.root / "src" / "wheels"
        lock = ["-c", str(TOP / ".ci" / "requirements.lock")]
        self._pip("wheel", "--no-deps", str(own), "-w", str(wheels))
        shutil.rmtree(own)
        # for the Python of the root, which need not be ours
        version = next(path.name.removeprefix("python") for path in (self.root / "usr/bin").glob("python3.*[0-9]"))
        (wheel,) = wheels.iterdir()
        self._pip("download", "--only-binary=:all:", "--python-version", version, str(wheel), "-d", str(wheels), *lock)

    @staticmethod
    def _pip(*arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "-q", *arguments], capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the root, without systemd, with a /proc of its own."""
        script = 'mount -t proc proc "$1/proc" && root=$1 && shift && exec chroot "$root" "$@"'
        return subprocess.run(
            ["unshare", "-m", "-p", "-f", "sh", "-c", script, "sh", str(self.root), *command],
            env={"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"},
            capture_output=True,
            text=True,
            timeout=300,
        )

    def install(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run deploy/install.sh in the root."""
        return self.run("sh", "/src/deploy/install.sh", "--wheels", "/src/wheels", *options)

    def boot(self, check: Path, seconds: float) -> dict[str, Any]:
        """Boot, run the program `check` inside, end; return the JSON document that it wrote. Skips without a boot."""
        source = self.root / "src"
        shutil.copy(check, source / "check.py")
        shutil.copy(Path(__file__).with_name("box_probe.py"), source / "probe.py")
        unit = self.root / "etc/systemd/system/filterd-test.service"
        unit.write_text(_CHECK_UNIT)
        self.run("systemctl", "enable", unit.name)
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", _BOOT, "sh", str(self.root), str(seconds)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds + 30,
        )
        if not (source / "check.stderr").exists():
            pytest.skip(f"no systemd boots here: {(done.stderr or done.stdout)[-500:]}")
        text = (source / "result.json").read_text()
        assert text.strip(), (source / "check.stderr").read_text()[-4000:] + done.stdout[-3000:]
        found = json.loads(text)
        assert isinstance(found, dict)
        return found


def base_root() -> Path:
    """Return the cached root, made when it is not there. Skips with the reason when it cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("a root made by debootstrap needs root")
    for tool in ("debootstrap", "systemd-nspawn", "unshare"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "filterd-tests"
    packages = "-".join(PACKAGES.replace("python3", "py").split(","))
    base = cache / f"{SUITE}-{packages}"
    if base.is_dir():
        return base
    cache.mkdir(parents=True, exist_ok=True)
    half = cache / f".{base.name}.{os.getpid()}"
    try:
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(half), MIRROR],
            capture_output=True,
            text=True,
            timeout=BUILD_S,
        )
        if done.returncode:
            pytest.skip(f"debootstrap failed: {(done.stderr or done.stdout)[-300:]}")
        shutil.rmtree(half / "var/cache/apt", ignore_errors=True)
        half.rename(base)
    except subprocess.TimeoutExpired:
        pytest.skip(f"debootstrap took more than {BUILD_S:g} s")
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", str(half)], check=False)
    return base
