"""What is said of each kind of loophole: how bad it is, what it is and what to do, for parents, in two languages.

Placeholders: {who} a profile's or device's name, {what} the thing (a window, a service, a site), {more} details.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Severity(Enum):
    """How much a parent should mind."""

    DANGER = "danger"  # harm is open, or the filter is off
    WARNING = "warning"  # a rule does not do what it was surely meant to do
    NOTE = "note"  # worth knowing


class Words(NamedTuple):
    """The sentences of one kind of finding."""

    severity: Severity
    vi: str
    en: str
    fix_vi: str
    fix_en: str


D, W, N = Severity.DANGER, Severity.WARNING, Severity.NOTE
DAYS_VI = ("thứ hai", "thứ ba", "thứ tư", "thứ năm", "thứ sáu", "thứ bảy", "chủ nhật")
DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

WORDS: dict[str, Words] = {
    # ---- who is asking
    "default-adult": Words(
        D,
        "Thiết bị lạ được dùng hồ sơ “{who}”, không phải hồ sơ của trẻ: chỉ cần đổi địa chỉ máy là con thoát khỏi bộ lọc.",
        "Unknown devices get the profile “{who}”, which is not a child's: a device with a new address leaves the filter.",
        "Cho thiết bị lạ dùng hồ sơ của con nhỏ nhất: “{more}”.",
        "Give unknown devices the strictest child's profile, “{more}”.",
    ),
    "default-lax": Words(
        W,
        "Thiết bị lạ được dùng hồ sơ “{who}”, hồ sơ này mở những nhóm bị chặn với “{what}”: {more}.",
        "Unknown devices get the profile “{who}”, which opens what is blocked for “{what}”: {more}.",
        "Cho thiết bị lạ dùng hồ sơ “{what}”.",
        "Give unknown devices the profile “{what}”.",
    ),
    "adult-range-overlap": Words(
        D,
        "Dải địa chỉ “{who}” không lọc như của trẻ nhưng chứa máy của con ({more}): con đổi địa chỉ là thoát bộ lọc.",
        "The range “{who}” is without a child's filter and holds a child's device ({more}): a new address frees it.",
        "Ghi từng máy theo địa chỉ MAC rồi bỏ dải này.",
        "Add those devices one by one, by MAC address, and remove the range.",
    ),
    "adult-range": Words(
        N,
        "Mọi thiết bị lạ trong dải địa chỉ “{who}” đều không có bộ lọc của trẻ.",
        "Every unknown device in the address range “{who}” is without a child's filter.",
        "Chỉ giữ dải này nếu con không vào được mạng đó.",
        "Keep the range only if children cannot join that network.",
    ),
    "adult-address": Words(
        N,
        "“{who}” không có bộ lọc của trẻ chỉ nhờ địa chỉ IP: con đặt địa chỉ này vào máy mình là thoát bộ lọc.",
        "“{who}” is without a child's filter by its IP address alone: a child who types in that address is, too.",
        "Nhận thiết bị này theo địa chỉ MAC.",
        "Recognise the device by its MAC address.",
    ),
    "no-device": Words(
        W,
        "Không thiết bị nào dùng hồ sơ “{who}”: các quy tắc của hồ sơ này chưa có tác dụng với ai.",
        "No device has the profile “{who}”: its rules hold for nobody.",
        "Gán các thiết bị của “{who}” vào hồ sơ này.",
        "Assign the devices of “{who}” to it.",
    ),
    "unfiltered": Words(
        N,
        "Hồ sơ “{who}” không lọc gì cả: chưa chọn độ tuổi, chưa có quy tắc nào.",
        "The profile “{who}” filters nothing: it has no age and no rules.",
        "Chọn độ tuổi, hoặc hồ sơ của người lớn nếu đúng là như vậy.",
        "Choose an age, or the adults' preset if that is what it is.",
    ),
    "not-switchable": Words(
        W,
        "Thiết bị của “{who}” được giữ câu trả lời lâu (switchable: false): giờ giấc sẽ có hiệu lực muộn.",
        "Devices of “{who}” may keep answers for long (switchable: false): its hours take effect late.",
        "Để hồ sơ này bật tắt được ngay.",
        "Let the profile be switched at once.",
    ),
    # ---- sleep
    "no-bedtime": Words(
        W,
        "“{who}” chưa có giờ ngủ: mạng mở suốt đêm trước ngày đi học.",
        "“{who}” has no bedtime: the Internet stays on all night before school days.",
        "Thêm giờ ngủ.",
        "Add a bedtime.",
    ),
    "default-no-bedtime": Words(
        W,
        "“{who}” chưa có giờ ngủ, mà thiết bị lạ lại dùng hồ sơ này: chỉ cần đổi địa chỉ máy là thoát giờ ngủ của {more}.",
        "“{who}” has no bedtime, and unknown devices get this profile: a new address is a way out of bedtime for {more}.",
        "Thêm giờ ngủ.",
        "Add a bedtime.",
    ),
    "bedtime-gap": Words(
        W,
        "“{who}” không có giờ ngủ vào đêm {more}, dù sáng hôm sau phải đi học.",
        "“{who}” has no bedtime on the night of {more}, with school the next morning.",
        "Thêm những ngày còn thiếu vào giờ ngủ.",
        "Add the missing days to the bedtime.",
    ),
    "holiday-no-bedtime": Words(
        N,
        "Trong “{what}” ({more} ngày), “{who}” không có giờ ngủ.",
        "During “{what}” ({more} days) “{who}” has no bedtime.",
        "Nếu không cố ý, thêm giờ ngủ muộn hơn cho kỳ nghỉ này.",
        "Unless that is meant, add a later bedtime for these days.",
    ),
    # ---- windows
    "window-never": Words(
        W,
        "Khung giờ “{what}” của “{who}” không bao giờ có hiệu lực trong 400 ngày tới.",
        "The window “{what}” of “{who}” is in force at no time of the next 400 days.",
        "Xem lại ngày của khung giờ và các ngày ngoại lệ thay thế nó.",
        "Look at its days, and at the exceptions that replace it.",
    ),
    "permit-never": Words(
        W,
        "Khung giờ mở “{what}” của “{who}” không bao giờ có hiệu lực, nên {more} bị chặn suốt.",
        "The permit window “{what}” of “{who}” is in force at no time of the next 400 days: {more} stays blocked.",
        "Sửa ngày của khung giờ, hoặc bỏ khung giờ này.",
        "Correct its days, or remove the window.",
    ),
    "exception-past": Words(
        N,
        "“{who}” có {more} ngày ngoại lệ đã qua, không còn tác dụng.",
        "“{who}” has {more} exceptions whose day is past.",
        "Xóa đi cho gọn.",
        "Remove them.",
    ),
    "exception-hidden": Words(
        W,
        "Ngoại lệ “{what}” của “{who}” không bao giờ được dùng: một ngoại lệ đứng trước đã chiếm hết ngày của nó.",
        "The exception “{what}” of “{who}” is never used: an earlier one takes all its days.",
        "Xóa một trong hai, hoặc đổi thứ tự.",
        "Remove one of the two, or change their order.",
    ),
    "holiday-past": Words(
        N,
        "Kỳ nghỉ “{what}” đã qua và chưa có ngày cho lần sau: ngoại lệ của “{who}” sẽ không có hiệu lực.",
        "The holiday “{what}” is past and has no dates for the next time: the exception of “{who}” does nothing.",
        "Nhập ngày của kỳ nghỉ lần sau.",
        "Enter the dates of the next one.",
    ),
    "holiday-unknown": Words(
        W,
        "Ngoại lệ của “{who}” dùng kỳ nghỉ “{what}”, nhưng không có kỳ nghỉ nào tên như vậy.",
        "An exception of “{who}” is about the holiday “{what}”, and there is no such holiday.",
        "Thêm kỳ nghỉ, hoặc sửa tên.",
        "Add the holiday, or correct the name.",
    ),
    "permit-shut": Words(
        W,
        "Khung giờ mở “{what}” của “{who}” nằm trọn trong giờ tắt mạng, nên không mở được gì.",
        "The permit window “{what}” of “{who}” lies wholly in offline hours and opens nothing.",
        "Dời khung giờ ra ngoài giờ tắt mạng.",
        "Move it out of the offline hours.",
    ),
    "only-shut": Words(
        N,
        "Khung giờ “{what}” của “{who}” nằm trọn trong giờ tắt mạng, nên không có tác dụng.",
        "The window “{what}” of “{who}” lies wholly in offline hours and changes nothing.",
        "Dời hoặc bỏ khung giờ này.",
        "Move or remove it.",
    ),
    "permit-empty": Words(
        W,
        "Khung giờ mở “{what}” của “{who}” không ghi ứng dụng hay nhóm nào, nên không mở gì.",
        "The permit window “{what}” of “{who}” names no service and no category: it opens nothing.",
        "Ghi ứng dụng hoặc nhóm cần mở, hoặc bỏ khung giờ này.",
        "Name what it opens, or remove it.",
    ),
    "permit-harm": Words(
        D,
        "Khung giờ “{what}” của “{who}” mở nội dung có hại: {more}.",
        "The window “{what}” of “{who}” opens harmful content: {more}.",
        "Bỏ mục đó khỏi khung giờ.",
        "Take it out of the window.",
    ),
    # ---- own words that go too far
    "category-harm": Words(
        D,
        "Nhóm có hại “{what}” được mở cho “{who}”, dù độ tuổi này vốn bị chặn.",
        "The harmful category “{what}” is opened for “{who}”, though this age blocks it.",
        "Chặn lại nhóm này.",
        "Block it again.",
    ),
    "bypass-open": Words(
        D,
        "Các cách vượt bộ lọc (VPN, proxy, DNS khác) không bị chặn với “{who}”: mọi quy tắc khác đều có thể bị lách.",
        "Ways around the filter (VPN, proxy, other DNS) are not blocked for “{who}”: every other rule can be evaded.",
        "Chặn nhóm này.",
        "Block this category.",
    ),
    "harm-open": Words(
        W,
        "Những nhóm có hại này không bị chặn với “{who}”: {more}.",
        "These harmful categories are not blocked for “{who}”: {more}.",
        "Chọn độ tuổi cho hồ sơ, hoặc chặn từng nhóm.",
        "Choose an age for the profile, or block them one by one.",
    ),
    "allow-harm": Words(
        D,
        "“{who}” luôn vào được {what}, dù trang này thuộc nhóm có hại bị chặn: {more}.",
        "“{who}” may visit {what}, though it is on a list of a harmful category that is blocked: {more}.",
        "Bỏ tên này khỏi danh sách cho phép.",
        "Remove the name from the allowed ones.",
    ),
    "allow-harm-below": Words(
        W,
        "Tên được phép {what} của “{who}” bao luôn các trang có hại bên dưới nó: {more}.",
        "The allowed name {what} of “{who}” also covers harmful sites below it: {more}.",
        "Chỉ cho phép đúng tên cần dùng.",
        "Allow only the name that is needed.",
    ),
    "allow-wide": Words(
        D,
        "Tên được phép {what} của “{who}” là một đuôi tên miền chung: mọi trang dưới đó đều được mở.",
        "The allowed name {what} of “{who}” is a public suffix: every site under it is open.",
        "Thay bằng tên của đúng trang cần dùng.",
        "Allow the one site that is needed instead.",
    ),
    "allow-service": Words(
        W,
        "Tên được phép {what} của “{who}” mở ứng dụng {more}, dù ứng dụng này bị chặn hoặc có giới hạn giờ.",
        "The allowed name {what} of “{who}” opens {more}, which is blocked or limited for it.",
        "Bỏ tên này khỏi danh sách cho phép.",
        "Remove the name from the allowed ones.",
    ),
    "always-service": Words(
        W,
        "Tên {what} luôn mở cho “{who}”, cả trong giờ ngủ và khi tắt mạng: đó là {more}.",
        "The name {what} is always open for “{who}”, at bedtime and when the Internet is off: it is {more}.",
        "Dùng “allow” thay cho “always”: khi đó giờ ngủ vẫn có hiệu lực.",
        "Use `allow` instead of `always`: then bedtime holds for it.",
    ),
    "always-search": Words(
        W,
        "Máy tìm kiếm {what} luôn mở cho “{who}”, cả trong giờ ngủ và khi tắt mạng.",
        "The search engine {what} is always open for “{who}”, at bedtime and when the Internet is off.",
        "Bỏ tên này khỏi danh sách luôn mở.",
        "Remove the name from the ones that are always open.",
    ),
    "service-harm": Words(
        D,
        "Ứng dụng {what} được mở cho “{who}”, dù nó thuộc nhóm có hại bị chặn: {more}.",
        "The service {what} is allowed for “{who}”, though it belongs to a harmful category that is blocked: {more}.",
        "Chặn ứng dụng này.",
        "Block the service.",
    ),
    "allow-tied": Words(
        N,
        "{what} vừa được phép vừa bị chặn với “{who}”: lệnh chặn thắng.",
        "{what} is both allowed and blocked for “{who}”: the block wins.",
        "Bỏ một trong hai.",
        "Remove one of the two.",
    ),
    "safe-search-off": Words(
        W,
        "Tìm kiếm an toàn đang tắt với “{who}”: {more}.",
        "Safe search is off for “{who}”: {more}.",
        "Bật lại tìm kiếm an toàn.",
        "Switch it on again.",
    ),
    "safe-search-off-teen": Words(
        N,
        "Tìm kiếm an toàn đang tắt với “{who}”: {more}.",
        "Safe search is off for “{who}”: {more}.",
        "Nếu không cố ý, bật lại.",
        "Unless that is meant, switch it on again.",
    ),
    # ---- budgets
    "budget-never": Words(
        W,
        "Hạn mức {more} phút của “{who}” không đếm được gì: {what} bị chặn hẳn, không tồn tại, hoặc chỉ chạy nền.",
        "The budget of {more} minutes of “{who}” counts nothing: {what} is blocked anyway, unknown, or background only.",
        "Chọn ứng dụng hoặc nhóm mà con dùng được, hoặc bỏ hạn mức.",
        "Choose what is open at some time, or remove the budget.",
    ),
    "budget-wide": Words(
        N,
        "Hạn mức {more} phút của “{who}” cho {what} không bao giờ hết: khung giờ còn để lại ít hơn thế.",
        "The budget of {more} minutes of “{who}” for {what} is never used up: the windows leave no more than that.",
        "Giảm số phút.",
        "Lower the minutes.",
    ),
    # ---- moves that were forgotten
    "grant-endless": Words(
        D,
        "“{who}” được phép không thời hạn: {what}. Giờ ngủ hoặc bộ lọc không còn tác dụng.",
        "“{who}” has a permission without an end: {what}. Bedtime or the filter no longer holds.",
        "Thu hồi.",
        "Revoke it.",
    ),
    "grant-endless-harm": Words(
        D,
        "“{who}” được mở không thời hạn nội dung có hại: {what} ({more}).",
        "“{who}” has harmful content open without an end: {what} ({more}).",
        "Thu hồi.",
        "Revoke it.",
    ),
    "grant-endless-one": Words(
        N,
        "“{who}” được phép không thời hạn: {what}, cả trong giờ ngủ.",
        "“{who}” has a permission without an end, at bedtime too: {what}.",
        "Thu hồi, hoặc ghi vào quy tắc của hồ sơ.",
        "Revoke it, or make it a rule of the profile.",
    ),
    "grant-long": Words(
        W,
        "“{who}” còn được phép hơn {more} ngày nữa: {what}.",
        "“{who}” has a permission for more than {more} days yet: {what}.",
        "Thu hồi khi không cần nữa.",
        "Revoke it when it is not needed.",
    ),
    "off-endless": Words(
        N,
        "Mạng đang tắt hơn một ngày, không hẹn giờ mở lại: {who}.",
        "The Internet has been off for more than a day, without an end: {who}.",
        "Mở lại nếu đã quên.",
        "Switch it on again if that was forgotten.",
    ),
}
SCOPES = {
    "time": ("thêm giờ", "time"),
    "filter": ("tạm ngừng lọc", "filter paused"),
}
EVERYONE = ("cả nhà", "everyone")
