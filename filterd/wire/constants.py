"""The numbers of the IANA DNS registry that this product speaks of by name.

Plain ints, not enums: the packet walkers compare them millions of times, and any other number must pass through
unharmed.
"""

from __future__ import annotations

from typing import Final

HEADER_LEN: Final = 12  # bytes, RFC 1035 section 4.1.1
MAX_LABEL: Final = 63  # bytes, RFC 1035 section 2.3.4
MAX_MESSAGE: Final = 65535  # bytes, RFC 1035 section 4.2.2 (two-byte length)
MIN_UDP: Final = 512  # bytes, RFC 1035 section 4.2.1; RFC 6891 section 6.2.3: smaller values count as 512
UDP_SIZE: Final = 1232  # bytes we advertise and never exceed: fits an IPv6 packet that nobody fragments

# Header flags (RFC 1035 section 4.1.1, RFC 4035 section 3.1.6 for AD and CD)
QR: Final = 0x8000
OPCODE_MASK: Final = 0x7800
AA: Final = 0x0400
TC: Final = 0x0200
RD: Final = 0x0100
RA: Final = 0x0080
AD: Final = 0x0020
CD: Final = 0x0010
DO: Final = 0x8000  # in the OPT record's flags, RFC 3225

# Response codes (RFC 1035, 2136, 6891, 7873)
NOERROR: Final = 0
FORMERR: Final = 1
SERVFAIL: Final = 2
NXDOMAIN: Final = 3
NOTIMP: Final = 4
REFUSED: Final = 5
YXDOMAIN: Final = 6
NOTAUTH: Final = 9
BADVERS: Final = 16
BADCOOKIE: Final = 23

# Types
TYPE_A: Final = 1
TYPE_NS: Final = 2
TYPE_MD: Final = 3
TYPE_MF: Final = 4
TYPE_CNAME: Final = 5
TYPE_SOA: Final = 6
TYPE_MB: Final = 7
TYPE_MG: Final = 8
TYPE_MR: Final = 9
TYPE_NULL: Final = 10
TYPE_PTR: Final = 12
TYPE_HINFO: Final = 13
TYPE_MINFO: Final = 14
TYPE_MX: Final = 15
TYPE_TXT: Final = 16
TYPE_RP: Final = 17
TYPE_AFSDB: Final = 18
TYPE_RT: Final = 21
TYPE_SIG: Final = 24
TYPE_PX: Final = 26
TYPE_AAAA: Final = 28
TYPE_NXT: Final = 30
TYPE_SRV: Final = 33
TYPE_NAPTR: Final = 35
TYPE_KX: Final = 36
TYPE_DNAME: Final = 39
TYPE_OPT: Final = 41
TYPE_DS: Final = 43
TYPE_SSHFP: Final = 44
TYPE_RRSIG: Final = 46
TYPE_NSEC: Final = 47
TYPE_DNSKEY: Final = 48
TYPE_NSEC3: Final = 50
TYPE_TLSA: Final = 52
TYPE_SVCB: Final = 64
TYPE_HTTPS: Final = 65
TYPE_TSIG: Final = 250
TYPE_IXFR: Final = 251
TYPE_AXFR: Final = 252
TYPE_ANY: Final = 255
TYPE_CAA: Final = 257

# Classes
CLASS_IN: Final = 1
CLASS_CH: Final = 3
CLASS_HS: Final = 4
CLASS_NONE: Final = 254
CLASS_ANY: Final = 255

# EDNS option codes
OPTION_NSID: Final = 3  # RFC 5001
OPTION_ECS: Final = 8  # RFC 7871
OPTION_COOKIE: Final = 10  # RFC 7873
OPTION_KEEPALIVE: Final = 11  # RFC 7828
OPTION_PADDING: Final = 12  # RFC 7830
OPTION_EDE: Final = 15  # RFC 8914

# Extended DNS errors (RFC 8914 section 4)
EDE_OTHER: Final = 0
EDE_STALE: Final = 3
EDE_FORGED: Final = 4
EDE_BOGUS: Final = 6
EDE_NOT_READY: Final = 14
EDE_BLOCKED: Final = 15
EDE_CENSORED: Final = 16
EDE_FILTERED: Final = 17
EDE_PROHIBITED: Final = 18
EDE_STALE_NXDOMAIN: Final = 19
EDE_NOT_SUPPORTED: Final = 21
EDE_NO_REACHABLE_AUTHORITY: Final = 22
EDE_NETWORK_ERROR: Final = 23
EDE_INVALID_DATA: Final = 24

# SVCB parameter keys (RFC 9460 section 14.3.2)
SVCB_IPV4HINT: Final = 4
SVCB_IPV6HINT: Final = 6

TYPE_NAMES: Final = {
    TYPE_A: "A",
    TYPE_NS: "NS",
    TYPE_CNAME: "CNAME",
    TYPE_SOA: "SOA",
    TYPE_PTR: "PTR",
    TYPE_HINFO: "HINFO",
    TYPE_MX: "MX",
    TYPE_TXT: "TXT",
    TYPE_AAAA: "AAAA",
    TYPE_SRV: "SRV",
    TYPE_NAPTR: "NAPTR",
    TYPE_DNAME: "DNAME",
    TYPE_OPT: "OPT",
    TYPE_DS: "DS",
    TYPE_SSHFP: "SSHFP",
    TYPE_RRSIG: "RRSIG",
    TYPE_NSEC: "NSEC",
    TYPE_DNSKEY: "DNSKEY",
    TYPE_NSEC3: "NSEC3",
    TYPE_TLSA: "TLSA",
    TYPE_SVCB: "SVCB",
    TYPE_HTTPS: "HTTPS",
    TYPE_IXFR: "IXFR",
    TYPE_AXFR: "AXFR",
    TYPE_ANY: "ANY",
    TYPE_CAA: "CAA",
}
RCODE_NAMES: Final = {
    NOERROR: "NOERROR",
    FORMERR: "FORMERR",
    SERVFAIL: "SERVFAIL",
    NXDOMAIN: "NXDOMAIN",
    NOTIMP: "NOTIMP",
    REFUSED: "REFUSED",
    YXDOMAIN: "YXDOMAIN",
    NOTAUTH: "NOTAUTH",
    BADVERS: "BADVERS",
    BADCOOKIE: "BADCOOKIE",
}
