"""The page 数据接入: a file in, step by step, with a way back from each step.

File → fields → coordinates → rows with trouble → write. The page draws the frame of the
steps; what a step does is in its own module. The address names the import, so a closed tab
goes on where it stood.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from gis.datasets import NETWORKED
from gis.errors import DatabaseUnavailable
from gis.errors import GridAtlasError
from gis.i18n import language
from gis.i18n import translate as _
from gis.intake import uploads
from views import datum
from views import format as written
from views import journey as going
from views import mapping
from views import palette
from views import past
from views import rejected
from views import speech
from views import upload
from views import writing
from views.journey import Journey

SHEET = Path(__file__).resolve().parent / "intake.css"


def page() -> None:
    """Draw the page."""
    st.html(palette.sheet(SHEET))
    with st.container(key="intake"):
        number = st.query_params.get(going.ADDRESS)
        if not number:
            _start()
            return
        try:
            here = Journey.open(number)
        except uploads.UploadGone as error:
            _stepper(going.FILE, None)
            going.beside(error, "gone")
            st.button(_("重新开始"), key="anew", type="primary", on_click=_leave)
            return
        _steps(here)


def _start() -> None:
    _stepper(going.FILE, None)
    upload.begin()
    _past()


def _past() -> None:
    try:
        past.draw()
    except DatabaseUnavailable as error:
        going.beside(error, "past")


def _steps(here: Journey) -> None:
    """Draw the step the import stands at, and the ways on and back."""
    done = bool(here.state.get("result"))
    _stepper(here.step, None if done else here)
    with st.container(key="intake-step"):
        ready = False
        if here.step == going.FILE:
            ready = upload.draw(here)
        elif here.step == going.FIELDS:
            ready = mapping.draw(here)
        elif here.step == going.PLACE:
            ready = datum.draw(here)
        elif here.step == going.ROWS:
            ready = rejected.draw(here)
        else:
            writing.draw(here)
    with st.container(key="intake-ways", horizontal=True, vertical_alignment="center"):
        if done:
            _ways_out(here)
            return
        if here.upload.is_being_written():
            return
        if here.step > going.FILE:
            st.button(_("上一步"), key="back", icon=":material/arrow_back:", on_click=here.go, args=(here.step - 1,))
        if here.step < going.WRITE:
            st.button(
                _onward(here.step),
                key="next",
                type="primary",
                disabled=not ready,
                on_click=here.go,
                args=(here.step + 1,),
            )
        st.space("stretch")
        with st.popover(_("放弃这次导入"), type="tertiary"):
            st.markdown(_("上传的文件和已做的选择都会删除;库里的记录不受影响。"))
            st.button(_("确定放弃"), key="discard", on_click=_discard, args=(here,))


def _onward(step: int) -> str:
    return {
        going.FILE: _("下一步:字段"),
        going.FIELDS: _("下一步:坐标"),
        going.PLACE: _("位置没错,下一步"),
        going.ROWS: _("下一步:写入"),
    }[step]


def _ways_out(here: Journey) -> None:
    """Lead to the coverage of the network, and to the next file."""
    asked = {"network": here.network} if here.dataset in NETWORKED else {}
    if language() == "en":
        asked["lang"] = "en"
    address = "/" + (f"?{urlencode(asked)}" if asked else "")
    st.html(
        f'<a class="ga-onward" href="{written.html(address)}">{written.html(_("去看覆盖与盲区"))}</a>', width="content"
    )
    st.button(_("再导入一个文件"), key="another", on_click=_leave)


def _stepper(step: int, here: Journey | None) -> None:
    """Draw the five steps; those behind lead back."""
    names = (_("文件"), _("字段"), _("坐标"), _("问题行"), _("写入"))
    with st.container(key="intake-stepper", horizontal=True, vertical_alignment="center"):
        for number, name in enumerate(names, 1):
            state = "here" if number == step else "done" if number < step else "ahead"
            with st.container(key=f"intake-{state}-{number}", width="content"):
                st.button(
                    f"**{number}** {name}",
                    key=f"step-{number}",
                    type="tertiary",
                    disabled=here is None or number >= step or here.upload.is_being_written(),
                    on_click=here.go if here is not None else None,
                    args=(number,),
                )
        if here is not None and step > going.FILE:
            st.space("stretch")
            st.markdown(f":gray[{_file_words(here)}]", width="content")


def _file_words(here: Journey) -> str:
    try:
        name = here.name
    except GridAtlasError:
        name = str(here.state.get("filename", ""))
    return f"{written.plain(name, 48)} · {written.plain(speech.dataset(here.dataset))}"


def _leave() -> None:
    st.query_params.pop(going.ADDRESS, None)


def _discard(here: Journey) -> None:
    """Remove the upload; one that is being written stays."""
    try:
        here.upload.discard()
    except uploads.UploadBusy:
        return
    here.forget()
    _leave()
