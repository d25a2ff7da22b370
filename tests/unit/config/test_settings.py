"""The operator's settings: values, their way to the workers, and the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.config import settings_file
from filterd.config.settings import DEFAULT_UPSTREAMS, Listen, Settings, parse_web
from filterd.errors import ConfigError
from filterd.model.household import ForwardZone

FULL = """\
# everything at once
upstreams: [udp://1.1.1.3, "tcp://[2606:4700:4700::1113]:5353"]
dns: ["192.168.1.2:53", "[fd00::2]:53"]
web: 127.0.0.1:8080
workers: 4
block: null
block_ttl_s: 30
answer_ranges: [10.20.0.1/16, 2001:db8::/48]
forward_zones:
  - {zone: school.example, to: [udp://10.0.0.1, tcp://10.0.0.2]}
rebind_allow: [nas.example.org]
cache_mib: 64
rate_per_client: 100
own_name: filter.example
"""


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [("127.0.0.1:5300", "127.0.0.1", 5300), ("[::1]:53", "::1", 53), (" 0.0.0.0:0 ", "0.0.0.0", 0)],
)
def test_an_address_to_listen_at(text: str, address: str, port: int) -> None:
    assert Listen.parse(text) == Listen(address, port)
    assert Listen.parse(str(Listen.parse(text))) == Listen.parse(text)


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "::1:53", "[127.0.0.1]:53", "1.2.3:53", "1.2.3.4:70000", ":53", "x:y", ""]
)
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected"):
        Listen.parse(text)


def test_settings_survive_the_way_to_a_worker() -> None:
    settings = settings_file.read(FULL)
    assert Settings.from_json(settings.to_json()) == settings
    assert Settings.from_json(Settings().to_json()) == Settings()


def test_the_file_says_everything() -> None:
    assert settings_file.read(FULL) == Settings(
        dns=(Listen("192.168.1.2", 53), Listen("fd00::2", 53)),
        web="127.0.0.1:8080",
        upstreams=("udp://1.1.1.3", "tcp://[2606:4700:4700::1113]:5353"),
        workers=4,
        block="null",
        block_ttl_s=30,
        answer_ranges=("10.20.0.0/16", "2001:db8::/48"),
        forward_zones=(ForwardZone(b"\x06school\x07example\x00", ("udp://10.0.0.1", "tcp://10.0.0.2")),),
        rebind_allow=(b"\x03nas\x07example\x03org\x00",),
        cache_mib=64,
        rate_per_client=100,
        own_name=b"\x06filter\x07example\x00",
    )


def test_what_is_left_out_has_its_default() -> None:
    settings = settings_file.read("dns: 127.0.0.1:5353\n")
    assert settings == Settings(dns=(Listen("127.0.0.1", 5353),))
    assert settings.upstreams == DEFAULT_UPSTREAMS


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("upstream: [udp://1.1.1.3]", "upstream: unknown key; did you mean upstreams? (filterd.yaml:1)"),
        ("\nupstreams: [udp://1.1.1.3, udp://1.1.1.3:0]", "upstreams[1]: expected an upstream"),
        ("upstreams:\n - tls://1.1.1.3", "encrypted upstreams (tls://) are not served yet"),
        ("dns: [localhost:53]", "dns[0]: expected ADDRESS:PORT"),
        ("workers: 0", "workers: expected a whole number from 1 to 64"),
        ("workers: many", "workers: expected a whole number from 1 to 64"),
        ("block: nx", "unknown block mode 'nx'"),
        ("block_ttl_s: 61", "not in 1..60"),
        ("answer_ranges: [0.0.0.0/0]", "that is the whole Internet"),
        ("answer_ranges: [10.0.0.0/33]", "answer_ranges[0]"),
        ("rebind_allow: [a..b]", "rebind_allow[0]"),
        ("forward_zones: [{zone: a.example}]", "to is missing"),
        ("web: here", "web: expected ADDRESS:PORT or off"),
        ("cache_mib: 0", "cache_mib"),
        ("workers: 1\nworkers: 2", "this key stands here twice (filterd.yaml:2)"),
        ("- a list", "expected a mapping"),
        ("{", "not YAML"),
    ],
)
def test_an_error_names_path_and_line(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_file.read(text)
    assert problem in str(caught.value)
    assert "filterd.yaml:" in str(caught.value)


def test_all_errors_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        settings_file.read("workers: 0\nblock: x\ncolour: red\n")
    assert len(caught.value.problems) == 3


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        settings_file.load(tmp_path / "filterd.yaml")
    (tmp_path / "filterd.yaml").write_text("web: off\n")
    assert settings_file.load(tmp_path / "filterd.yaml") == Settings(web="off")


def test_the_pages_address() -> None:
    assert parse_web("OFF") == "off"
    assert parse_web("127.0.0.1:8080") == "127.0.0.1:8080"
