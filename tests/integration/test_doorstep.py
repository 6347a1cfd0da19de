"""What lies around the door: demo accounts for this machine alone, proxies, an outage, old desks and tiles."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from gis.access import accounts
from gis.access import first
from gis.access import sessions
from gis.access import tokens
from gis.db.connection import session
from gis.errors import DatabaseUnavailable
from server import live
from server import visitors
from tests import door
from tests.door import PASSWORD

ROLES = [demo.role for demo in first.demo_accounts()]
FROM_ELSEWHERE = {
    "another machine": {"peer": "192.0.2.7"},
    "another name": {"base": "http://office.example:8501"},
    "no name at all": {"headers": {"host": ""}},
    "a name that begins like ours": {"base": "http://127.0.0.1.office.example"},
    "a proxy": {"headers": {"x-forwarded-for": "192.0.2.7"}},
    "a proxy that says nothing of whom": {"headers": {"x-forwarded-proto": "http"}},
    "a proxy of the new kind": {"headers": {"forwarded": "for=192.0.2.7"}},
    "a proxy that says it is one": {"headers": {"via": "1.1 proxy"}},
}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Look often, so that tests need not wait."""
    monkeypatch.setattr(live, "RECHECK_S", 0.1)
    monkeypatch.setattr(visitors, "LIFETIME_S", 0.0)


@pytest.fixture
def demos(database):
    """Make the demo accounts."""
    with session(door.JOB) as conn:
        first.ensure_demo(conn)


async def click(client, name):
    """Click a demo account on the sign-in page."""
    page = await client.get("/auth/login")
    return await client.post("/auth/login", data={"token": door.form_token(page), "demo": name, "next": "/"})


@pytest.mark.parametrize("demo", first.demo_accounts(), ids=lambda demo: demo.name)
def test_one_click_is_enough_on_this_machine(demos, demo):
    async def steps():
        async with door.browser() as client:
            page = await client.get("/auth/login")
            assert f'name="demo" value="{demo.name}"' in page.text
            assert first.DEMO_PASSWORD not in page.text
            assert (await click(client, demo.name)).status_code == 303
            assert (await client.get("/coverage")).text == f"page for {demo.name}"
            assert (await client.get("/auth/password")).status_code == 409
            return sessions.find(client.cookies[visitors.COOKIE]).roles

    assert door.walk(steps) == (demo.role,)


@pytest.mark.parametrize("place", FROM_ELSEWHERE)
def test_nobody_else_sees_or_uses_a_demo_account(demos, place):
    async def steps():
        async with door.browser(**FROM_ELSEWHERE[place]) as client:
            page = await client.get("/auth/login")
            assert page.status_code == 200
            assert "demo-" not in page.text
            assert "示例账号" not in page.text
            refused = [
                await click(client, "demo-admin"),
                await door.sign_in(client, "demo-admin", first.DEMO_PASSWORD),
            ]
            assert [answer.status_code for answer in refused] == [401, 401]
            client.cookies.set(visitors.COOKIE, door.start("demo-admin"))
            assert (await client.get("/metrics")).status_code == 401

    door.walk(steps)


def test_where_there_are_none_none_is_announced(database):
    async def steps():
        async with door.browser() as client:
            page = await client.get("/auth/login")
            assert "示例账号" not in page.text
            assert (await click(client, "demo-admin")).status_code == 401
            assert (await click(client, "zhang")).status_code == 401

    door.walk(steps)


def test_a_demo_websocket_is_for_this_machine_too(demos):
    async def steps():
        token = door.start("demo-leader")
        async with door.Talk(token) as here:
            assert (await here.hear())["type"] == "websocket.accept"
        async with door.Talk(token, host=b"office.example") as there:
            assert (await there.hear())["type"] == "websocket.close"

    door.walk(steps)


def test_a_database_that_is_away_signs_nobody_out(database, monkeypatch):
    door.people(zhang=PASSWORD)
    away = DatabaseUnavailable(detail="test")

    def gone(*_args, **_more):
        raise away

    async def steps():
        token = door.start("zhang")
        async with door.browser(cookies={visitors.COOKIE: token}) as client, door.Talk(token) as talk:
            assert (await talk.hear())["type"] == "websocket.accept"
            with monkeypatch.context() as outage:
                outage.setattr(sessions, "session", gone)
                page = await client.get("/coverage?grid=1")
                tile = await client.get("/style/light.json")
                form = await client.get("/auth/login")
                await asyncio.sleep(0.4)
                async with door.Talk(token) as late:
                    assert await late.hear() == {"type": "websocket.close", "code": 1013}
            assert [answer.status_code for answer in (page, tile, form)] == [503, 503, 503]
            assert page.headers["content-type"].startswith("text/html")
            assert away.remedy in page.text
            assert 'href="/coverage?grid=1"' in page.text
            assert tile.json() == {"ok": False, "error": away.message, "remedy": away.remedy, "status": 503}
            for answer in (page, tile, form):
                assert visitors.COOKIE not in answer.headers.get("set-cookie", "")
            talk.say("still here")
            assert (await talk.hear())["text"] == "still here"
            assert (await client.get("/coverage")).status_code == 200

    door.walk(steps)


def test_a_schema_that_is_behind_says_what_to_do(database):
    door.sql("ALTER TABLE login_session RENAME TO elsewhere")

    async def steps():
        async with door.browser(cookies={visitors.COOKIE: "x" * 43}) as client:
            return await client.get("/coverage"), await client.get("/style/light.json")

    page, style = door.walk(steps)
    assert (page.status_code, style.status_code) == (503, 503)
    assert "script/gis db migrate" in page.text


def test_a_tile_cut_under_other_rights_is_another_tile(database):
    async def steps():
        token = door.start("zhang")
        async with door.browser(cookies={visitors.COOKIE: token}) as client:
            from server import versions

            async def tag():
                versions.forget()
                return (await client.get("/tiles/area/3/6/3.pbf")).headers["etag"]

            first_tag = await tag()
            assert await tag() == first_tag
            with session(door.JOB) as conn:
                accounts.set_scopes(conn, "zhang", [])
            return first_tag != await tag()

    assert door.walk(steps)


def test_what_is_remembered_of_one_kind_of_token_does_not_serve_as_the_other(database, monkeypatch):
    monkeypatch.setattr(visitors, "LIFETIME_S", 60.0)
    with session(door.JOB) as conn:
        machine = tokens.add(conn, "zhang", "map", ["tiles", "metrics"], 30)

    async def steps():
        person = door.start("zhang")
        async with door.browser() as client, door.browser(cookies={visitors.COOKIE: machine}) as sly:
            bearer = {"authorization": f"Bearer {machine}"}
            assert (await client.get("/style/light.json", headers=bearer)).status_code == 200
            assert (await sly.get("/style/light.json")).status_code == 401
            assert (await sly.get("/coverage")).status_code == 303
            async with door.Talk(machine) as talk:
                assert (await talk.hear())["type"] == "websocket.close"
            client.cookies.set(visitors.COOKIE, person)
            assert (await client.get("/coverage")).status_code == 200
            client.cookies.clear()
            as_bearer = {"authorization": f"Bearer {person}"}
            assert (await client.get("/coverage", headers=as_bearer)).status_code == 401

    door.walk(steps)


def test_many_who_knock_do_not_keep_others_waiting(database):
    door.people(zhang=PASSWORD, test=PASSWORD)

    async def steps():
        async with door.browser() as client, door.browser() as other:
            other.cookies.set(visitors.COOKIE, door.start("test"))
            page = await client.get("/auth/login")
            fields = {"token": door.form_token(page), "name": "nobody", "password": "x"}
            knocking = [asyncio.create_task(client.post("/auth/login", data=fields)) for _turn in range(40)]
            await asyncio.sleep(0)
            answer = await asyncio.wait_for(other.get("/coverage"), 5)
            waiting = sum(not task.done() for task in knocking)
            assert {task.status_code for task in await asyncio.gather(*knocking)} == {401}
            return answer.status_code, waiting

    status, waiting = door.walk(steps)
    assert status == 200
    assert waiting > 0


def test_the_password_of_no_account_is_kept_readable(database):
    door.people(zhang=PASSWORD)
    kept = door.sql("SELECT hash FROM credential")[0]
    assert kept.startswith("$argon2id$")
    token = door.start("zhang")
    with session(door.JOB) as conn:
        conn.execute("SET ROLE atlas_owner")
        row = conn.execute("SELECT to_jsonb(l)::text FROM login_session l").fetchone()[0]
    assert token not in row
    with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(_app()) as conn:
        conn.execute("SELECT * FROM credential")


def _app():
    from gis.db.connection import APP
    from gis.db.connection import conninfo

    return conninfo(APP)
