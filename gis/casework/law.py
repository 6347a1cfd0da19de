"""What the law lets an enforcement case do, and the refusals that say what it forbids.

行政处罚法 (2021) and 行政强制法 (2011); numbers from ``data/reference/kinds.csv``, which says how each
is known. Nothing here asks the database.
"""

from __future__ import annotations

from datetime import date
from datetime import timedelta
from typing import TYPE_CHECKING

from gis.casework import policy
from gis.casework.forms import OFFICE
from gis.errors import BadInput
from gis.i18n import translate as _

if TYPE_CHECKING:
    from datetime import datetime

    from gis.casework.calendar import Calendar


class StageEarly(BadInput):
    """A stage whose preceding ones are missing."""

    template = "还不能“{stage}”:缺少{missing}。"
    cure = "请先登记缺少的阶段和日期。"
    http_status = 409


class StageDate(BadInput):
    """The date of a stage lies in the future or out of order."""

    template = "“{stage}”的时间 {at} 不合适:{why}。"
    cure = "请核对文书上的日期;各阶段须按先后顺序,不能晚于现在。"


class OfficersFew(BadInput):
    """Fewer officers than the law asks."""

    template = "执法人员不足:至少 {least} 人,现在 {number} 人(行政处罚法第四十二条)。"
    cure = "请补充执法证号;执法人员须先登记。"
    http_status = 409


class CardsLapsed(BadInput):
    """A card that does not hold on the day of the decision."""

    template = "执法证 {cards} 在 {day} 无效。"
    cure = "请换持有效执法证的人员,或更正执法证的有效期。"
    http_status = 409


class BasisMissing(BadInput):
    """A decision without cause or legal basis."""

    template = "作出决定前须写明:{labels}。"
    cure = "请用“更正”补上案由和处罚依据。"
    http_status = 409


class HearingOpen(BadInput):
    """The decision comes before the end of the days to ask for a hearing."""

    template = "听证申请期还没有过:{day} 之后才能作出决定(行政处罚法第六十四条)。"
    cure = "请等期限届满;当事人放弃听证的,在“告知”阶段登记放弃。"
    http_status = 409


class SpotLimit(BadInput):
    """On the spot only warnings and small fines are possible."""

    template = "当场处罚只能警告,或对{who}罚款不超过 {most} 元(行政处罚法第五十一条)。"
    cure = "请改用普通程序,或减少罚款。"
    http_status = 409


class TooOld(BadInput):
    """The act was found out too late to be penalised."""

    template = "违法行为({acted})超过 {years} 年才发现,不再给予处罚(行政处罚法第三十六条)。"
    cure = "请决定不予处罚;涉及生命健康安全、金融安全且有危害后果的,登记为五年。"
    http_status = 409


class MeasuresUnfit(BadInput):
    """Measures and amount do not fit each other."""

    template = "处理措施有误:{why}。"
    cure = "罚款须写明金额,且只有罚款有金额;“不予处罚”不与其他措施并用。"


class NotAtNight(BadInput):
    """Forced execution at night or on a public holiday."""

    template = "不得在{when}实施强制执行(行政强制法第四十三条)。"
    cure = "请改在工作日白天;情况紧急的,写明紧急理由后再提交,理由会记入案卷。"
    http_status = 409


class DecisionMissing(BadInput):
    """The case is to be answered or closed before its end."""

    template = "案件还不能{act}:缺少{missing}。"
    cure = "请先登记这些阶段;不予处罚、移送也要有决定。"
    http_status = 409


class SourceUnknown(BadInput):
    """The case or whistle it is said to come from is not there."""

    template = "没有编号为 {code} 的事件或吹哨,或它不在你的管辖范围内。"
    cure = "请检查编号,或留空。"


def fine_limit(offender: str, day: date) -> int:
    """Give the highest fine on the spot, in yuan: of a person, or of an organisation."""
    return policy.amount(f"simple_fine_{offender}", day)


def too_old(acted_on: date, known_on: date, *, grave: bool) -> int | None:
    """Give the years after which an act is not penalised any more, if they were over when it became known."""
    years = policy.amount("penalty_years_grave" if grave else "penalty_years", known_on)
    try:
        last = acted_on.replace(year=acted_on.year + years)
    except ValueError:  # 29 February
        last = date(acted_on.year + years, 2, 28)
    return years if known_on > last else None


def forbidden_hour(at: datetime, calendar: Calendar) -> str | None:
    """Say why nothing may be executed by force at this time: at night, on a public holiday; None when it may."""
    here = at.astimezone(OFFICE)
    begins, ends = policy.amount("night_from", here.date()), policy.amount("night_until", here.date())
    if here.hour >= begins or here.hour < ends:
        return _("夜间({begins}时至次日{ends}时)").format(begins=begins, ends=ends)
    return _("法定节假日") if calendar.is_holiday(here.date()) else None


def hearing_until(told_on: date, calendar: Calendar) -> date:
    """Give the last day on which a hearing may be asked for: the fifth work-day after the notice."""
    day, left = told_on, policy.amount("hearing_ask_work_days", told_on)
    while left > 0:
        day += timedelta(days=1)
        left -= calendar.is_workday(day)
    return day
