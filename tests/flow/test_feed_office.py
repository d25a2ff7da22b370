"""The office's whole first quarter of an hour, and a stolen key later, by the commands that a clerk types."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PASSPHRASE = "không ai đoán được câu này"
HOLDERS = {"root-1": "Nguyễn Lan", "root-2": "Vàng Minh", "root-3": "Lò Hoa"}


class Clerk:
    """Types commands in a fresh folder; nobody else's settings are seen."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.office = home / "lai-chau"
        secret = home / "passphrase"
        secret.write_text(PASSPHRASE + "\n")
        secret.chmod(0o600)
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(("FILTERD_", "XDG_"))}
        self.env |= {"XDG_CONFIG_HOME": str(home / "config"), "FILTERD_FEED_PASSPHRASE_FILE": str(secret)}

    def run(self, *words: str, code: int = 0, where: Path | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "filterd", "feed", *words],
            cwd=where or self.office,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done

    def say(self, *words: str) -> str:
        return self.run(*words).stdout

    def refused(self, *words: str) -> str:
        done = self.run(*words, code=1)
        assert done.stderr.startswith("filterd: ")
        assert "Traceback" not in done.stderr
        return done.stderr

    def stick(self, label: str) -> str:
        return str(self.home / f"usb-{label}")

    def box(self, name: str) -> Any:
        """Let a box sync from the tree, as from a USB stick, and return what it says."""
        words = ["sync", "--state", str(self.home / name), "--from", "build/repository", "--json"]
        if not (self.home / name).exists():
            words += ["--root", "keys/root/1.root.json"]
        return json.loads(self.say(*words))


@pytest.fixture
def clerk(tmp_path: Path) -> Clerk:
    return Clerk(tmp_path)


def found_office(clerk: Clerk) -> None:
    vi, en = "Tỉnh Lai Châu", "Lai Châu province"
    clerk.run("init", "lai-chau", "--id", "lai-chau", "--vi", vi, "--en", en, where=clerk.home)
    for label, holder in HOLDERS.items():
        clerk.say("keys", "make", "root", "--holder", holder, "--keys", clerk.stick(label))
    clerk.say("keys", "make", "targets", "--holder", "Nguyễn Lan")
    clerk.say("keys", "make", "online", "--holder", "máy chủ")


def test_a_first_feed_and_a_stolen_key(clerk: Clerk) -> None:
    found_office(clerk)
    assert "root 1 needs 2 more signature(s)" in clerk.say("keys", "status")
    assert "no signed root yet" in clerk.refused("publish")
    assert "1 more signature(s) are needed" in clerk.say("keys", "sign", "--keys", clerk.stick("root-1"))
    signed = clerk.say("keys", "sign", "--keys", clerk.stick("root-3"))
    assert "root 1: complete" in signed
    fingerprint = signed.partition("fingerprint: ")[2].splitlines()[0]
    assert fingerprint in clerk.say("keys", "status")

    # two people decide; the rules say no in sentences
    add = ("add", "casino.example", "--category", "gambling", "--reason", "Sòng bạc trực tuyến")
    clerk.say(*add, "--by", "Nguyễn Lan")
    assert "already (proposed)" in clerk.refused(*add, "--by", "Vàng Minh")
    assert "ending under which everybody registers" in clerk.refused("add", "com.vn", *add[2:], "--by", "Lan")
    assert "waits for another person" in clerk.say("review")
    assert "somebody else has to approve it" in clerk.refused("approve", "casino.example", "--by", "nguyễn lan")
    clerk.say("approve", "casino.example", "--by", "Vàng Minh")

    # a list, first seen, then proposed, then approved as a whole
    (clerk.home / "list.txt").write_text("0.0.0.0 bank-login.example\n0.0.0.0 vn-cop.vn\n")
    take = ("import", "../list.txt", "--category", "scam", "--list", "police")
    assert "nothing is changed yet" in clerk.say(*take)
    assert not (clerk.office / "sources.yaml").exists()
    clerk.say(*take, "--licence", "CC0-1.0", "--reason", "CV 12/2026", "--by", "Nguyễn Lan", "--yes")
    clerk.say("approve", "--list", "police", "--by", "Vàng Minh")

    # a district, a warning, a publication, a box
    clerk.say("part", "muong-te", "--vi", "Huyện Mường Tè", "--en", "Mường Tè district")
    clerk.say("keys", "make", "muong-te", "--holder", "Lò Hoa")
    game = ("game.example", "--part", "muong-te", "--by")
    clerk.say("add", *game, "Lò Hoa", "--category", "games", "--reason", "Chơi trong giờ học")
    clerk.say("approve", *game, "Vàng Minh")
    words = {
        "--title-vi": "Lừa vay tiền",
        "--title-en": "False loans",
        "--vi": "Đừng gửi mã OTP.",
        "--en": "Send no codes.",
    }
    clerk.say("advise", "vay-tien", *[word for pair in words.items() for word in pair])
    first = json.loads(clerk.say("publish", "--json"))
    assert (first["seq"], first["names"], first["skipped"], first["unsigned"]) == (1, 3, [], 0)
    box = clerk.box("box")
    assert (box["result"], box["seq"]) == ("taken", 1)
    assert set(box["taken"]) >= {"lai-chau-gambling", "lai-chau-police-x"}
    assert box["fingerprint"].startswith(fingerprint.replace(" ", ""))

    # the desk is broken into: two keys go, the boxes follow by themselves
    for label in ("targets-1", "online-1"):
        clerk.say("keys", "replace", label, "--because", "stolen")
    assert "2 more signature(s)" in clerk.say("keys", "status")
    for label in ("root-1", "root-2"):
        clerk.say("keys", "sign", "--keys", clerk.stick(label))
    clerk.say("withdraw", "casino.example", "--reason", "đã đổi chủ", "--by", "Lò Hoa")
    second = json.loads(clerk.say("publish", "--json"))
    assert {"targets", "snapshot", "timestamp"} <= set(second["signed"])
    box = clerk.box("box")
    assert (box["seq"], box["refusal"]) == (2, None)
    assert "lai-chau-gambling" not in {one["id"] for one in box["lists"]}
    assert clerk.box("new box")["seq"] == 2  # was given the first root all the same
    assert json.loads(clerk.say("status", "--json"))["steps"] == []

    for path in clerk.office.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert PASSPHRASE.encode() not in data
            assert b"PRIVATE" not in data


def test_secrets_are_refused_where_others_could_read_them(clerk: Clerk) -> None:
    found_office(clerk)
    assert "keys must live elsewhere" in clerk.refused("keys", "sign", "--keys", "keys")
    make = ("keys", "replace", "online-1", "--because", "lost")
    clerk.env["FILTERD_FEED_PASSPHRASE_FILE"] = str(clerk.office / "pass")
    (clerk.office / "pass").write_text(PASSPHRASE)
    assert "keep it elsewhere" in clerk.refused(*make)
    (clerk.office / "pass").rename(clerk.home / "open")
    (clerk.home / "open").chmod(0o644)
    clerk.env["FILTERD_FEED_PASSPHRASE_FILE"] = str(clerk.home / "open")
    assert "can be read by others" in clerk.refused(*make)
    del clerk.env["FILTERD_FEED_PASSPHRASE_FILE"]
    assert "run this in a terminal" in clerk.refused(*make)


def test_what_is_typed_wrongly_is_a_sentence(clerk: Clerk) -> None:
    assert "no feed.yaml here" in clerk.run("review", code=1, where=clerk.home).stderr
    found_office(clerk)
    (clerk.office / "feed.yaml").write_text("layout: 1\nid: lai-chau\nname: {vi: a}\ncolour: red\n")
    said = clerk.refused("review")
    assert "name: en is missing (feed.yaml:3)" in said
    assert "colour: unknown key" in said
    assert "Usage" in clerk.run("approve", "--by", "Lan", code=2).stderr


def test_a_demonstration_is_one_command(clerk: Clerk) -> None:
    made = json.loads(clerk.run("demo", "demo", "--json", where=clerk.home).stdout)
    words = ["--from", made["repository"], "--root", made["root"], "--state", "box", "--json"]
    box = json.loads(clerk.run("sync", *words, where=clerk.home).stdout)
    assert (box["result"], box["seq"]) == ("taken", 2)
    assert "is not empty" in clerk.run("demo", "demo", code=1, where=clerk.home).stderr
