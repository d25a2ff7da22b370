"""Why a sync changed nothing, said to parents: one sentence for each code, in both languages.

sentence("web-page", "vi")
"""

from __future__ import annotations

_SENTENCES: dict[str, tuple[str, str]] = {
    "no-connection": (
        "Chưa kết nối được với nơi cung cấp danh sách. Hộp sẽ tự thử lại; danh sách cũ vẫn bảo vệ.",
        "The list's server could not be reached. The box tries again by itself; the earlier list still protects.",
    ),
    "unsafe-connection": (
        "Kết nối tới nơi cung cấp danh sách không an toàn nên không tải. Danh sách cũ vẫn bảo vệ.",
        "The connection to the list's server was not safe, so nothing was fetched. The earlier list still protects.",
    ),
    "slow": (
        "Máy chủ gửi quá chậm nên lần tải này đã dừng. Hộp sẽ thử lại sau.",
        "The server sent too slowly, so this fetch was stopped. The box tries again later.",
    ),
    "too-large": (
        "Tệp tải về lớn hơn mức cho phép nên bị từ chối.",
        "The file is larger than allowed, so it was refused.",
    ),
    "bomb": (
        "Tệp nén này bung ra lớn bất thường, giống một cái bẫy, nên bị từ chối.",
        "The packed file grows out of all proportion, as a trap would, so it was refused.",
    ),
    "truncated": (
        "Tải giữa chừng thì bị ngắt, danh sách không trọn vẹn nên không dùng.",
        "The transfer broke off in the middle; half a list is not used.",
    ),
    "status": (
        "Máy chủ báo không có danh sách ở địa chỉ này.",
        "The server says that there is no list at this address.",
    ),
    "redirects": (
        "Địa chỉ của danh sách cứ chuyển tiếp mãi mà không tới nơi.",
        "The list's address leads on and on without arriving.",
    ),
    "private": (
        "Địa chỉ của danh sách dẫn vào mạng nội bộ. Danh sách chỉ được tải từ Internet nên bị từ chối.",
        "The list's address leads into the home network. Lists are fetched from the Internet alone, so it was refused.",
    ),
    "address": (
        "Địa chỉ của danh sách không hợp lệ.",
        "The list's address is not valid.",
    ),
    "not-text": (
        "Thứ tải về không phải danh sách dạng văn bản.",
        "What came is not a list as plain text.",
    ),
    "web-page": (
        "Thay vì danh sách, máy chủ gửi một trang web (có thể mạng đang đòi đăng nhập).",
        "Instead of the list the server sent a web page (perhaps the network asks for a login).",
    ),
    "format": (
        "Danh sách có định dạng khác với dự kiến nên không dùng.",
        "The list has another format than expected, so it is not used.",
    ),
    "empty": (
        "Danh sách tải về trống rỗng nên không dùng; danh sách cũ vẫn bảo vệ.",
        "The list came empty, so it is not used; the earlier one still protects.",
    ),
    "shrunk": (
        "Danh sách gần như mất hết tên so với trước nên không dùng; danh sách cũ vẫn bảo vệ.",
        "Nearly all names are gone from the list, so it is not used; the earlier one still protects.",
    ),
    "held": (
        "Danh sách thay đổi nhiều bất thường. Hộp giữ bản cũ cho đến khi hai lần tải sau xác nhận.",
        "The list changed unusually much. The box keeps the earlier one until two later fetches confirm it.",
    ),
    "never-block": (
        "Danh sách muốn chặn những trang không bao giờ được chặn (ngân hàng, trường học, đường dây 111) nên bị từ chối.",
        "The list would block what must never be blocked (banks, schools, the hotline 111), so it was refused.",
    ),
    "check": (
        "Bộ danh sách mới không qua được lần kiểm tra cuối; bộ cũ vẫn bảo vệ.",
        "The new set of lists did not pass the last check; the earlier set still protects.",
    ),
    "file": (
        "Không đọc được tệp này.",
        "This file cannot be read.",
    ),
}


def sentence(code: str, language: str) -> str:
    """Return the sentence for a code (listbuild/refusal.py) in `vi`, else in English; '' for an unknown code."""
    return _SENTENCES.get(code, ("", ""))[language != "vi"]
