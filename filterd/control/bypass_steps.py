"""The steps that end a way round the filter, by system. Vietnamese, English; shown on the page of a finding.

Menus are named as the systems name them; makers move them, so a step says what to look for too.

    name, steps = STEPS["ios"]
"""

from __future__ import annotations

Both = tuple[str, str]  # Vietnamese, English

# system -> its name, its steps
STEPS: dict[str, tuple[Both, tuple[Both, ...]]] = {
    "ios": (
        ("iPhone và iPad", "iPhone and iPad"),
        (
            (
                "Mở Cài đặt, chạm tên ở trên cùng, chọn iCloud, rồi Chuyển tiếp riêng tư: tắt.",
                "Open Settings, tap the name at the top, choose iCloud, then Private Relay: switch it off.",
            ),
            (
                (
                    "Cài đặt, Wi-Fi, chữ i bên cạnh mạng nhà: tắt Giới hạn theo dõi địa chỉ IP; Địa chỉ Wi-Fi riêng tư: "
                    "Cố định."
                ),
                (
                    "Settings, Wi-Fi, the i beside your network: switch Limit IP Address Tracking off; set Private Wi-Fi "
                    "Address to Fixed."
                ),
            ),
            ("Cùng trang đó, Cấu hình DNS: Tự động.", "On the same page, Configure DNS: Automatic."),
            (
                "Cài đặt, Cài đặt chung, VPN và Quản lý thiết bị: xóa VPN và cấu hình DNS không rõ của ai.",
                "Settings, General, VPN & Device Management: remove VPNs and DNS profiles that nobody knows.",
            ),
        ),
    ),
    "android": (
        ("Android", "Android"),
        (
            (
                "Mở Cài đặt, Mạng và Internet (máy Samsung: Kết nối, Cài đặt kết nối khác).",
                "Open Settings, Network & internet (Samsung: Connections, More connection settings).",
            ),
            ("Chọn DNS riêng tư: Tắt, hoặc Tự động.", "Choose Private DNS: Off, or Automatic."),
            (
                "Trong mục VPN cùng trang: ngắt và xóa VPN không rõ của ai.",
                "Under VPN on the same page: disconnect and remove VPNs that nobody knows.",
            ),
            (
                "Chrome, Cài đặt, Quyền riêng tư và bảo mật, Sử dụng DNS bảo mật: tắt.",
                "Chrome, Settings, Privacy and security, Use secure DNS: off.",
            ),
        ),
    ),
    "windows": (
        ("Windows", "Windows"),
        (
            (
                "Mở Cài đặt, Mạng và Internet, chọn mạng đang dùng, Gán máy chủ DNS, Chỉnh sửa: Tự động (DHCP).",
                (
                    "Open Settings, Network & internet, the network in use, DNS server assignment, Edit: Automatic "
                    "(DHCP)."
                ),
            ),
            (
                "Cài đặt, Mạng và Internet, VPN: ngắt và xóa VPN không rõ của ai. Cũng ở đó, Proxy: tắt.",
                (
                    "Settings, Network & internet, VPN: disconnect and remove VPNs that nobody knows. In the same place, "
                    "Proxy: off."
                ),
            ),
            (
                "Trong trình duyệt tắt DNS bảo mật: xem phần Trình duyệt.",
                "In the browser, switch secure DNS off: see Browsers.",
            ),
        ),
    ),
    "macos": (
        ("Mac", "Mac"),
        (
            (
                "Mở Cài đặt hệ thống, chạm tên, iCloud, Chuyển tiếp riêng tư: tắt.",
                "Open System Settings, click the name, iCloud, Private Relay: switch it off.",
            ),
            (
                (
                    "Cài đặt hệ thống, Mạng, Wi-Fi, Chi tiết: tắt Giới hạn theo dõi địa chỉ IP; ở DNS xóa các địa chỉ tự "
                    "nhập."
                ),
                (
                    "System Settings, Network, Wi-Fi, Details: switch Limit IP address tracking off; under DNS remove "
                    "addresses that were typed in."
                ),
            ),
            (
                "Cài đặt hệ thống, VPN: ngắt và xóa VPN không rõ của ai.",
                "System Settings, VPN: disconnect and remove VPNs that nobody knows.",
            ),
        ),
    ),
    "browser": (
        ("Trình duyệt", "Browsers"),
        (
            (
                "Chrome, Edge, Cốc Cốc: Cài đặt, Quyền riêng tư và bảo mật, Bảo mật, Sử dụng DNS bảo mật: tắt.",
                "Chrome, Edge: Settings, Privacy and security, Security, Use secure DNS: off.",
            ),
            (
                "Firefox: Cài đặt, Riêng tư và bảo mật, DNS qua HTTPS: Tắt.",
                "Firefox: Settings, Privacy & Security, DNS over HTTPS: Off.",
            ),
            ("Xóa các tiện ích VPN và proxy trong trình duyệt.", "Remove VPN and proxy extensions from the browser."),
        ),
    ),
    "router": (
        ("Router", "Router"),
        (
            (
                "Mở trang quản lý router, thường ở địa chỉ ghi dưới đáy máy.",
                "Open the router's page; its address usually stands on its label.",
            ),
            (
                "Trong phần DHCP (mạng LAN): DNS chính là địa chỉ của hộp này, DNS phụ để trống.",
                "Under DHCP (LAN): set the first DNS server to this box's address and leave the second one empty.",
            ),
            (
                "Trong phần IPv6 (LAN, RA, DHCPv6): DNS là địa chỉ IPv6 của hộp này, hoặc tắt quảng bá DNS.",
                (
                    "Under IPv6 (LAN, RA, DHCPv6): set DNS to this box's IPv6 address, or switch the DNS announcement "
                    "off."
                ),
            ),
            (
                "Tắt rồi bật lại Wi-Fi của các máy để chúng nhận cài đặt mới.",
                "Switch the devices' Wi-Fi off and on again so that they take the new settings.",
            ),
        ),
    ),
    "vpn_app": (
        ("Ứng dụng VPN", "VPN apps"),
        (
            (
                "Tìm trong máy ứng dụng có chữ VPN, 1.1.1.1, WARP hoặc Proxy: ngắt kết nối, rồi gỡ.",
                "Look on the device for an app called VPN, 1.1.1.1, WARP or Proxy: disconnect it, then remove it.",
            ),
            (
                (
                    "iPhone: Cài đặt, Cài đặt chung, VPN và Quản lý thiết bị. Android: Cài đặt, Mạng và Internet, VPN. "
                    "Xóa mục còn lại ở đó."
                ),
                (
                    "iPhone: Settings, General, VPN & Device Management. Android: Settings, Network & internet, VPN. "
                    "Remove what is left there."
                ),
            ),
            (
                "VPN của công ty hay trường học là việc khác: chọn “Máy này không sao”.",
                "A VPN of work or school is another matter: choose “This device is fine”.",
            ),
        ),
    ),
}
