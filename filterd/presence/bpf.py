"""The filter that runs in the kernel: which frames presence is woken for. Classic BPF, assembled here.

Everything else, which is nearly everything, costs this process nothing and is never seen by it: no site, no content. What
is in the frames that pass is read by packets.py, which trusts none of this.

    attach(sock)     # a socket of AF_PACKET and SOCK_RAW

Sources: linux/filter.h, linux/bpf_common.h, Linux Documentation/networking/filter.rst.
"""

from __future__ import annotations

import socket
import struct
from array import array
from dataclasses import dataclass

SNAP = 2048  # bytes of a frame that are handed up: all of a DHCP message, what matters of a long mDNS one
ETH_P_ALL = 3
SO_ATTACH_FILTER = 26
_LD, _LDX, _JMP, _RET = 0x00, 0x01, 0x05, 0x06  # instruction classes
_W, _H, _B = 0x00, 0x08, 0x10  # four bytes, two, one
_ABS, _IND, _MSH = 0x20, 0x40, 0xA0  # [k], [x+k], 4*([k]&15)
_JEQ, _JGT, _JGE, _JSET = 0x10, 0x20, 0x30, 0x40
_AD_OFF = 0x1_0000_0000 - 0x1000  # SKF_AD_OFF: what follows is about the frame and not in it
AD_PKTTYPE, AD_HATYPE, AD_VLAN_TAG_PRESENT = 4, 28, 48
PACKET_OUTGOING = 4  # linux/if_packet.h
ARPHRD_ETHER = 1  # linux/if_arp.h
ETH_IPV4, ETH_ARP, ETH_IPV6 = 0x0800, 0x0806, 0x86DD
UDP, ICMPV6 = 17, 58
PORTS_4 = (67, 68, 5353)  # DHCP server and client, mDNS
PORTS_6 = (546, 547, 5353)  # DHCPv6 client and server, mDNS
ND_FIRST, ND_LAST = (
    133,
    136,
)  # router solicitation, router advertisement, neighbour solicitation, neighbour advertisement


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction, still with labels. `label`: its own name; `yes` and `no`: where a jump goes, "" is the next step."""

    code: int
    k: int = 0
    yes: str = ""
    no: str = ""
    label: str = ""


# Offsets from the beginning of the frame: Ethernet header 14 bytes, IPv6 header 40, IPv4 header as long as it says.
PROGRAM = (
    Step(_LD | _W | _ABS, _AD_OFF + AD_PKTTYPE),  # A = which way does it go?
    Step(_JMP | _JEQ, PACKET_OUTGOING, yes="drop"),  # what this box itself sends is no news
    Step(_LD | _W | _ABS, _AD_OFF + AD_HATYPE),  # A = what kind of interface is it?
    Step(_JMP | _JEQ, ARPHRD_ETHER, no="drop"),  # loopback and tunnels have no MAC addresses
    Step(_LD | _W | _ABS, _AD_OFF + AD_VLAN_TAG_PRESENT),  # A = has the kernel taken a VLAN tag off?
    Step(_JMP | _JEQ, 0, no="drop"),  # it belongs to another network, whose own interface shows it again
    Step(_LD | _H | _ABS, 12),  # A = EtherType
    Step(_JMP | _JEQ, ETH_ARP, yes="take"),
    Step(_JMP | _JEQ, ETH_IPV6, yes="six"),
    Step(_JMP | _JEQ, ETH_IPV4, no="drop"),
    Step(_LD | _B | _ABS, 14 + 9),  # A = protocol
    Step(_JMP | _JEQ, UDP, no="drop"),
    Step(_LD | _H | _ABS, 14 + 6),  # A = flags and fragment offset
    Step(_JMP | _JSET, 0x1FFF, yes="drop"),  # a later fragment has no ports
    Step(_LDX | _B | _MSH, 14),  # X = length of the IPv4 header
    Step(_LD | _H | _IND, 14 + 2),  # A = destination port
    *(Step(_JMP | _JEQ, port, yes="take") for port in PORTS_4),
    Step(_RET, 0),
    Step(_LD | _B | _ABS, 14 + 6, label="six"),  # A = next header; none of ours comes behind extension headers
    Step(_JMP | _JEQ, ICMPV6, yes="icmp"),
    Step(_JMP | _JEQ, UDP, no="drop"),
    Step(_LD | _H | _ABS, 14 + 40 + 2),  # A = destination port
    *(Step(_JMP | _JEQ, port, yes="take") for port in PORTS_6),
    Step(_RET, 0),
    Step(_LD | _B | _ABS, 14 + 40, label="icmp"),  # A = ICMPv6 type
    Step(_JMP | _JGE, ND_FIRST, no="drop"),
    Step(_JMP | _JGT, ND_LAST, yes="drop"),
    Step(_RET, SNAP, label="take"),
    Step(_RET, 0, label="drop"),
)


def assemble(steps: tuple[Step, ...] = PROGRAM) -> list[tuple[int, int, int, int]]:
    """Return (code, jump if true, jump if false, k) of each step; jumps are counted from the next one, and go forward."""
    places = {step.label: at for at, step in enumerate(steps) if step.label}

    def distance(label: str, at: int) -> int:
        found = places[label] - at - 1 if label else 0
        assert 0 <= found <= 255  # a classic BPF jump is one byte
        return found

    return [(step.code, distance(step.yes, at), distance(step.no, at), step.k) for at, step in enumerate(steps)]


def attach(sock: socket.socket) -> None:
    """Let `sock` receive only what PROGRAM takes, from now on. Raises OSError."""
    code = array("B", b"".join(struct.pack("=HBBI", *step) for step in assemble()))
    address, size = code.buffer_info()  # the kernel copies what is there; ctypes would need memory to write code into
    fprog = struct.pack("HP", size // 8, address)  # struct sock_fprog, with its padding
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, fprog)
