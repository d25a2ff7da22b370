"""Why a feed was refused, said to parents: one sentence for each code, in both languages.

Every one ends with what matters most: what was in force still is.

    sentence("rollback", "vi")
"""

from __future__ import annotations

_SENTENCES: dict[str, tuple[str, str]] = {
    "offline": (
        "Chưa kết nối được với nguồn tin của tỉnh. Hộp sẽ tự thử lại; danh sách cũ vẫn bảo vệ.",
        "The province's feed could not be reached. The box tries again by itself; the earlier lists still protect.",
    ),
    "rollback": (
        "Có ai đó gửi lại bản cũ của nguồn tin nên bị từ chối. Danh sách mới hơn đang có vẫn bảo vệ.",
        "Somebody sent an old edition of the feed again, so it was refused. The newer lists that are here still protect.",
    ),
    "frozen": (
        "Nguồn tin đã quá hạn: có thể văn phòng chưa phát hành, hoặc ai đó đang giữ bản mới lại. Danh sách cũ vẫn bảo vệ.",
        (
            "The feed is out of date: the office may be late, or somebody holds the new edition back."
            " The earlier lists still protect."
        ),
    ),
    "mixed": (
        "Các phần của nguồn tin không cùng một lần phát hành nên không dùng. Danh sách cũ vẫn bảo vệ.",
        "The parts of the feed are not from the same edition, so none was used. The earlier lists still protect.",
    ),
    "fast_forward": (
        "Số hiệu của nguồn tin nhảy vọt bất thường nên bị từ chối. Danh sách cũ vẫn bảo vệ.",
        "The feed's numbers leap further than they can, so it was refused. The earlier lists still protect.",
    ),
    "endless": (
        "Máy chủ gửi mãi không dứt, hoặc quá chậm, nên đã dừng. Danh sách cũ vẫn bảo vệ.",
        "The server sent without end, or too slowly, so it was stopped. The earlier lists still protect.",
    ),
    "truncated": (
        "Đang tải thì bị ngắt giữa chừng nên không dùng. Danh sách cũ vẫn bảo vệ.",
        "The transfer broke off in the middle, so nothing of it was used. The earlier lists still protect.",
    ),
    "tampered": (
        "Nội dung đã bị sửa trên đường đi nên bị từ chối. Danh sách cũ vẫn bảo vệ.",
        "The content was changed on its way, so it was refused. The earlier lists still protect.",
    ),
    "wrong_key": (
        "Nguồn tin được ký bằng khóa không (hoặc không còn) được tin cậy nên bị từ chối. Danh sách cũ vẫn bảo vệ.",
        (
            "The feed is signed with a key that is not, or no longer, trusted, so it was refused."
            " The earlier lists still protect."
        ),
    ),
    "few_signatures": (
        "Nguồn tin chưa đủ chữ ký nên bị từ chối. Danh sách cũ vẫn bảo vệ.",
        "The feed does not have enough signatures, so it was refused. The earlier lists still protect.",
    ),
    "foreign_root": (
        "Địa chỉ này phát nguồn tin của nơi khác, không phải của tỉnh đã chọn. Danh sách cũ vẫn bảo vệ.",
        "This address has another feed than the one that was chosen. The earlier lists still protect.",
    ),
    "bomb": (
        "Dữ liệu lớn bất thường, giống một cái bẫy, nên bị từ chối. Danh sách cũ vẫn bảo vệ.",
        "The data is out of all proportion, as a trap would be, so it was refused. The earlier lists still protect.",
    ),
    "outside_paths": (
        "Một đơn vị ký thứ không thuộc phần việc của mình; phần đó bị từ chối. Danh sách cũ vẫn bảo vệ.",
        "A unit signed what is not its business; that part was refused. The earlier lists still protect.",
    ),
    "bad_index": (
        "Mục lục của nguồn tin có lỗi nên không dùng. Hãy báo cho văn phòng; danh sách cũ vẫn bảo vệ.",
        "The feed's index is wrong, so it was not used. Please tell the office; the earlier lists still protect.",
    ),
    "bad_list": (
        "Một danh sách của nguồn tin có lỗi nên không dùng. Hãy báo cho văn phòng; danh sách cũ vẫn bảo vệ.",
        "A list of the feed is wrong, so nothing was used. Please tell the office; the earlier lists still protect.",
    ),
    "gate": (
        "Một danh sách của nguồn tin không qua được bước kiểm tra nên giữ bản cũ của danh sách đó.",
        "A list of the feed did not pass the check that all lists pass, so its earlier edition stays.",
    ),
    "clock_ahead": (
        "Đồng hồ của hộp chạy sai (nhanh hơn thực tế) nên chưa kiểm được nguồn tin. Hãy chỉnh giờ; danh sách cũ vẫn bảo vệ.",
        (
            "This box's clock is wrong (ahead of time), so the feed cannot be checked. Please set the clock;"
            " the earlier lists still protect."
        ),
    ),
    "disk": (
        "Không ghi được nguồn tin vào bộ nhớ (có thể đã đầy). Danh sách cũ vẫn bảo vệ.",
        "The feed could not be written to the disk (it may be full). The earlier lists still protect.",
    ),
    "config": (
        "Hộp chưa được thiết lập đúng cho nguồn tin này. Danh sách cũ vẫn bảo vệ.",
        "This box is not set up for this feed. The earlier lists still protect.",
    ),
}


def sentence(code: str, language: str) -> str:
    """Return the sentence for a code (model/feed.Refusal) in `vi`, else in English; '' for an unknown code."""
    return _SENTENCES.get(code, ("", ""))[language != "vi"]
