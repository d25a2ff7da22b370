"""Each format line by line: one row a quirk, in the shape in which real lists have it (with invented names)."""

from __future__ import annotations

import pytest

from filterd.listbuild.line import ParsedLine
from filterd.listbuild.read import parse_lines
from filterd.wire.name import to_text

# What a line means: +name = and everything below it, =name exactly, <name only below; with @ an exception, ! important,
# ~ left out by $denyallow. `ignored ...` and `error ...` give the beginning of the reason.


def meaning(line: ParsedLine) -> str:
    parts = []
    for sign, entries in (("", line.blocked), ("@", line.allowed)):
        for entry in entries:
            scope = "~" if entry.hole else "=" if entry.exact else "<" if entry.below_only else "+"
            parts.append(("" if entry.hole else sign) + "!" * entry.important + scope + to_text(entry.name))
    if line.ignored:
        parts.append(f"ignored {line.ignored}")
    if line.error:
        parts.append(f"error {line.error}")
    return " ".join(parts)


def check(name: str, line: str, expected: str, before: str = "") -> None:
    data = (before + line).encode()
    found = meaning(list(parse_lines(data, name))[-1])
    if expected.startswith(("ignored", "error")):
        assert found.startswith(expected)
    else:
        assert found == expected


HOSTS = [
    ("0.0.0.0 ads.example.com", "=ads.example.com"),
    ("127.0.0.1\tads.example.com", "=ads.example.com"),
    ("127.0.0.7   ads.example.com", "=ads.example.com"),
    (":: ads.example.com", "=ads.example.com"),
    ("::1 ads.example.com", "=ads.example.com"),
    ("0:0:0:0:0:0:0:0 ads.example.com", "=ads.example.com"),
    ("::ffff:0.0.0.0 ads.example.com", "=ads.example.com"),
    ("  0.0.0.0 ads.example.com  ", "=ads.example.com"),
    ("0.0.0.0 a.example.com b.example.com c.example.com", "=a.example.com =b.example.com =c.example.com"),
    ("0.0.0.0 ads.example.com # why", "=ads.example.com"),
    ("0.0.0.0 ads.example.com#why", "=ads.example.com"),
    ("0.0.0.0 ADS.Example.COM", "=ads.example.com"),
    ("0.0.0.0 ads.example.com.", "=ads.example.com"),
    ("0.0.0.0 cốccốc.vn", "=xn--cccc-0x5ac.vn"),
    ("0.0.0.0 _dmarc.example.com", "=_dmarc.example.com"),
    ("0.0.0.0 x_.example.com", "=x_.example.com"),
    ("0.0.0.0 r1---sn--h5.example.com", "=r1---sn--h5.example.com"),
    ("0.0.0.0 xn--zzzzzz99.example.com", "=xn--zzzzzz99.example.com"),
    ("0.0.0.0 www.tiktok.com.localdomain", "=www.tiktok.com.localdomain"),
    ("0.0.0.0 ads.example.co.za", "=ads.example.co.za"),
    ("0.0.0.0 hopto.org", "=hopto.org"),  # a private suffix may be blocked
    ("192.0.2.7 intranet.example.com", "ignored not a block"),
    ("2001:db8::7 intranet.example.com", "ignored not a block"),
    ("255.255.255.255 broadcasthost", "ignored not a block"),
    ("fe80::1%lo0 localhost", "ignored not a block"),
    ("ff02::1 ip6-allnodes", "ignored not a block"),
    ("127.0.0.1 localhost", "ignored local name"),
    ("127.0.0.1 localhost.localdomain", "ignored local name"),
    ("127.0.0.1 local", "ignored local name"),
    ("::1 ip6-localhost ip6-loopback", "ignored local name"),
    ("0.0.0.0 0.0.0.0", "ignored ip literal"),
    ("0.0.0.0 180.215.200.9", "ignored ip literal"),
    ("127.0.0.1 localhost ads.example.com", "=ads.example.com"),
    ("# 0.0.0.0 ads.example.com", "ignored comment"),
    ("", "ignored blank"),
    ("   \t", "ignored blank"),
    ("ads.example.com", "error unknown syntax"),
    ("0.0.0.0", "error unknown syntax"),
    ("0.0.0.0 # nothing", "error unknown syntax"),
    ("0 ads.example.com", "error unknown syntax"),
    ("0.0.0.0 .ads.example.com", "error empty label"),
    ("0.0.0.0 ads..example.com", "error empty label"),
    ("0.0.0.0 *.ads.example.com", "ignored pattern"),
    ("0.0.0.0 co.uk", "error public suffix"),
    ("0.0.0.0 com", "error public suffix"),
    ("0.0.0.0 anything.ck", "error public suffix"),
    ("0.0.0.0 www.ck", "=www.ck"),  # an exception of that rule
    ("0.0.0.0 snapchat-com", "error single label"),
    ("0.0.0.0 48.2404:9dc0:c002::.rpz.ip", "error not a host name"),
    ("0.0.0.0 ads.example.1", "error top-level label is a number"),
    ("0.0.0.0 " + "a" * 64 + ".example.com", "error label too long"),
    ("0.0.0.0 " + "abcdefg." * 32 + "com", "error name too long"),
    ("0.0.0.0 " + "ü" * 300 + ".com", "error name too long"),
    ("0.0.0.0 cg‑dialup.net", "error not an international name"),  # U+2011, a hyphen that no name may have
    ("0.0.0.0 good.example.com bad..example.com", "=good.example.com error empty label"),
    ("0.0.0.0 a\x00b.example.com", "error not a host name"),
    ("0.0.0.0 a%20b.example.com", "error not a host name"),
]

DOMAINS = [
    ("ads.example.com", "+ads.example.com"),
    ("ads.example.com.", "+ads.example.com"),
    (".ads.example.com", "+ads.example.com"),
    ("*.ads.example.com", "+ads.example.com"),
    ("  ads.example.com", "+ads.example.com"),
    ("ads.example.com # https://example.org/why", "+ads.example.com"),
    ("momovíđiệntửsố1.example.com", "+xn--momovints1-o8a64b3904adea8q.example.com"),
    ("46186911.vtt", "+46186911.vtt"),
    ("24.0.247.18.71.rpz.ip", "+24.0.247.18.71.rpz.ip"),
    ("example.comparent", "+example.comparent"),
    ("blogspot.com", "+blogspot.com"),
    ("# comment", "ignored comment"),
    ("! comment", "ignored comment"),
    ("; comment", "ignored comment"),
    ("// comment", "ignored comment"),
    ("203.0.113.7", "ignored ip literal"),
    ("203.0.113.0/24", "ignored ip literal"),
    ("2001:db8::1  # server", "ignored ip literal"),
    ("2001:db8::/32", "ignored ip literal"),
    ("[2001:db8::1]", "ignored ip literal"),
    ("example.com/path", "ignored url"),
    ("https://example.com/", "ignored url"),
    ("http://example.com", "ignored url"),
    ("example.com:100", "ignored url"),
    ("*://*.example.com/*", "ignored url"),
    ("log-*.example.com", "ignored pattern"),
    ("ads.*.example", "ignored pattern"),
    ("*example.com", "ignored pattern"),
    ("gov.uk", "error public suffix"),
    ("s3.amazonaws.com", "+s3.amazonaws.com"),
    ("edge-z-p1-sh", "error single label"),
    ("0.0.0.0 ads.example.com", "error unknown syntax"),
    ("ads.example.com tracker.example.com", "error unknown syntax"),
    (".", "error"),
    ("..", "error"),
    ("example.com#fragment", "error not a host name"),
    ("user@example.com", "error not a host name"),
    ("ads.example.com,tracker.example.com", "error not a host name"),
]

WILDCARD = [
    ("*.ads.example.com", "+ads.example.com"),
    (".ads.example.com", "+ads.example.com"),
    ("ads.example.com", "=ads.example.com"),
    ("*.ads.example.com # why", "+ads.example.com"),
    ("*.com", "error public suffix"),
    ("*.*.example.com", "ignored pattern"),
    ("*", "ignored pattern"),
    ("a*.example.com", "ignored pattern"),
]

ADBLOCK = [
    ("||ads.example.com^", "+ads.example.com"),
    ("||Ads.Example.com^", "+ads.example.com"),
    ("||ads.example.com^|", "+ads.example.com"),
    ("||ads.example.com^*", "+ads.example.com"),
    ("||*.ads.example.com^", "<ads.example.com"),
    ("|ads.example.com^", "=ads.example.com"),
    ("ads.example.com", "=ads.example.com"),
    ("0.0.0.0 ads.example.com", "=ads.example.com"),
    ("127.0.0.1 a.example.com b.example.com ## c", "=a.example.com =b.example.com"),
    ("||cốccốc.vn^", "+xn--cccc-0x5ac.vn"),
    ("||ads.example.com^$important", "!+ads.example.com"),
    ("||ads.example.com^$all", "+ads.example.com"),
    ("||ads.example.com^$document,important", "!+ads.example.com"),
    ("||ads.example.com^ # why", "+ads.example.com"),
    ("@@||good.example.com^", "@+good.example.com"),
    ("@@||good.example.com^|", "@+good.example.com"),
    ("@@|good.example.com^", "@=good.example.com"),
    ("@@good.example.com", "@=good.example.com"),
    ("@@||good.example.com^$important", "@!+good.example.com"),
    ("||example.com^$denyallow=a.example.com|b.example.com", "+example.com ~a.example.com ~b.example.com"),
    ("||example.com^$denyallow=other.example.org", "+example.com"),
    ("||example.com^$important,denyallow=a.example.com", "!+example.com !~a.example.com"),
    ("||example.com^$denyallow=example.com", "ignored modifier"),
    ("||example.com^$denyallow=a..b", "error empty label"),
    ("@@||example.com^$denyallow=a.example.com", "ignored modifier: denyallow"),
    ("||ads.example.com^$third-party", "ignored modifier: third-party"),
    ("||ads.example.com^$~third-party", "ignored modifier: ~third-party"),
    ("||ads.example.com^$script,image", "ignored modifier: script"),
    ("||ads.example.com^$popup", "ignored modifier: popup"),
    ("||ads.example.com^$client=192.0.2.7", "ignored modifier: client"),
    ("||ads.example.com^$app=com.example", "ignored modifier: app"),
    ("||ads.example.com^$domain=example.org|example.net", "ignored modifier: domain"),
    ("||ads.example.com^$ctag=device_phone", "ignored modifier: ctag"),
    ("||ads.example.com^$dnstype=AAAA", "ignored modifier: dnstype"),
    ("||ads.example.com^$dnsrewrite=192.0.2.7", "ignored modifier: dnsrewrite"),
    ("||ads.example.com^$removeparam=x", "ignored modifier: removeparam"),
    ("@@||good.example.com^$document", "ignored modifier: document"),
    ("@@||ads.example.com^$stylesheet,script,~third-party", "ignored modifier: stylesheet"),
    ("||ads.example.com^$", "error unknown syntax"),
    ("$popup,domain=example.org|example.net", "ignored modifier"),
    (".com/cpc/$script", "ignored modifier: script"),
    (".gif$xmlhttprequest,domain=example.org", "ignored modifier"),
    (".com/qc/", "ignored path"),
    (".vn/Ad/", "ignored path"),
    ("/ads/popup_", "ignored path"),
    ("/banner-ads.", "ignored path"),
    ("/ads/*.gif", "ignored path"),
    ("/example.vn/files/qc/*", "ignored path"),
    ("uniad.", "ignored pattern"),
    (".example.com^", "ignored pattern"),
    ("example.com^", "ignored pattern"),
    ("||uniad.", "ignored pattern"),
    ("||ads.example.com", "ignored pattern"),
    ("|ads.example.com", "ignored pattern"),
    ("||ads.example.com|", "ignored pattern"),
    ("||log-*.example.com^", "ignored pattern"),
    ("||matomo.*.vn^", "ignored pattern"),
    ("||*^", "ignored pattern"),
    ("*", "ignored pattern"),
    ("||*^$denyallow=com|net", "ignored pattern"),
    ("||example.com/ads/*", "ignored path"),
    ("||example.com^ads^", "ignored path"),
    ("||example.com/a.js$script,domain=example.org", "ignored modifier"),
    ("||example.com:8080^", "ignored url"),
    ("|https://example.com/ads", "ignored url"),
    ("@@/images/ad-300x250.jpg$~third-party,image,domain=example.net", "ignored modifier"),
    ("/^ads[0-9]+\\.example\\.com$/", "ignored regular expression"),
    ("@@/good\\.example/", "ignored regular expression"),
    ("/ads?[0-9]/$script", "ignored regular expression"),
    ("||180.215.200.9^", "ignored ip literal"),
    ("||[2001:db8::1]^", "ignored ip literal"),
    ("203.0.113.9", "ignored ip literal"),
    ("||012wcom^", "error single label"),
    ("||co.uk^", "error public suffix"),
    ("||example..com^", "error empty label"),
    ("||bad name.example.com^", "error not a host name"),
    ("example.com##.ad", "ignored cosmetic rule"),
    ("##.ad-banner", "ignored cosmetic rule"),
    ("example.com#@#.ad", "ignored cosmetic rule"),
    ("example.com#?#div:has(.ad)", "ignored cosmetic rule"),
    ("example.com#$#body { color: red }", "ignored cosmetic rule"),
    ("example.com#%#window.x = 1", "ignored cosmetic rule"),
    ("example.com$$script[data-x]", "ignored cosmetic rule"),
    ("! comment", "ignored comment"),
    ("!#if (adguard)", "ignored comment"),
    ("# comment", "ignored comment"),
    ("[Adblock Plus 2.0]", "ignored header"),
    ("", "ignored blank"),
]

DNSMASQ = [
    ("address=/ads.example.com/#", "+ads.example.com"),
    ("address=/ads.example.com/", "+ads.example.com"),
    ("address=/ads.example.com/0.0.0.0", "+ads.example.com"),
    ("address=/ads.example.com/::", "+ads.example.com"),
    ("address=/ads.example.com/::1", "+ads.example.com"),
    ("address=/ads.example.com/127.0.0.1", "+ads.example.com"),
    ("address=/a.example.com/b.example.com/0.0.0.0", "+a.example.com +b.example.com"),
    ("address=/.ads.example.com/0.0.0.0", "+ads.example.com"),
    ("address = /ads.example.com/#", "+ads.example.com"),
    ("--address=/ads.example.com/#", "+ads.example.com"),
    ("server=/ads.example.com/", "+ads.example.com"),
    ("local=/ads.example.com/", "+ads.example.com"),
    ("local=/a.example.com/b.example.com/", "+a.example.com +b.example.com"),
    ("local=/ads.example.com/ # why", "+ads.example.com"),
    ("address=/ads.example.com/# # why", "+ads.example.com"),
    ("server=/good.ads.example.com/#", "@+good.ads.example.com"),
    ("address=/router.example.com/192.0.2.1", "ignored not a block"),
    ("server=/corp.example.com/192.0.2.53", "ignored not a block"),
    ("server=/corp.example.com/192.0.2.53#5353", "ignored not a block"),
    ("server=/corp.example.com/0.0.0.0", "ignored not a block"),
    ("server=192.0.2.53", "ignored directive: server"),
    ("server=//", "ignored not a block"),
    ("domain-needed", "ignored directive: domain-needed"),
    ("cname=a.example.com,b.example.com", "ignored directive: cname"),
    ("bogus-nxdomain=192.0.2.1", "ignored directive"),
    ("ipset=/example.com/set", "ignored directive: ipset"),
    ("address=/#/0.0.0.0", "error pattern"),
    ("address=/*.example.com/0.0.0.0", "ignored pattern"),
    ("address=/ads.example.com", "error unknown syntax"),
    ("address=/co.uk/#", "error public suffix"),
    ("address=/203.0.113.9/#", "ignored ip literal"),
    ("local=/local/", "ignored local name"),
    ("ads.example.com", "error unknown syntax"),
    ("# comment", "ignored comment"),
    ("   # comment", "ignored comment"),
    ("", "ignored blank"),
]

UNBOUND = [
    ('local-zone: "ads.example.com." always_null', "+ads.example.com"),
    ('local-zone: "ads.example.com" always_nxdomain', "+ads.example.com"),
    ("local-zone: ads.example.com. refuse", "+ads.example.com"),
    ('  local-zone: "ads.example.com" static # why', "+ads.example.com"),
    ('local-zone: "ads.example.com" "deny"', "+ads.example.com"),
    ('local-zone: "ads.example.com" inform_deny', "+ads.example.com"),
    ('local-zone: "ads.example.com" always_nodata', "+ads.example.com"),
    ('local-zone: "ads.example.com" redirect', "+ads.example.com"),
    ('local-zone: "ok.example.com" transparent', "@+ok.example.com"),
    ('local-zone: "ok.example.com" typetransparent', "@+ok.example.com"),
    ('local-zone: "ok.example.com" always_transparent', "@+ok.example.com"),
    ('local-zone: "example.com" nodefault', "ignored not a block"),
    ('local-zone: "example.com" block_a', "ignored not a block"),
    ('local-zone: "example.com" nonsense', "error unknown syntax"),
    ('local-zone: "example.com"', "error unknown syntax"),
    ('local-zone: "." always_nxdomain', "error the root"),
    ('local-zone: "co.uk" static', "error public suffix"),
    ('local-data: "ads.example.com A 0.0.0.0"', "=ads.example.com"),
    ('local-data: "ads.example.com. 300 IN AAAA ::"', "=ads.example.com"),
    ("local-data: 'ads.example.com A 127.0.0.1'", "=ads.example.com"),
    ('local-data: "host.example.com A 192.0.2.1"', "ignored not a block"),
    ('local-data: "host.example.com TXT hello"', "ignored not a block"),
    ("local-data: ads.example.com A 0.0.0.0", "error unknown syntax"),
    ('local-data-ptr: "192.0.2.1 host.example.com"', "ignored directive"),
    ("server:", "ignored directive: server"),
    ("num-threads: 2", "ignored directive"),
    ("ads.example.com", "error unknown syntax"),
    ("# comment", "ignored comment"),
    ("", "ignored blank"),
]

RPZ = [
    ("ads.example.com CNAME .", "=ads.example.com"),
    ("*.ads.example.com CNAME .", "<ads.example.com"),
    ("ads.example.com\t3600\tIN\tCNAME\t.", "=ads.example.com"),
    ("ads.example.com IN 3600 CNAME .", "=ads.example.com"),
    ("ads.example.com 1h cname .", "=ads.example.com"),
    ("ADS.example.com CNAME . ; why", "=ads.example.com"),
    ("ads.example.com CNAME *.", "=ads.example.com"),
    ("ads.example.com CNAME rpz-drop.", "=ads.example.com"),
    ("ads.example.com A 0.0.0.0", "=ads.example.com"),
    ("ads.example.com AAAA ::", "=ads.example.com"),
    ("good.example.com CNAME rpz-passthru.", "@=good.example.com"),
    ("*.good.example.com CNAME rpz-passthru.", "@<good.example.com"),
    ("good.example.com CNAME good.example.com.", "@=good.example.com"),
    ("slow.example.com CNAME rpz-tcp-only.", "ignored not a block: rpz-tcp-only"),
    ("walled.example.com CNAME garden.example.net.", "ignored not a block: other local data"),
    ("walled.example.com A 192.0.2.1", "ignored not a block: other local data"),
    ('walled.example.com TXT "; text"', "ignored not a block: other local data"),
    ("24.0.2.0.192.rpz-ip CNAME .", "ignored trigger: rpz-ip"),
    ("32.7.2.0.192.rpz-client-ip CNAME .", "ignored trigger: rpz-client-ip"),
    ("ns1.example.com.rpz-nsdname CNAME .", "ignored trigger: rpz-nsdname"),
    ("24.0.2.0.192.rpz-nsip CNAME .", "ignored trigger: rpz-nsip"),
    ("48.2404:9dc0:c002::.rpz.ip CNAME .", "error not a host name"),
    ("24.0.247.18.71.rpz.ip CNAME .", "=24.0.247.18.71.rpz.ip"),
    ("* CNAME .", "error pattern"),
    ("*.com CNAME .", "error public suffix"),
    ("@ NS localhost.", "ignored zone record"),
    ("  IN NS localhost.", "ignored zone record"),
    ("$TTL 300", "ignored directive: $TTL"),
    ("$INCLUDE other.zone", "ignored directive: $INCLUDE"),
    ("; comment", "ignored comment"),
    ("", "ignored blank"),
    ("ads.example.com", "error unknown syntax"),
    ("ads.example.com CNAME", "error unknown syntax"),
    ("ads.example.com.rpz.test. CNAME .", "=ads.example.com"),
    ("*.ads.example.com.rpz.test. CNAME .", "<ads.example.com"),
    ("ads.example.com. CNAME .", "error outside the zone"),
]
ZONE = """$ORIGIN rpz.test.
$TTL 300
@ IN SOA localhost. root.localhost. (
        1782967929    ; serial
        86400         ; refresh
        7200          ; retry
        2592000       ; expire
        3600 )        ; ttl
  IN NS localhost.
"""


@pytest.mark.parametrize(("line", "expected"), HOSTS)
def test_hosts(line: str, expected: str) -> None:
    check("hosts", line + "\n", expected)


@pytest.mark.parametrize(("line", "expected"), DOMAINS)
def test_domains(line: str, expected: str) -> None:
    check("domains", line + "\n", expected)


@pytest.mark.parametrize(("line", "expected"), WILDCARD)
def test_wildcard(line: str, expected: str) -> None:
    check("wildcard", line + "\n", expected)


@pytest.mark.parametrize(("line", "expected"), ADBLOCK)
def test_adblock(line: str, expected: str) -> None:
    check("adblock", line + "\n", expected)


@pytest.mark.parametrize(("line", "expected"), DNSMASQ)
def test_dnsmasq(line: str, expected: str) -> None:
    check("dnsmasq", line + "\n", expected)


@pytest.mark.parametrize(("line", "expected"), UNBOUND)
def test_unbound(line: str, expected: str) -> None:
    check("unbound", line + "\n", expected)


@pytest.mark.parametrize(("line", "expected"), RPZ)
def test_rpz(line: str, expected: str) -> None:
    check("rpz", line + "\n", expected, before=ZONE)


def all_of(name: str, text: str) -> list[str]:
    return [meaning(line) for line in parse_lines(text.encode(), name)]


def test_badfilter_removes_the_same_rule_wherever_it_stands() -> None:
    found = all_of(
        "adblock",
        "||a.example.com^\n||a.example.com^$badfilter\n||b.example.com^$important\n"
        "||b.example.com^$badfilter,important\n@@||a.example.com^\n||c.example.com^\n",
    )
    assert [text.split(":")[0] for text in found] == [
        "ignored badfilter",
        "ignored badfilter",
        "ignored badfilter",
        "ignored badfilter",
        "@+a.example.com",
        "+c.example.com",
    ]


def test_a_redirect_zone_with_a_real_address_is_a_rewrite() -> None:
    text = 'local-zone: "www.example.com" redirect\nlocal-data: "www.example.com A {}"\n'
    assert all_of("unbound", text.format("192.0.2.1"))[0] == "ignored not a block: zone type redirect"
    assert all_of("unbound", text.format("0.0.0.0")) == ["+www.example.com", "=www.example.com"]
    assert all_of("unbound", 'local-zone: "a.example.com" redirect\nlocal-data: ""\n')[0] == "+a.example.com"


def test_a_policy_zone_without_its_name() -> None:
    text = "@ SOA localhost. root.localhost. 1 2 3 4 5\nads.example.com CNAME .\nads.example.com.rpz.test. CNAME .\n"
    assert all_of("rpz", text)[1:] == [
        "=ads.example.com",
        "error outside the zone: an absolute owner must end in the zone's name",
    ]


def test_the_zone_of_an_absolute_soa_and_of_an_origin_inside_it() -> None:
    text = (
        "rpz.test. IN SOA localhost. root.localhost. 1 2 3 4 5\nads.example.com CNAME .\n"
        "bad.example.com.rpz.test. CNAME .\n$ORIGIN example.org.rpz.test.\nwww CNAME .\n*.www CNAME rpz-passthru.\n"
        "$ORIGIN rpz.test.\nlast.example.com CNAME .\n"
    )
    assert all_of("rpz", text)[1:] == [
        "=ads.example.com", "=bad.example.com", "ignored directive: $ORIGIN", "=www.example.org", "@<www.example.org",
        "ignored directive: $ORIGIN", "=last.example.com",
    ]  # fmt: skip
    assert (
        all_of("rpz", "$ORIGIN .\nrpz.test SOA a. b. 1 2 3 4 5\nads.example.com.rpz.test CNAME .\n")[2]
        == "=ads.example.com"
    )
    assert all_of("rpz", "$ORIGIN .\nads.example.com CNAME .\nb.example.com. CNAME .\n")[1:] == [
        "=ads.example.com",
        "=b.example.com",
    ]
    assert all_of("rpz", "$ORIGIN rpz\nads.example.com CNAME .\n")[1] == "=ads.example.com"


def test_a_record_without_owner_belongs_to_the_one_above() -> None:
    assert all_of("rpz", ZONE + "null.example.com A 0.0.0.0\n  AAAA ::\n")[-1] == "=null.example.com"
    assert all_of("rpz", "  A 0.0.0.0\n") == ["error unknown syntax: expected an owner, a type and data"]
    assert all_of("rpz", "( )\n") == ["ignored zone record"]


def test_bytes_that_are_no_text_spoil_only_their_line() -> None:
    data = (
        b"# caf\xe9\nads.example.com\ncaf\xe9.example.com\n"
        + b"x" * 70_000
        + b"\n\xef\xbb\xbfb.example.com\nlast.example.com"
    )
    lines = list(parse_lines(data, "domains"))
    assert [meaning(line).partition(":")[0] for line in lines] == [
        "ignored comment", "+ads.example.com", "error not UTF-8", "error line too long", "+b.example.com", "+last.example.com",
    ]  # fmt: skip
    assert len(lines[3].text) == 1000
    long_comment = next(parse_lines(b"# " + b"x" * 70_000, "hosts"))
    assert long_comment.ignored == "comment"
    assert len(next(parse_lines(b"# " + b"x" * 5000, "hosts")).text) == 1000
