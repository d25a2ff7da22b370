"""Why a name was blocked or open, in at most four plain sentences, Vietnamese and English. Pure.

Who asked what; what it belongs to; which rule decided and until when; who set it and when it opens again. Facts come as
one value, already masked; everything that is said is a whole sentence of the table.

    sentences(Why(row=Row.WINDOW, action=Action.BLOCK, name="example.com", child="Lan", ...), "vi")
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from filterd.model.decision import Action, Row
from filterd.policy.say import capital, date_of, when

_WORDS: dict[str, dict[str, str]] = {
    "vi": {
        "asked": "{device} hỏi {name}.",
        "asked.then": "{device} hỏi {name}, {moment}.",
        "asked.past": "{device} hỏi {name}, {moment}.",
        "asked.hidden": "{device} hỏi một tên trang. Với {child}, chỉ hiện mục và giờ.",
        "harm": "Mục nguy hiểm. Không ghi tên.",
        "chain": "Trang này dẫn đến {matched}, và {matched} bị chặn.",
        "of.service": "Trang này là của {service}.",
        "of.category": "Trang này thuộc mục {category}.",
        "of.both": "Trang này là của {service}, mục {category}.",
        "local": "Đây là tên trong nhà, hộp này tự trả lời.",
        "lifeline": "Tên này luôn mở với mọi máy.",
        "mandatory": "Tên này có trong danh sách {category} của tỉnh. Mục này áp dụng cho mọi máy.",
        "filter": "Lọc tạm dừng với {child} đến {until}.",
        "filter.open": "Lọc tạm dừng với {child}.",
        "always": "Nhà mình luôn cho {child} mở {value}.",
        "grant.name": "{child} được mở {value} đến {until}.",
        "grant.name.open": "{child} được mở {value}.",
        "grant.service": "{child} được dùng {service} đến {until}.",
        "grant.service.open": "{child} được dùng {service}.",
        "grant.category": "{child} được mở mục {category} đến {until}.",
        "grant.category.open": "{child} được mở mục {category}.",
        "grant.hidden": "{child} được mở trang này đến {until}.",
        "grant.hidden.open": "{child} được mở trang này.",
        "off.profile": "Mạng của {child} tắt đến {until}.",
        "off.profile.open": "Mạng của {child} tắt cho đến khi mở lại.",
        "off.device": "Mạng của {device} tắt đến {until}.",
        "off.device.open": "Mạng của {device} tắt cho đến khi mở lại.",
        "off.waits": "Máy này mới và đang chờ cho biết là của ai.",
        "off.waits.open": "Máy này mới và đang chờ cho biết là của ai.",
        "off.everyone": "Mạng của cả nhà tắt đến {until}.",
        "off.everyone.open": "Mạng của cả nhà tắt cho đến khi mở lại.",
        "window": "Theo lịch “{rule}”, mạng của {child} tắt đến {until}.",
        "window.open": "Theo lịch “{rule}”, mạng của {child} tắt.",
        "only": "Theo lịch “{rule}”, {child} dùng các trang đã chọn đến {until}.",
        "only.open": "Theo lịch “{rule}”, {child} dùng các trang đã chọn.",
        "name.block": "Nhà mình đã chặn {value} với {child}.",
        "name.allow": "Nhà mình cho phép {value} với {child}.",
        "name.hidden": "Nhà mình có luật riêng cho tên này với {child}.",
        "budget": "{child} đã hết phần hôm nay của {what}. Phần mới có lúc 0:00.",
        "budget.minutes": "{child} đã hết phần {minutes} phút hôm nay của {what}. Phần mới có lúc 0:00.",
        "service.blocked": "{service} bị chặn với {child}.",
        "service.hours": "Lịch của {child} cho phép {service} {hours}. Ngoài giờ đó: đóng.",
        "service.outside": "Lịch của {child} có giờ cho {service}. Ngoài giờ đó: đóng.",
        "service.inside": "Lịch của {child} cho phép {service} đến {until}.",
        "service.inside.open": "Lịch của {child} cho phép {service}.",
        "service.time": "{child} có thêm giờ, nên {service} mở đến {until}.",
        "service.time.open": "{child} có thêm giờ, nên {service} mở.",
        "service.allowed": "Nhà mình cho phép {service} với {child}.",
        "category.blocked": "Mục {category} bị chặn với {child}.",
        "category.hours": "Lịch của {child} cho phép mục {category} {hours}. Ngoài giờ đó: đóng.",
        "category.outside": "Lịch của {child} có giờ cho mục {category}. Ngoài giờ đó: đóng.",
        "category.clock": "Hộp này chưa biết chắc mấy giờ, nên mục {category} vẫn đóng với {child}.",
        "rebind": "Câu trả lời dẫn về một địa chỉ trong nhà, nên hộp này giữ lại.",
        "upstream": "Máy chủ phía trên đã chặn tên này.",
        "default": "Trang này mở với {child}.",
        "rewrite": "Trang này mở với {child}, ở chế độ tìm kiếm an toàn.",
        "by.rule": "{who} đặt luật này ngày {date}.",
        "by.since": "Luật này có từ ngày {date}.",
        "by.preset": "Đây là mức có sẵn cho lứa tuổi đã chọn.",
        "by.off": "{who} tắt lúc {moment}.",
        "by.grant": "{who} cho lúc {moment}.",
        "opens": "Mở lại: {moment}.",
        "opens.hours": "Lần tới được dùng: {moment}.",
        "closes": "Đóng lại: {moment}.",
        "hours": "từ {start} đến {end}",
        "it": "trang này",
        "verdict.block": "đóng",
        "verdict.block.until": "đóng đến {until}",
        "verdict.allow": "mở",
        "verdict.allow.until": "mở đến {until}",
    },
    "en": {
        "asked": "{device} asked for {name}.",
        "asked.then": "{device} asks for {name}, {moment}.",
        "asked.past": "{device} asked for {name}, {moment}.",
        "asked.hidden": "{device} asked for a site. For {child}, only category and time are shown.",
        "harm": "Dangerous category. No name kept.",
        "chain": "This site leads to {matched}, and {matched} is blocked.",
        "of.service": "This site belongs to {service}.",
        "of.category": "This site is in the category {category}.",
        "of.both": "This site belongs to {service}, category {category}.",
        "local": "This is a name of the home itself; this box answers it.",
        "lifeline": "This name is always open, on every device.",
        "mandatory": "This name is on the province's list {category}. It applies to every device.",
        "filter": "The filter is paused for {child} until {until}.",
        "filter.open": "The filter is paused for {child}.",
        "always": "Your family always lets {child} open {value}.",
        "grant.name": "{child} may open {value} until {until}.",
        "grant.name.open": "{child} may open {value}.",
        "grant.service": "{child} may use {service} until {until}.",
        "grant.service.open": "{child} may use {service}.",
        "grant.category": "{child} may open the category {category} until {until}.",
        "grant.category.open": "{child} may open the category {category}.",
        "grant.hidden": "{child} may open this site until {until}.",
        "grant.hidden.open": "{child} may open this site.",
        "off.profile": "{child}'s internet is off until {until}.",
        "off.profile.open": "{child}'s internet is off until it is switched on.",
        "off.device": "The internet of {device} is off until {until}.",
        "off.device.open": "The internet of {device} is off until it is switched on.",
        "off.waits": "This device is new and waits until somebody says whose it is.",
        "off.waits.open": "This device is new and waits until somebody says whose it is.",
        "off.everyone": "Everybody's internet is off until {until}.",
        "off.everyone.open": "Everybody's internet is off until it is switched on.",
        "window": 'By the schedule "{rule}", {child}\'s internet is off until {until}.',
        "window.open": 'By the schedule "{rule}", {child}\'s internet is off.',
        "only": 'By the schedule "{rule}", {child} uses the chosen sites until {until}.',
        "only.open": 'By the schedule "{rule}", {child} uses the chosen sites.',
        "name.block": "Your family blocks {value} for {child}.",
        "name.allow": "Your family allows {value} for {child}.",
        "name.hidden": "Your family has a rule of its own for this name and {child}.",
        "budget": "{child}'s share of {what} for today is used. A new one comes at 0:00.",
        "budget.minutes": "{child}'s {minutes} minutes of {what} for today are used. New ones come at 0:00.",
        "service.blocked": "{service} is blocked for {child}.",
        "service.hours": "{child}'s schedule allows {service} {hours}. Outside these hours: closed.",
        "service.outside": "{child}'s schedule has hours for {service}. Outside these hours: closed.",
        "service.inside": "{child}'s schedule allows {service} until {until}.",
        "service.inside.open": "{child}'s schedule allows {service}.",
        "service.time": "{child} has more time, so {service} is open until {until}.",
        "service.time.open": "{child} has more time, so {service} is open.",
        "service.allowed": "Your family allows {service} for {child}.",
        "category.blocked": "The category {category} is blocked for {child}.",
        "category.hours": "{child}'s schedule allows the category {category} {hours}. Outside these hours: closed.",
        "category.outside": "{child}'s schedule has hours for the category {category}. Outside these hours: closed.",
        "category.clock": "This box is not sure of the time, so the category {category} stays closed for {child}.",
        "rebind": "The answer leads to an address inside the home, so this box holds it back.",
        "upstream": "The server that this box asks has blocked the name.",
        "default": "This site is open for {child}.",
        "rewrite": "This site is open for {child}, with safe search.",
        "by.rule": "{who} set this on {date}.",
        "by.since": "This rule has been there since {date}.",
        "by.preset": "This is the ready-made level for the age that was chosen.",
        "by.off": "{who} switched it off at {moment}.",
        "by.grant": "{who} allowed it at {moment}.",
        "opens": "Open again: {moment}.",
        "opens.hours": "Open next: {moment}.",
        "closes": "Closed again: {moment}.",
        "hours": "from {start} to {end}",
        "it": "this site",
        "verdict.block": "closed",
        "verdict.block.until": "closed until {until}",
        "verdict.allow": "open",
        "verdict.allow.until": "open until {until}",
    },
}


@dataclass(frozen=True, slots=True)
class Why:
    """What is known of a decision. Texts are as people see them: names of devices, services and categories."""

    action: Action
    row: Row
    rule: str
    child: str
    device: str
    zone: tzinfo
    now: float
    at: float
    name: str = ""  # "": not to be shown
    matched: str = ""  # the chain's name that decided, when it is not the question's
    service: str = ""
    category: str = ""
    is_only: bool = False  # row 6: an `only` window
    hours: tuple[tuple[str, str], ...] = ()  # of a service or category: from, to
    until: float | None = None
    opens: bool | None = None  # what comes at `until`: True an allow, False a block, None nothing or another block
    is_harm: bool = False
    by: str = ""
    set_at: float | None = None
    is_preset: bool = False

    @property
    def is_blocked(self) -> bool:
        """True when the question got the blocked shape."""
        return self.action is Action.BLOCK


def sentences(why: Why, language: str) -> tuple[str, ...]:
    """Return one to four sentences."""
    words = _WORDS[language]
    if why.is_harm and not why.name:
        return (words["harm"],)
    found = [_asked(why, language), _belongs(why, words), _rule(why, language), _set(why, language)]
    return tuple(capital(one) for one in found if one)


def verdict(why: Why, language: str) -> str:
    """Return the decision in two or three words: open until 21:30."""
    key = "verdict.block" if why.is_blocked else "verdict.allow"
    if why.until is None or why.opens is not why.is_blocked:
        return _WORDS[language][key]
    return _WORDS[language][f"{key}.until"].format(until=when(why.until, why.at, why.zone, language))


def _asked(why: Why, language: str) -> str:
    words = _WORDS[language]
    if not why.name:
        return words["asked.hidden"].format(device=why.device, child=why.child)
    if abs(why.at - why.now) < 60:
        return words["asked"].format(device=why.device, name=why.name)
    moment = when(why.at, why.now, why.zone, language)
    return words["asked.past" if why.at < why.now else "asked.then"].format(
        device=why.device, name=why.name, moment=moment
    )


def _belongs(why: Why, words: dict[str, str]) -> str:
    if why.matched and why.name:
        return words["chain"].format(matched=why.matched)
    if why.row in (Row.LOCAL, Row.LIFELINE, Row.MANDATORY, Row.REBIND):  # the rule says it
        return ""
    key = "both" if why.service and why.category else "service" if why.service else "category" if why.category else ""
    return words[f"of.{key}"].format(service=why.service, category=why.category) if key else ""


def _rule(why: Why, language: str) -> str:
    words = _WORDS[language]
    key = _key(why)
    _, _, value = why.rule.partition(" ")
    if why.until is None and f"{key}.open" in words:
        key += ".open"
    return words[key].format(
        child=why.child,
        device=why.device,
        rule=why.rule,
        value=value,
        service=why.service,
        category=why.category,
        what=why.service or why.category or words["it"],
        minutes=why.rule.partition(" ")[0],
        hours=", ".join(words["hours"].format(start=start, end=end) for start, end in why.hours),
        until="" if why.until is None else when(why.until, why.at, why.zone, language),
    )


def _key(why: Why) -> str:
    """Return the row of the table that says what decided. A rule whose words are masked is said without them."""
    word = why.rule.partition(" ")[0]
    match why.row:
        case Row.LOCAL | Row.LIFELINE | Row.MANDATORY | Row.REBIND | Row.UPSTREAM:
            return why.row.id
        case Row.GRANT if word in ("filter", "always"):
            return word
        case Row.GRANT:
            known = word == "name" or (word == "service" and why.service) or (word == "category" and why.category)
            return f"grant.{word}" if known else "grant.hidden"
        case Row.OFF:
            return f"off.{word if word in ('device', 'everyone', 'waits') else 'profile'}"
        case Row.WINDOW:
            return "only" if why.is_only else "window"
        case Row.NAME:
            return f"name.{word}" if word in ("block", "allow") else "name.hidden"
        case Row.BUDGET:
            return "budget.minutes" if word.isdigit() else "budget"
        case Row.SERVICE:
            return _service(why, word)
        case Row.CATEGORY if word == "outside":
            return "category.hours" if why.hours else "category.outside"
        case Row.CATEGORY:
            return "category.clock" if "clock" in why.rule else "category.blocked"
        case _:
            return "rewrite" if why.action is Action.REWRITE else "default"


def _service(why: Why, word: str) -> str:
    if not why.service:
        return "default" if not why.is_blocked else "name.hidden"
    if word == "outside":
        return "service.hours" if why.hours else "service.outside"
    return f"service.{word}" if word in ("inside", "time", "allowed") else "service.blocked"


def _set(why: Why, language: str) -> str:
    words = _WORDS[language]
    parts = []
    if why.is_preset:
        parts.append(words["by.preset"])
    elif why.set_at is not None:
        if why.row in (Row.OFF, Row.GRANT) and why.by and not why.rule.startswith("always"):
            moment = when(why.set_at, why.at, why.zone, language)
            parts.append(words["by.off" if why.row is Row.OFF else "by.grant"].format(who=why.by, moment=moment))
        else:
            today = datetime.fromtimestamp(why.now, why.zone).date()
            day = date_of(datetime.fromtimestamp(why.set_at, why.zone).date(), language, today)
            parts.append(words["by.rule" if why.by else "by.since"].format(who=why.by, date=day))
    if why.until is not None and why.opens is not None and why.row is not Row.BUDGET:
        key = "closes" if not why.opens else "opens.hours" if why.rule.startswith("outside") else "opens"
        if why.opens is why.is_blocked:
            parts.append(words[key].format(moment=when(why.until, why.at, why.zone, language)))
    return " ".join(parts)
