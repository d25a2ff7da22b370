"""Ways round the filter in words: what was seen and how sure it is. Vietnamese, English; bypass_steps.py has the steps.

A sentence says what the box has seen, not what somebody is: most ways round are a setting that came with an update, an
app for work, or a router that helps too much. `{device}` and the other fields are filled by who shows them; whatever
comes from outside is made harmless there.

    title, why = told(finding)          # each in both languages, with fields

"""

from __future__ import annotations

from filterd.model.bypass import Confidence, Finding, Kind

Both = tuple[str, str]  # Vietnamese, English

_ROUND: Both = ("{device} đang đi vòng qua bộ lọc", "{device} seems to go round the filter")
_MAYBE: Both = ("Có thể {device} đang đi vòng qua bộ lọc", "{device} may be going round the filter")
_TITLES: dict[Kind, Both] = {
    Kind.SECOND_DNS: (
        "Trong nhà có một máy trả lời tên thứ hai ({address})",
        "A second name server is offered at home ({address})",
    ),
    Kind.ROUTER_DNS: (
        "Router đang tự trả lời tên cho các máy ({address})",
        "The router hands itself out as name server ({address})",
    ),
    Kind.ADDRESS_CONFLICT: (
        "Hai máy cùng nhận địa chỉ {address}",
        "Two devices claim the address {address}",
    ),
}
_WHY: dict[Kind, Both] = {
    Kind.SILENT: (
        (
            "Máy đang nối mạng {minutes} phút nay nhưng chưa hỏi hộp này lần nào. Thường là do một ứng dụng VPN "
            "hoặc DNS riêng đặt sẵn trong máy."
        ),
        (
            "It has been on the network for {minutes} minutes and has never asked this box. Usually that is a "
            "VPN app, or a name server set on the device."
        ),
    ),
    Kind.FELL_SILENT: (
        (
            "Máy đang nối mạng và vẫn hoạt động, nhưng {minutes} phút nay không hỏi hộp này, khác với thói quen "
            "của máy. Thường là do Chuyển tiếp riêng tư hoặc một ứng dụng VPN."
        ),
        (
            "It is on the network and busy, but has not asked this box for {minutes} minutes, which is not its "
            "habit. Usually that is Private Relay or a VPN app."
        ),
    ),
    Kind.DOH: (
        "Máy tìm một máy chủ tên mã hóa ({name}). Khi dùng máy chủ đó, các trang máy mở không qua bộ lọc.",
        (
            "It looks for an encrypted name server ({name}). While it uses that, the sites it opens do not pass "
            "the filter."
        ),
    ),
    Kind.VPN: (
        "Máy tìm một dịch vụ VPN ({name}). Khi VPN bật, bộ lọc không thấy gì của máy.",
        "It looks for a VPN service ({name}). While a VPN is on, the filter sees nothing of the device.",
    ),
    Kind.PROXY: (
        "Máy mở một trang hoặc trình duyệt đi vòng ({name}), nơi mở hộ các trang khác.",
        "It opened a page or a browser that fetches other sites for it ({name}).",
    ),
    Kind.RELAY: (
        "Máy bật Chuyển tiếp riêng tư của iCloud ({name}). Safari khi đó không qua bộ lọc.",
        "It uses iCloud Private Relay ({name}). Safari then does not pass the filter.",
    ),
    Kind.SECOND_DNS: (
        (
            "Một máy trong mạng ({mac}) bảo các máy khác hỏi {address} thay vì hộp này. Thường là router vẫn tự "
            "giới thiệu mình, nhất là qua IPv6."
        ),
        (
            "A device on the network ({mac}) tells the others to ask {address} instead of this box. Usually that "
            "is the router, which still introduces itself, mostly over IPv6."
        ),
    ),
    Kind.ROUTER_DNS: (
        "Router ({mac}) bảo các máy hỏi chính nó, nên câu hỏi của các máy không đến hộp này.",
        "The router ({mac}) tells devices to ask itself, so their questions do not reach this box.",
    ),
    Kind.ADDRESS_CONFLICT: (
        "Hai máy cùng nói mình có địa chỉ {address}. Cho đến khi rõ, cả hai theo quy tắc mặc định.",
        "Two devices say that they have {address}. Until that is settled both follow the default rules.",
    ),
}
BLOCKED: Both = ("Bộ lọc đã chặn tên này.", "The filter has blocked that name.")
# of a router that nobody was told to ask
_ANSWERS: tuple[Both, Both] = (
    ("Router cũng trả lời tên ({address})", "The router answers names too ({address})"),
    (
        (
            "Router ({mac}) không tự giới thiệu mình, nhưng máy nào hỏi thẳng thì nó vẫn trả lời. Hầu hết router đều "
            "vậy. Một máy được đặt DNS bằng tay có thể dùng lối này; nếu không có máy nào như thế thì không cần làm gì."
        ),
        (
            "The router ({mac}) does not offer itself, but answers whoever asks it. Most routers do. A device with a "
            "hand-set DNS could use it; while none is set like that, there is nothing to do."
        ),
    ),
)
SURE: dict[Confidence, Both] = {
    Confidence.LOW: ("Chưa chắc chắn: có thể không có gì.", "Not sure: it may well be nothing."),
    Confidence.MEDIUM: ("Khá chắc chắn.", "Fairly sure."),
    Confidence.HIGH: ("Gần như chắc chắn.", "As good as certain."),
}
TALK: Both = (
    "Hãy hỏi trước khi tắt: máy của con cần gì mà bộ lọc không cho? Có khi chỉ cần mở đúng trang đó.",
    (
        "Ask before you switch anything off: what was needed that the filter did not allow? Opening that one "
        "page may be enough."
    ),
)


def told(finding: Finding) -> tuple[Both, Both]:
    """Return title and explanation of a finding, each in both languages, with their fields still open."""
    if finding.is_chance:
        return _ANSWERS
    usual = _MAYBE if finding.confidence is Confidence.LOW else _ROUND
    return _TITLES.get(finding.kind, usual), _WHY[finding.kind]


def fields(finding: Finding, device: str) -> dict[str, str]:
    """Return the fields of `told`'s sentences, as harmless single lines. `device`: what the household calls it."""
    from filterd.control.alerts_text import line

    facts = finding.facts
    return {
        "device": line(device, 60), "mac": line(finding.mac), "address": line(facts.get("address", "")),
        "name": line(facts.get("name", "")), "minutes": line(facts.get("silent_minutes", "")),
    }  # fmt: skip
