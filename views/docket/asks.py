"""What the form of an act asks: what the flow wants, then what the kind of case adds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gis.casework import flow
from gis.casework import kinds
from gis.casework import links
from gis.casework import words
from gis.casework.forms import Ask
from gis.i18n import translate as _
from gis.vocabulary import Act
from gis.vocabulary import CaseState

if TYPE_CHECKING:
    from gis.casework.files import Casefile

PICTURED = frozenset(
    {
        *(Act.VERIFY, Act.BEGIN, Act.INTERIM, Act.NOTE, Act.ANSWER, Act.CHECK, Act.REVISIT),
        *(Act.MEASURES, Act.MEDIATE, Act.AGREE, Act.PERFORM, Act.CONFIRM, Act.STAGE),
    }
)
"""Acts that bring pictures or papers along."""
ON_PAPER = frozenset({Act.MEASURES, Act.MEDIATE, Act.AGREE, Act.PERFORM, Act.CONFIRM, Act.STAGE})
NEXT = {
    CaseState.REPORTED: (Act.ACCEPT, Act.VERIFY),
    CaseState.VERIFYING: (Act.VERIFY,),
    CaseState.FILED: (Act.DISPATCH,),
    CaseState.DISPATCHED: (Act.BEGIN,),
    CaseState.HANDLING: (Act.ANSWER,),
    CaseState.ANSWERED: (Act.CHECK,),
    CaseState.CHECKED: (Act.CLOSE,),
    CaseState.CLOSED: (Act.RATE,),
}
"""What comes next on the straight way, by state."""
OWN = {
    CaseState.FILED: (Act.MEDIATE, Act.STAGE),
    CaseState.DISPATCHED: (Act.MEDIATE, Act.STAGE),
    CaseState.HANDLING: (Act.MEDIATE, Act.AGREE, Act.STAGE),
    CaseState.ANSWERED: (Act.PERFORM, Act.STAGE),
    CaseState.CHECKED: (Act.PERFORM, Act.STAGE),
    CaseState.CLOSED: (Act.REVISIT,),
}
"""What a kind does on its own way in a state; of other kinds the flow offers it not at all."""
MAJOR = 1


def first(case: Casefile) -> tuple[Act, ...]:
    """Give what is done with a case now: the next step of the flow, then what its kind does on the way."""
    state = case.flow.state
    measures = (Act.MEASURES,) if case.level == MAJOR else ()
    return (*NEXT.get(state, ()), *OWN.get(state, ()), *measures)


def of(case: Casefile, act: Act) -> tuple[Ask, ...]:
    """Give what the form of an act asks, besides its note; the receivers of a dispatch are fields of the page's own."""
    asked = kinds.fields(case.kind, act)
    if act is Act.DISPATCH:
        asked = tuple(ask for ask in asked if ask.name not in {"units", "handler"})
    if act in flow.RESULTS:
        asked = tuple(found for ask in asked if (found := _possible(case, act, ask)) is not None)
    return (*_flow(act), *asked)


def told(act: Act) -> bool:
    """Whether an act has to be said in words."""
    return flow.STEPS[act].told


def fixed(case: Casefile, act: Act) -> dict[str, str]:
    """Give what an act says by itself: more time is asked for until somebody has asked."""
    return {"result": "asked"} if act is Act.EXTEND and not case.asking else {}


def icon(act: Act) -> str:
    """Name the icon of an act."""
    named = {
        Act.VERIFY: "fact_check",
        Act.ACCEPT: "assignment_turned_in",
        Act.REJECT: "block",
        Act.DISPATCH: "send",
        Act.RETURN: "undo",
        Act.BEGIN: "directions_walk",
        Act.INTERIM: "front_hand",
        Act.NOTE: "edit_note",
        Act.ANSWER: "reply",
        Act.CHECK: "task_alt",
        Act.CLOSE: "done_all",
        Act.RATE: "thumbs_up_down",
        Act.SUSPEND: "pause",
        Act.RESUME: "play_arrow",
        Act.EXTEND: "more_time",
        Act.CARD: "flag",
        Act.REOPEN: "restart_alt",
        Act.LINK: "link",
        Act.MERGE: "merge",
        Act.CHANGE: "edit",
        Act.MEASURES: "checklist",
        Act.MEDIATE: "forum",
        Act.AGREE: "handshake",
        Act.PERFORM: "verified",
        Act.CONFIRM: "gavel",
        Act.REVISIT: "event_repeat",
        Act.STAGE: "account_tree",
    }
    return f":material/{named.get(act, 'chevron_right')}:"


def _possible(case: Casefile, act: Act, ask: Ask) -> Ask | None:
    """Narrow the results of an act to what the case allows; None where there is nothing to choose."""
    if ask.name != "result":
        return ask
    choices = ask.choices
    if act is Act.EXTEND:
        choices = tuple(choice for choice in choices if choice[0] != "asked") if case.asking else ()
    if act is Act.CARD:
        choices = tuple(choice for choice in choices if choice[0] != (case.card or "none"))
    return replace(ask, label=_("结果"), choices=choices) if choices else None


def _flow(act: Act) -> tuple[Ask, ...]:
    if act is Act.LINK:
        return (
            Ask("other", "text", _("另一案件的编号"), required=True),
            Ask("relation", "choice", _("关系"), required=True, choices=_relations()),
        )
    if act is Act.MERGE:
        return (Ask("into", "text", _("并入哪个案件(编号)"), required=True),)
    if act is Act.CHANGE:
        return (Ask("category", "text", _("小类")), Ask("title", "long", _("描述")), Ask("address", "text", _("地址")))
    return ()


def _relations() -> tuple[tuple[str, str], ...]:
    return (*((word, words.relation(word)) for word in links.RELATIONS), (links.APART, _("取消关联")))
