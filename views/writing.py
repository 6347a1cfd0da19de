"""Step 5, writing: what will happen, then the work itself, which no second click starts again.

The work runs in a thread of its own: a closed tab does not stop it, and its result lies on
disk beside the import. Who may write an upload is decided by a lock on disk, so two
clicks, two tabs or two processes write once.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.casework import arrivals
from gis.coverage import refresh
from gis.datasets import Dataset
from gis.errors import GridAtlasError
from gis.i18n import translate as _
from gis.intake import load as loading
from gis.intake import uploads
from views import edition
from views import format as written
from views import fragment
from views import journey as going
from views import rejected
from views import speech

if TYPE_CHECKING:
    from gis.intake.load import LoadReport
    from gis.intake.parts import Prepared
    from views.journey import Journey

WRITE_SHARE = 0.6
"""How far the bar is when the rows are written; the rest is the coverage."""

_log = logging.getLogger("gridatlas.views")


@dataclass
class Job:
    """What a thread is doing: the words and share of its bar; ``over`` when it ended."""

    doing: str
    share: float = 0.0
    over: bool = False


_jobs: dict[str, Job] = {}
_guard = threading.Lock()


def draw(here: Journey) -> None:
    """Draw the step: what would happen, what is happening, or what happened."""
    job = _jobs.get(here.upload.id)
    if (job is not None and not job.over) or here.upload.is_being_written():
        _watch(here.upload.id)
    elif here.state.get("result"):
        _result(here)
    else:
        _offer(here)


def _offer(here: Journey) -> None:
    """Try the load without keeping it, and offer to do it."""
    failed = here.state.get("failed")
    if failed:
        fragment.refused(*failed)
    if not edition.draw(here):
        return
    version = edition.version(here)
    try:
        with rejected.working("check", _("正在检查每一行……")) as tell:
            prepared = here.prepare(tell)
        with rejected.working("try", _("正在试写,不保留任何改动……")) as tell:
            report = loading.load(
                here.me,
                prepared,
                network=here.network,
                dry_run=True,
                version=version,
                progress=lambda share: tell("", share),
            )
        if version is not None:
            loading.require_all(report.rejects)
    except GridAtlasError as error:
        going.beside(error, "write")
        return
    going.tell(report.warnings)
    counts = report.counts
    _figures(counts.inserted, counts.updated, counts.unchanged, report.rejected)
    if report.rejected > len(prepared.rejects):
        rejected.refused(here, report.rejects)  # they name somebody or something nobody knows
    if not report.changed:
        st.info(_unchanged(report.already), icon=":material/check_circle:")
        st.button(_("完成,不写入"), key="finish", on_click=_finish, args=(here.upload.id,))
        return
    st.markdown(written.plain(_promise(here.dataset, report)))
    if report.succession is not None:
        edition.tell(edition.lines(report.succession), report.succession.ended)
    st.caption(written.plain(_undo(here.dataset)))
    st.button(
        _("写入 {count} 行").format(count=written.number(counts.written)),
        key="write",
        type="primary",
        icon=":material/database_upload:",
        on_click=start,
        args=(here, prepared),
    )


def _promise(kind: Dataset, report: LoadReport) -> str:
    """Say what will happen, to how many."""
    counts = report.counts
    parts = []
    if counts.inserted:
        parts.append(_("新增 {what}").format(what=speech.counted(kind, counts.inserted)))
    if counts.updated and kind is Dataset.GRIDS:
        parts.append(_("{what}换成新版本").format(what=speech.counted(kind, counts.updated)))
    elif counts.updated:
        parts.append(_("改动已有的 {what}").format(what=speech.counted(kind, counts.updated)))
    sentence = _("写入后将{parts};").format(parts=_("、").join(parts))
    kept = _("另有 {what}没有变化,不会动。").format(what=speech.counted(kind, counts.unchanged))
    rest = kept if counts.unchanged else _("文件里没有的记录不会动。")
    again = _("随后重新计算覆盖。") if kind in loading.REFRESHED else ""
    return sentence + rest + again


def _undo(kind: Dataset) -> str:
    """Say how it is undone."""
    if kind is Dataset.GRIDS:
        return _("旧版本网格留在历史里,不会丢失。没有一键撤销:想改回,请再导入一次旧文件。")
    return _("改动前的值留在历史里,不会丢失。没有一键撤销:想改回,请再导入一次旧文件;新增的记录不会随之消失。")


def _unchanged(already: int | None) -> str:
    if already is not None:
        return _("这个文件已经导入过(第 {number} 次导入),记录都在,没有任何变化。").format(number=already)
    return _("文件里的记录都已经在库里,没有任何变化。")


def _figures(inserted: int, updated: int, unchanged: int, refused: int) -> None:
    cells = ((_("新增"), inserted), (_("改动"), updated), (_("没有变化"), unchanged), (_("剔除"), refused))
    shown = "".join(
        f"<div><dt>{written.html(name)}</dt><dd>{written.html(written.number(count))}</dd></div>"
        for name, count in cells
    )
    st.html(f'<dl class="ga-counts">{shown}</dl>')


def start(here: Journey, prepared: Prepared | None) -> None:
    """Begin to write, unless it has begun or is done.

    Parameters
    ----------
    here : Journey
        The import.
    prepared : Prepared or None
        Its clean frame; None: it is made anew.
    """
    number = here.upload.id
    with _guard:
        job = _jobs.get(number)
        if (job is not None and not job.over) or here.upload.state().get("result"):
            return
        _jobs[number] = Job(_("正在写入……"))
    here.change(filename=here.name, failed=None)
    here.forget()
    run = contextvars.copy_context().run
    threading.Thread(
        target=run, args=(_work, here, prepared, _jobs[number]), name=f"import-{number[:8]}", daemon=True
    ).start()


def _work(here: Journey, prepared: Prepared | None, job: Job) -> None:
    """Write, compute the coverage anew, keep the result; nothing escapes but into the state and the log."""
    try:
        with here.upload.writing():
            if here.upload.state().get("result"):
                return
            report = loading.load(
                here.me,
                prepared if prepared is not None else here.prepare_anew(),
                network=here.network,
                version=edition.version(here),
                progress=lambda share: _advance(job, share * WRITE_SHARE),
            )
            prepared = None
            result = _kept(report)
            here.upload.save(result=result)
            here.upload.clear()
            if report.import_id and here.dataset is Dataset.INCIDENTS:
                result["twins"] = arrivals.settle(here.me, report.import_id).rows
                here.upload.save(result=result)
            if report.refresh_due:
                here.upload.save(result={**result, **_refreshed(here, job)})
    except uploads.UploadBusy:
        return
    except GridAtlasError as error:
        here.upload.save(failed=[error.message, error.remedy])
    except Exception:  # noqa: BLE001  the last line of a thread: logged, and one sentence for the reader
        _log.exception("import %s failed", here.upload.id)
        here.upload.save(failed=[_("写入没有完成,没有保留任何改动。"), _("请重试;若仍不行,请把日志交给管理员。")])
    finally:
        job.over = True


def _advance(job: Job, share: float, doing: str | None = None) -> None:
    job.share = share
    job.doing = doing or job.doing


def _nearer(job: Job, until: float) -> None:
    """Move the bar a tenth of what is left: nobody knows how long a rule takes."""
    job.share += (until - job.share) / 10


def _kept(report: LoadReport) -> dict[str, Any]:
    """Give what is kept of a report, as JSON."""
    done = report.succession
    return {
        "edition": None if done is None else {"changes": edition.lines(done), "ended": done.ended},
        "inserted": report.counts.inserted,
        "updated": report.counts.updated,
        "unchanged": report.counts.unchanged,
        "rejected": report.rejected,
        "repaired": report.repaired,
        "import": report.import_id,
        "already": report.already,
        "warnings": list(report.warnings),
        "due": report.refresh_due,
    }


def _refreshed(here: Journey, job: Job) -> dict[str, Any]:
    """Compute the coverage of the networks it touches; what came of it."""
    try:
        codes = [here.network] if here.dataset is Dataset.GRIDS else refresh.networks(here.me)
        for place, code in enumerate(codes):
            base, width = WRITE_SHARE + (1 - WRITE_SHARE) * place / len(codes), (1 - WRITE_SHARE) / len(codes)
            _advance(job, base, _("正在重新计算覆盖……"))
            until = base + width
            refresh.refresh(here.me, code, progress=lambda _step, until=until: _nearer(job, until), marked=True)
            _advance(job, until)
    except GridAtlasError as error:
        return {"due": True, "trouble": [error.message, error.remedy]}
    return {"due": False, "networks": codes}


def _watch(number: str) -> None:
    """Draw the bar of the work and follow it."""

    def follow() -> None:
        job = _jobs.get(number)
        if job is None and uploads.get(number).is_being_written():
            st.progress(0.0, text=_("正在写入……"))
            return
        if job is None or job.over:
            st.rerun()
        st.progress(min(job.share, 1.0), text=job.doing)
        st.caption(_("关掉页面也不会中断;写完后打开同一个网址就能看到结果。"))

    st.fragment(fragment.guarded(follow), run_every=0.5)()


def _result(here: Journey) -> None:
    """Draw what happened."""
    result = here.state["result"]
    name = written.plain(str(here.state.get("filename", "")), 80)
    changed = result["inserted"] + result["updated"]
    if changed:
        st.success(
            _("已写入 {what}(来自 {name})。").format(what=speech.counted(here.dataset, changed), name=name),
            icon=":material/check_circle:",
        )
    else:
        st.info(written.plain(_unchanged(result["already"])), icon=":material/check_circle:")
    _figures(result["inserted"], result["updated"], result["unchanged"], result["rejected"])
    going.tell(result["warnings"])
    if result.get("edition"):
        edition.tell(result["edition"]["changes"], result["edition"]["ended"])
    if result.get("twins"):
        words = _("有 {count} 行可能是重复的案件:都已收下,没有合并。请在“事件处置”里核对后并案。")
        st.warning(words.format(count=written.number(result["twins"])), icon=":material/content_copy:")
    if result.get("trouble"):
        fragment.refused(*result["trouble"])
    if result.get("due"):
        st.warning(_("记录已写入,但覆盖还没有重新计算,覆盖页上的数字仍是旧的。"), icon=":material/info:")
    elif result.get("networks"):
        st.markdown(_("覆盖已重新计算。"))
    elif changed and here.dataset in loading.REFRESHED:
        st.markdown(_("还没有网格,所以没有计算覆盖。导入网格后会自动计算。"))


def _finish(number: str) -> None:
    """End an import that would change nothing: its files are removed."""
    upload = uploads.get(number)
    upload.discard()
    st.query_params.pop(going.ADDRESS, None)
