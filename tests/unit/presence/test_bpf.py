"""The filter in the kernel against a plain sentence of what it takes: same verdict on random, built and real frames."""

from __future__ import annotations

import os
import socket
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.presence.bpf import AD_HATYPE, AD_PKTTYPE, AD_VLAN_TAG_PRESENT, PROGRAM, SNAP, assemble, attach
from tests import packets
from tests.examples import examples
from tests.property.test_wire_pcaps import frames
from tests.shared import need_shared
from tests.unit.presence.cbpf import run

MAC, ROUTER = "02:aa:00:00:00:11", "02:aa:00:00:00:01"
CODE = assemble()
HERE = {AD_PKTTYPE: 1, AD_HATYPE: 1, AD_VLAN_TAG_PRESENT: 0}  # a broadcast, of an Ethernet interface, untagged


def wanted(frame: bytes) -> bool:
    """The same in plain words."""
    kind = frame[12:14]
    if len(frame) >= 14 and kind == b"\x08\x06":
        return True
    if kind == b"\x08\x00" and len(frame) > 23 and frame[23] == 17:
        ports = 14 + 4 * (frame[14] & 15) + 2
        first = struct.unpack("!H", frame[20:22])[0] & 0x1FFF == 0
        return first and frame[ports : ports + 2] in {struct.pack("!H", port) for port in (67, 68, 5353)}
    if kind == b"\x86\xdd" and len(frame) > 20 and frame[20] == 58:
        return len(frame) > 54 and 133 <= frame[54] <= 136
    if kind == b"\x86\xdd" and len(frame) > 20 and frame[20] == 17:
        return frame[56:58] in {struct.pack("!H", port) for port in (546, 547, 5353)}
    return False


TAKEN = [
    packets.arp(MAC, "192.0.2.11"),
    packets.dhcp_request(MAC, b""),
    packets.dhcp_reply(ROUTER, "192.0.2.1", MAC, "192.0.2.11", ["192.0.2.1"]),
    packets.mdns4(MAC, "192.0.2.11", packets.mdns([])),
    packets.mdns6(MAC, "fe80::11", packets.mdns([])),
    packets.solicit(MAC, "fe80::11", "fe80::1"),
    packets.advertise(MAC, "2001:db8::11"),
    packets.router(ROUTER, "fe80::1"),
    packets.dhcp6(MAC, "fe80::11", 1, b""),
    packets.dhcp6(ROUTER, "fe80::1", 7, b"", "fe80::11"),
]
LEFT = [
    packets.udp4(MAC, "192.0.2.11", "192.0.2.2", (5353, 53), b"question"),
    packets.udp6(MAC, "2001:db8::11", "2001:db8::2", (547, 53), b"question"),
    packets.ipv6(MAC, "fe80::11", "ff02::1", 58, b"\x80\0\0\0" + bytes(4)),  # an echo
    packets.ipv6(MAC, "fe80::11", "ff02::1", 58, b"\x89\0\0\0" + bytes(4)),  # 137: a redirect
    packets.ethernet(MAC, ROUTER, 0x88CC, bytes(60)),
    packets.ethernet(MAC, ROUTER, 0x8100, packets.arp(MAC, "192.0.2.11")[12:]),
]


@pytest.mark.parametrize("frame", TAKEN)
def test_what_presence_lives_on_is_taken(frame: bytes) -> None:
    assert wanted(frame) and run(CODE, frame, HERE) == SNAP


@pytest.mark.parametrize("frame", LEFT)
def test_everything_else_stays_in_the_kernel(frame: bytes) -> None:
    assert not wanted(frame) and run(CODE, frame, HERE) == 0


@pytest.mark.parametrize(
    "about",
    [HERE | {AD_PKTTYPE: 4}, HERE | {AD_HATYPE: 772}, HERE | {AD_HATYPE: 65534}, HERE | {AD_VLAN_TAG_PRESENT: 1}],
)
def test_our_own_frames_and_other_networks_are_left_out(about: dict[int, int]) -> None:
    assert all(run(CODE, frame, about) == 0 for frame in TAKEN)


@settings(max_examples=examples(1000), deadline=None)
@given(st.data())
def test_it_agrees_with_the_plain_sentence(data: st.DataObject) -> None:
    """Frames of ours with a few bytes changed, cut somewhere: every branch is near."""
    frame = bytearray(data.draw(st.sampled_from(TAKEN + LEFT)))
    for at, value in data.draw(st.lists(st.tuples(st.integers(12, 60), st.integers(0, 255)), max_size=3)):
        if at < len(frame):
            frame[at] = value
    frame = frame[: data.draw(st.integers(0, len(frame)))]
    assert bool(run(CODE, bytes(frame), HERE)) == wanted(bytes(frame))


@settings(max_examples=examples(300), deadline=None)
@given(st.binary(max_size=120), st.sampled_from([b"\x08\x06", b"\x08\x00", b"\x86\xdd", b"\x00\x26"]))
def test_it_agrees_on_noise(noise: bytes, kind: bytes) -> None:
    frame = noise[:12] + kind + noise[12:]
    assert bool(run(CODE, frame, HERE)) == wanted(frame)


@pytest.mark.shared
def test_it_agrees_on_real_traffic() -> None:
    folder = need_shared() / "data" / "pcaps"
    verdicts: list[bool] = []
    for path in sorted(folder.rglob("*.pcap")):
        for link, frame in frames(path):
            if link == 1:
                verdicts.append(wanted(frame))
                assert bool(run(CODE, frame, HERE)) == verdicts[-1], path
    assert sum(verdicts) > 5 and len(verdicts) - sum(verdicts) > 100, verdicts


def test_jumps_stay_inside_and_every_label_is_used() -> None:
    for at, (code, yes, no, _) in enumerate(CODE):
        if code & 7 == 5:
            assert at + 1 + max(yes, no) < len(CODE)
    labels = {step.label for step in PROGRAM if step.label}
    assert labels == {label for step in PROGRAM for label in (step.yes, step.no) if label}


@pytest.mark.skipif(os.geteuid() != 0, reason="a raw socket needs root")
def test_the_kernel_takes_the_program() -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        attach(sock)  # it checks every instruction and jump
