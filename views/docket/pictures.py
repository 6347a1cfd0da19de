"""Pictures and papers of a case: thumbnails beside the steps, large ones with what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import files
from gis.db.connection import session
from gis.i18n import joined
from gis.i18n import translate as _
from views import actor
from views import format as written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.casework.files import Photo

THUMB_PX = 92
PAPER = "application/pdf"
KB = 1024


def role(word: str) -> str:
    """Name what a picture shows."""
    return {
        "scene": _("现场"),
        "near": _("近景"),
        "far": _("远景"),
        "before": _("整改前"),
        "after": _("整改后"),
        "document": _("文书"),
    }.get(word, word)


def roles() -> dict[str, str]:
    """Names of all that a picture may show."""
    return {word: role(word) for word in ("scene", "near", "far", "before", "after", "document")}


def strip(photos: Sequence[Photo]) -> None:
    """Draw pictures small, in a row, below the step they belong to."""
    with st.container(key=f"strip-{photos[0].event_id}", horizontal=True, gap="small"):
        for photo in photos:
            if photo.media == PAPER:
                st.markdown(
                    f":material/description: {written.plain(photo.name or role(photo.role), 24)}", width="content"
                )
            else:
                st.image(_body(photo.id), width=THUMB_PX, caption=role(photo.role))


def draw(photos: Sequence[Photo]) -> None:
    """Draw all of them large, with time, place and whoever took them."""
    if not photos:
        st.markdown(_("还没有照片或文书。办理时可以随“到场处置”“反馈”“核查”一起上传。"))
        return
    with st.container(key="photos"):
        for photo in photos:
            with st.container(key=f"photo-{photo.id}"):
                _one(photo)


def _one(photo: Photo) -> None:
    facts = [f"**{written.plain(role(photo.role))}**", written.plain(photo.who)]
    facts.append(
        written.plain(_("拍摄 {moment}").format(moment=written.moment(photo.taken_at))) if photo.taken_at else ""
    )
    if photo.longitude is None:
        facts.append(_("没有拍摄位置"))
    if photo.media == PAPER:
        st.download_button(
            f"{written.plain(photo.name or role(photo.role), 40)}({photo.bytes // KB + 1} KB)",
            _body(photo.id),
            file_name=photo.name or f"{photo.id}.pdf",
            mime=PAPER,
            key=f"paper-{photo.id}",
            icon=":material/description:",
        )
    else:
        st.image(_body(photo.id), width="stretch")
    st.markdown(" · ".join(part for part in facts if part))
    if photo.again:
        st.markdown(
            f":orange[{written.plain(_('同一张照片还出现在 {codes},请核实。').format(codes=joined(photo.again)))}]"
        )


def _body(number: int) -> bytes:
    with session(actor.current()) as conn:
        return files.photo(conn, number)[0]
