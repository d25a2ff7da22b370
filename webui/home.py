"""The first page: does the filter answer, how many profiles there are, whom to call. And `/healthz` for machines.

The words are below, in both languages; Vietnamese comes first unless the browser or `?lang=en` asks for English.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request

from filterd.control.health import look

LANGUAGES = ("vi", "en")
WORDS = {
    "vi": {
        "title": "Bộ lọc của gia đình",
        "answering": "Bộ lọc đang hoạt động.",
        "silent": "Bộ lọc không trả lời. Trong nhà có thể không vào mạng được.",
        "silent_hint": "Hãy tắt rồi bật lại hộp. Nếu vẫn vậy, hãy nhờ người đã cài đặt hộp.",
        "profiles": "Số hồ sơ trong nhà: {count}",
        "unknown": "Chưa đọc được dữ liệu gia đình; các quy tắc đang áp dụng vẫn giữ nguyên.",
        "help": "Con gặp chuyện trên mạng?",
        "call": "Gọi {hotline}",
        "call_more": "Tổng đài bảo vệ trẻ em: miễn phí, ngày và đêm. Con không có lỗi.",
        "report": "Báo tại {site}",
        "other": "English",
    },
    "en": {
        "title": "The family's filter",
        "answering": "The filter is working.",
        "silent": "The filter does not answer. The house may be without Internet.",
        "silent_hint": "Switch the box off and on again. If that does not help, ask whoever set it up.",
        "profiles": "Profiles in the house: {count}",
        "unknown": "The household cannot be read at the moment; the rules in force stay as they are.",
        "help": "Something happened online?",
        "call": "Call {hotline}",
        "call_more": "Vietnam's child protection hotline: free, day and night. It is not the child's fault.",
        "report": "Report at {site}",
        "other": "Tiếng Việt",
    },
}
HOTLINE, SITE = "111", "vn-cop.vn"

page = Blueprint("home", __name__)


@page.get("/")
def home() -> Response:
    """The page."""
    language = _language()
    other = next(code for code in LANGUAGES if code != language)
    seen = look(Path(current_app.config["STATE"]))
    response = make_response(
        render_template(
            "home.html", language=language, other=other, words=WORDS[language], seen=seen, hotline=HOTLINE, site=SITE
        )
    )
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    return response


@page.get("/healthz")
def healthz() -> Response:
    """200 whenever the page itself works, whatever DNS does: its own watchdog asks this."""
    return jsonify(page=True)


def _language() -> str:
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    for tag, _ in request.accept_languages:  # best first; en-GB is English
        if (code := tag.partition("-")[0].lower()) in LANGUAGES:
            return code
    return LANGUAGES[0]
