"""What a start does for accounts: the administrator of a new office, demo accounts, and refusing them.

The administrator's first password is shown once, on the terminal; where the output goes to a
file or a journal it goes to a file of its own instead, which only its owner can read.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from data.demo import casework
from gis.access import first
from gis.access.errors import DemoElsewhere
from gis.db.connection import session
from gis.i18n import translate as _
from gis.records import networks
from gis.settings import AccessSettings
from gis.settings import HomeSettings
from gis.vocabulary import Actor

if TYPE_CHECKING:
    from pathlib import Path

START = Actor.job("start")


def refuse(address: str) -> None:
    """Refuse to serve demo accounts to others; give a new office its networks.

    Raises
    ------
    DemoElsewhere
        There are demo accounts, or there shall be, and ``address`` is not loopback.
    """
    if AccessSettings().demo and not first.is_loopback(address):
        raise DemoElsewhere(address=address)
    with session(START) as conn:
        networks.ensure_defaults(conn)
        first.refuse_demo(conn, address)


def open_accounts(address: str) -> None:
    """Make the administrator where there is no account, and demo accounts beside the demo street."""
    wanted = AccessSettings().demo
    with session(START) as conn:
        password = first.ensure_admin(conn)
        street = conn.execute("SELECT EXISTS (SELECT FROM atlas.import WHERE actor = 'job:demo')").fetchone()
        beside = password is not None and street == (True,) and first.is_loopback(address)
        made = first.ensure_demo(conn) if (beside if wanted is None else wanted) else []
        due = conn.execute(
            "SELECT c.must_change FROM atlas.credential c JOIN atlas.account a ON a.id = c.account_id"
            " WHERE a.name = %s",
            (first.ADMIN,),
        ).fetchone()
    if made and street == (True,):
        casework.live()
    if password is not None:
        _tell(password)
    elif due != (True,):
        _secret().unlink(missing_ok=True)
    if made:
        print(
            _("已建立 {count} 个示例账号(只在本机可用,登录页上列出);不需要时运行 script/gis user remove-demo。").format(
                count=len(made)
            ),
            flush=True,
        )


def _secret() -> Path:
    return HomeSettings().home.resolve() / "admin-password"


def _tell(password: str) -> None:
    if sys.stdout.isatty():
        print(_("系统管理员账号:{name}").format(name=first.ADMIN))
        print(_("初始密码(只显示这一次):{password}").format(password=password), flush=True)
        return
    path = _secret()
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(password + "\n")
    print(
        _("系统管理员账号 {name} 的初始密码写在 {path}(只有本用户可读,登录改密后自动删除)。").format(
            name=first.ADMIN, path=path
        ),
        flush=True,
    )
