"""The sentences of alerts: Vietnamese first, English beside it. Education before punishment, and always a next step.

alerts_text.py puts them together. A sentence says what happened, not what somebody is: an attempt that was blocked may
be a mistyped address, an advert or a friend's link.
"""

from __future__ import annotations

Both = tuple[str, str]  # Vietnamese, English

# kind -> title and body in both languages
KINDS: dict[str, tuple[Both, Both]] = {
    "harm_first": (
        (
            "Đã chặn: {category}",
            (
                "Hôm nay {who} lần đầu gặp nội dung thuộc nhóm “{category}” và bộ lọc đã chặn. Có thể chỉ là gõ nhầm, quảng "
                "cáo, hoặc đường dẫn do người khác gửi."
            ),
        ),
        (
            "Blocked: {category}",
            (
                "For the first time today {who} met something of the kind “{category}”, and the filter blocked it. It may "
                "have been a mistyped address, an advert, or a link that somebody sent."
            ),
        ),
    ),
    "harm_burst": (
        (
            "Nhiều lần bị chặn trong vài phút",
            "Trong {minutes} phút, {who} nhiều lần gặp nội dung có hại ({category}) và đều bị chặn.",
        ),
        (
            "Blocked many times within minutes",
            "Within {minutes} minutes {who} met harmful content many times ({category}); all of it was blocked.",
        ),
    ),
    "new_device": (
        (
            "Thiết bị mới trong nhà",
            (
                "Một thiết bị chưa từng thấy vừa vào mạng{device}.{private} Thiết bị này đang theo quy tắc mặc định của gia "
                "đình. Hãy xem là máy của ai rồi chọn hồ sơ cho nó ở trang Thiết bị của hộp."
            ),
        ),
        (
            "A new device in the house",
            (
                "A device that was never seen before has joined the network{device}.{private} It follows the household's "
                "default rules. See whose it is and give it a profile on the box's page Devices."
            ),
        ),
    ),
    "new_devices": (
        (
            "Nhiều thiết bị mới",
            "Thêm {count} thiết bị mới vào mạng trong một giờ. Nếu nhà không có khách, hãy xem lại mật khẩu Wi-Fi.",
        ),
        (
            "Many new devices",
            (
                "{count} more new devices have joined the network within an hour. Without guests in the house, think of a "
                "new Wi-Fi password."
            ),
        ),
    ),
    "bypass": (
        (
            "Có lối đi vòng qua bộ lọc",
            (
                "{way}{device}. Thường đó là một cài đặt đến cùng bản cập nhật, hay một ứng dụng VPN. Trang quản lý chỉ cách "
                "tắt từng bước (mục Thiết bị). Trước khi tắt, hãy hỏi con cần gì mà bộ lọc không cho."
            ),
        ),
        (
            "A way round the filter",
            (
                "{way}{device}. Usually that is a setting that came with an update, or a VPN app. The page shows how to "
                "switch it off step by step (Devices). Before that, ask what was needed that the filter did not allow."
            ),
        ),
    ),
    "bypass_network": (
        (
            "Có lối đi vòng qua bộ lọc",
            (
                "{way}{device}. Máy nào nghe theo thì không hỏi bộ lọc nữa. Thường đó là router, bộ phát Wi-Fi hay một hộp mới cắm "
                "vào mạng. Trang quản lý chỉ cách xem và tắt từng bước (mục Thiết bị)."
            ),
        ),
        (
            "A way round the filter",
            (
                "{way}{device}. Devices that follow it no longer ask the filter. Usually it is a router, an access point or another "
                "box that was plugged in. The page shows how to find it and switch it off step by step (Devices)."
            ),
        ),
    ),
    "stale_lists": (
        (
            "Danh sách chặn đã cũ",
            (
                "Danh sách “{list}” đã {days} ngày chưa cập nhật được. Bản tốt gần nhất vẫn bảo vệ gia đình. Hãy kiểm tra "
                "kết nối mạng rồi bấm “Tải ngay” ở trang Hệ thống, Danh sách của hộp."
            ),
        ),
        (
            "A blocklist has become old",
            (
                "The list “{list}” has not been renewed for {days} days. Its last good version still protects the family. "
                "Check the connection, then press “Update now” on the box's page System, Lists."
            ),
        ),
    ),
    "rules_loosened": (
        (
            "Quy tắc vừa được nới lỏng",
            (
                "Quy tắc của {who} vừa được nới lỏng{by} ({source}): {what}. Nếu không phải do bố mẹ quyết định, hãy hoàn "
                "tác ở trang Hệ thống, Lịch sử của hộp và hỏi con một cách bình tĩnh."
            ),
        ),
        (
            "Rules were loosened",
            (
                "The rules of {who} were loosened{by} ({source}): {what}. If no parent decided that, take it back in the "
                "history on the box's page System, History, and ask about it calmly."
            ),
        ),
    ),
    "child_talks": (
        (
            "Con cần nói chuyện",
            (
                "{who} vừa nhắn từ trang của con: “Con cần nói chuyện.” Hãy tìm một lúc yên tĩnh, hỏi nhẹ nhàng và lắng nghe "
                "trước. Con không có lỗi. Cần lời khuyên thì gọi 111, ngày đêm, không mất tiền."
            ),
        ),
        (
            "A child needs to talk",
            (
                "{who} wrote from the child's page: “I need to talk to you.” Find a quiet moment, ask gently and listen first. "
                "It is not the child's fault. For advice call 111 (Vietnam), day and night, free."
            ),
        ),
    ),
}
COUNTED: Both = ("Cho đến lúc này: {count} lần.", "Until now: {count} times.")
NAMES: dict[str, Both] = {
    "device": ("Thiết bị", "Device"),
    "sites": ("Trang", "Sites"),
}
MORE: dict[str, Both] = {
    "somebody": ("một hồ sơ trong nhà", "one of the profiles"),
    "house": ("gia đình", "the household"),
    "harm": ("nội dung có hại", "harmful content"),
    "private": (
        "Địa chỉ của nó là địa chỉ riêng tư, thay đổi được: có thể là một điện thoại quen thuộc.",
        "Its address is a private one that changes: it may be a phone that you know.",
    ),
    "by": (" bởi {by}", " by {by}"),
    "source-cli": ("dòng lệnh", "command line"),
    "source-web": ("trang quản lý", "the page"),
    "source-api": ("API", "API"),
}
# category -> what to do; the gravest first; "": every other
ADVICE: dict[str, Both] = {
    "abuse": (
        (
            "Con không có lỗi. Đừng mở lại và đừng lưu hay gửi cho ai. Hãy cùng con gọi 111 (Tổng đài quốc gia bảo vệ trẻ "
            "em, miễn phí, 24/7) và báo cho Mạng lưới bảo vệ trẻ em trên mạng: vn-cop.vn."
        ),
        (
            "A child who meets this has done nothing wrong. Do not open it again, keep it or pass it on. Call 111 together "
            "(Vietnam's child helpline, free, day and night) and report it to vn-cop.vn."
        ),
    ),
    "self-harm": (
        (
            "Con đang cần được lắng nghe. Hãy ở bên con, hỏi han nhẹ nhàng, đừng trách mắng. Gọi 111 bất cứ lúc nào; nếu "
            "con đang gặp nguy hiểm, gọi 115."
        ),
        (
            "A child who looks for this needs to be heard. Stay close and ask gently, without blame. 111 answers at any "
            "hour; in danger call 115."
        ),
    ),
    "grooming": (
        (
            "Hãy bình tĩnh hỏi con có ai lạ nhắn tin, xin ảnh hay hẹn gặp không. Giữ lại tin nhắn làm bằng chứng, đừng trả "
            "lời. Gọi 111 để được tư vấn; báo tại vn-cop.vn."
        ),
        (
            "Ask calmly whether a stranger writes, asks for pictures or wants to meet. Keep the messages as evidence and do "
            "not answer. 111 gives advice; report it at vn-cop.vn."
        ),
    ),
    "scam": (
        (
            "Nếu đã nhập mật khẩu hay thông tin ngân hàng ở trang đó, hãy đổi mật khẩu và gọi ngân hàng ngay. Bị lừa không "
            "phải là lỗi của ai."
        ),
        (
            "If a password or bank details were typed in there, change the password and call the bank at once. Being fooled "
            "is nobody's fault."
        ),
    ),
    "malware": (
        "Hãy quét vi-rút trên thiết bị và gỡ ứng dụng lạ mới cài. Thiết bị có thể tự kết nối mà không ai bấm vào gì.",
        "Scan the device and remove apps that came lately. A device may connect by itself without anybody's click.",
    ),
    "bypass": (
        "Trước khi cấm, hãy hỏi con cần vào trang nào và vì sao; có khi chỉ cần mở đúng trang đó.",
        "Before forbidding anything, ask what it was needed for; opening that one page may be enough.",
    ),
    "": (
        "Hãy nói chuyện nhẹ nhàng với con: con thấy gì, con cảm thấy thế nào. Lắng nghe trước, quy định sau.",
        "Have a calm talk: what was there to see, how did it feel? Listening comes first, rules second.",
    ),
}
# what of a Loosening -> words
LOOSENED: dict[str, Both] = {
    "category": ("mở nhóm “{value}”", "“{value}” opened"),
    "service": ("mở ứng dụng {value}", "{value} opened"),
    "name": ("bỏ chặn một trang riêng", "a blocked site removed"),
    "allow": ("cho phép một trang thuộc nhóm “{value}”", "a site of the kind “{value}” allowed"),
    "always": ("luôn cho phép một trang thuộc nhóm “{value}”", "a site of the kind “{value}” always allowed"),
    "safe-search": ("tìm kiếm an toàn của {value} giảm hoặc tắt", "safe search of {value} lowered or off"),
    "window": ("khung giờ được rút ngắn hoặc bỏ", "hours shortened or removed"),
    "free-day": ("thêm một ngày không giờ giấc", "a day without hours added"),
    "budget": ("tăng hoặc bỏ hạn mức thời gian", "a time budget raised or removed"),
    "switchable": ("giờ giấc và tắt mạng không còn tác dụng", "hours and off switched out of effect"),
    "preset": ("chuyển sang hồ sơ người lớn", "turned into a grown-up's profile"),
    "device": ("một thiết bị chuyển sang hồ sơ người lớn", "a device moved to a grown-up's profile"),
    "default": ("thiết bị mới theo quy tắc người lớn", "new devices get a grown-up's rules"),
    "pause": ("tạm ngừng bộ lọc", "filter paused"),
    "grant": ("mở tạm nội dung thuộc nhóm “{value}”", "“{value}” opened for a while"),
    "endless": ("cho phép không thời hạn", "a permission without an end"),
    "alerts": ("tắt bớt cảnh báo", "alerts switched off"),
}
# kind of model/bypass.py -> what was seen
WAYS: dict[str, Both] = {
    "silent": (
        "Một máy đang nối mạng nhưng chưa hỏi bộ lọc lần nào",
        "A device is busy and has never asked the filter",
    ),
    "fell_silent": ("Một máy đang hoạt động bỗng không hỏi bộ lọc nữa", "A busy device has stopped asking the filter"),
    "doh": ("Một máy tìm máy chủ tên mã hóa", "A device looks for an encrypted name server"),
    "vpn": ("Một máy tìm dịch vụ VPN", "A device looks for a VPN service"),
    "proxy": ("Một máy mở trang hoặc trình duyệt đi vòng", "A device opened a page or a browser that goes round"),
    "relay": ("Một máy bật Chuyển tiếp riêng tư của iCloud", "A device uses iCloud Private Relay"),
    "second_dns": ("Trong nhà có máy trả lời tên thứ hai", "A second name server is offered at home"),
    "router_dns": ("Router tự trả lời tên cho các máy", "The router hands itself out as name server"),
    "address_conflict": ("Hai máy cùng nhận một địa chỉ", "Two devices claim one address"),
}
