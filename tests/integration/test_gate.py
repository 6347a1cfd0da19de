"""The way in: who is let through, what is said to strangers, and when it ends."""

from __future__ import annotations

import time
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest

from gis.access import accounts
from gis.access import sessions
from gis.access import tokens
from gis.db.connection import session
from gis.settings import AccessSettings
from server import live
from server import visitors
from tests import door
from tests.door import PASSWORD

OUT = ["/tiles/grid/3/1/1.pbf", "/style/light.json", "/assets/mvt-worker.js", "/metrics", "/uploads", "/_stcore/health",
       "/_stcore/upload_file/a/b", "/media/x.png", "/component/x", "/static/js/index.js", "//evil.example", "/a/b.html",
       "/app/static/x"]  # fmt: skip
ELSEWHERE = ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/\tx", "/a\r\nSet-Cookie: x=1",
             "http:evil.example", "///evil.example", "evil", "/auth/logout", ""]  # fmt: skip


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Look at live websockets often, so that tests need not wait."""
    monkeypatch.setattr(live, "RECHECK_S", 0.1)
    monkeypatch.setattr(visitors, "LIFETIME_S", 0.0)


@pytest.fixture
def zhang(database):
    """Zhang, who knows his password."""
    door.people(zhang=PASSWORD)


def test_a_stranger_is_sent_to_the_sign_in_page_and_back(database):
    async def steps():
        async with door.browser() as client:
            answer = await client.get("/coverage?grid=1&lang=en")
            assert answer.status_code == 303
            to = urlsplit(answer.headers["location"])
            assert (to.netloc, to.path) == ("", "/auth/login")
            assert parse_qs(to.query)["next"] == ["/coverage?grid=1&lang=en"]
            page = await client.get(answer.headers["location"])
            assert "Sign in" in page.text

    door.walk(steps)


@pytest.mark.parametrize("path", OUT)
def test_a_stranger_gets_nothing_else(database, path):
    async def steps():
        async with door.browser() as client:
            for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
                answer = await client.request(method, door.HERE + path)
                assert answer.status_code == 401, method
                assert set(answer.json()) == {"ok", "error", "remedy", "status"}
                assert answer.headers["cache-control"] == "no-store"
            assert (await client.post("/coverage")).status_code == 401

    door.walk(steps)


def test_strangers_learn_only_whether_the_house_is_well(database, monkeypatch):
    async def steps():
        async with door.browser(peer="192.0.2.7", base="http://office.example") as client:
            well = await client.get("/health")
            monkeypatch.setenv("GRIDATLAS_DATABASE_NAME", "nowhere")
            ill = await client.get("/health")
        return well, ill

    monkeypatch.setenv("GRIDATLAS_POOL_WAIT_S", "1")
    well, ill = door.walk(steps)
    assert (well.status_code, well.json()) == (200, {"ok": True})
    assert (ill.status_code, ill.json()) == (503, {"ok": False})


def test_a_sign_in_opens_the_page_and_is_quick(zhang):
    async def steps():
        async with door.browser() as client:
            page = await client.get("/auth/login?next=/coverage")
            began = time.perf_counter()
            fields = {
                "token": door.form_token(page),
                "name": " Zhang ",
                "password": PASSWORD,
                "next": "/coverage?grid=1",
            }
            answer = await client.post("/auth/login", data=fields)
            took = time.perf_counter() - began
            assert (answer.status_code, answer.headers["location"]) == (303, "/coverage?grid=1")
            assert (await client.get("/coverage")).text == "page for zhang"
            assert (await client.get("/auth/login?next=/x")).headers["location"] == "/x"
            return took

    assert door.walk(steps) < 0.5
    row = door.sql("SELECT actor, origin, action FROM audit ORDER BY seq DESC LIMIT 1")
    assert row == ("zhang", "127.0.0.1", "sign_in")


def test_the_cookie_keeps_its_flags(zhang, monkeypatch):
    async def steps(base="http://127.0.0.1:8501"):
        async with door.browser(base) as client:
            answer = await door.sign_in(client)
            return next(c for c in answer.headers.get_list("set-cookie") if c.startswith(visitors.COOKIE))

    plain = door.walk(steps)
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(plain.split("; "))
    assert "Secure" not in plain
    assert "Max-Age" not in plain
    assert "Secure" in door.walk(lambda: steps("https://127.0.0.1:8501"))
    monkeypatch.setenv("GRIDATLAS_ACCESS_SECURE_COOKIE", "true")

    async def form():
        async with door.browser() as client:
            return (await client.get("/auth/login")).headers["set-cookie"]

    assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/auth"} <= set(door.walk(form).split("; "))


def test_the_walls_cookie_outlives_its_browser(database):
    with session(door.JOB) as conn:
        accounts.add(conn, "hall", roles=["wall"], scopes=["office"])
        accounts.set_password(conn, "hall", PASSWORD)

    async def steps():
        async with door.browser() as client:
            answer = await door.sign_in(client, "hall")
            return "".join(answer.headers.get_list("set-cookie"))

    assert f"Max-Age={AccessSettings().wall_days * 86400}" in door.walk(steps)


def test_pages_of_the_way_in_carry_strict_headers(zhang):
    async def steps():
        async with door.browser() as client:
            page = await client.get("/auth/login")
            await door.sign_in(client)
            return page, await client.get("/coverage")

    page, inside = door.walk(steps)
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    for answer in (page, inside):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert len(answer.headers.get_list("content-security-policy")) == 1


@pytest.mark.parametrize("place", ELSEWHERE)
def test_nobody_is_sent_to_another_site(zhang, place):
    async def steps():
        async with door.browser() as client:
            page = await client.get("/auth/login", params={"next": place})
            assert 'name="next" value="/"' in page.text
            answer = await door.sign_in(client, next=place)
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            again = await client.get("/auth/login", params={"next": place})
            assert again.headers["location"] == "/"

    door.walk(steps)


def test_what_was_typed_is_shown_as_text(database):
    async def steps():
        async with door.browser() as client:
            answer = await door.sign_in(client, '"><script>alert(1)</script>', "x", next='/"><script>')
            assert answer.status_code == 401
            return answer.text

    page = door.walk(steps)
    assert "<script" not in page
    assert "&quot;&gt;&lt;script&gt;" in page


def test_a_cookie_brought_along_is_never_taken_over(zhang):
    async def steps():
        async with door.browser() as client:
            planted = door.start("zhang")
            client.cookies.set(visitors.COOKIE, planted, domain="127.0.0.1", path="/")
            client.cookies.set(visitors.COOKIE, "x" * 43, domain="127.0.0.1", path="/")
            await door.sign_in(client)
            first = client.cookies[visitors.COOKIE]
            assert first not in {planted, "x" * 43}
            fields = {"token": "", "name": "zhang", "password": PASSWORD}
            async with door.browser(cookies={visitors.COOKIE: first}) as other:
                page = await other.get("/auth/logout")
                assert page.status_code == 200
            async with door.browser() as victim:
                page = await victim.get("/auth/login")
                fields["token"] = door.form_token(page)
                form = victim.cookies["gridatlas_form"]
                answer = await victim.post(
                    "/auth/login", data=fields, headers={"cookie": f"gridatlas_form={form}; {visitors.COOKIE}={first}"}
                )
                assert answer.status_code == 303
                second = victim.cookies[visitors.COOKIE]
            assert second != first
            return first, second

    first, second = door.walk(steps)
    assert sessions.find(first) is None
    assert sessions.find(second).name == "zhang"
    assert door.sql("SELECT ending FROM login_session WHERE token_hash = %s", sessions.digest(first)) == ("replaced",)


def test_forms_are_taken_from_our_own_pages_only(zhang):
    async def steps():
        async with door.browser() as client, door.browser() as other:
            page, strange = await client.get("/auth/login"), await other.get("/auth/login")
            good = {"token": door.form_token(page), "name": "zhang", "password": PASSWORD}
            refused = [
                await client.post("/auth/login", data=good | {"token": door.form_token(strange)}),
                await client.post("/auth/login", data=good | {"token": ""}),
                await client.post("/auth/login", data=good, headers={"origin": "https://evil.example"}),
                await client.post("/auth/login", data=good, headers={"origin": "null"}),
                await client.post("/auth/login", data=good, headers={"sec-fetch-site": "cross-site"}),
                await client.post("/auth/login", data=good, headers={"sec-fetch-site": "same-site"}),
            ]
            assert [answer.status_code for answer in refused] == [403] * 6
            assert visitors.COOKIE not in client.cookies
            for wrong in ({"json": good}, {"content": b"name=\xff", "headers": {"content-type": "application/x-www-form-urlencoded"}},
                          {"data": {"name": "x" * 20_000}}):  # fmt: skip
                assert (await client.post("/auth/login", **wrong)).status_code == 400
            fine = {"origin": door.HERE, "sec-fetch-site": "same-origin"}
            assert (await client.post("/auth/login", data=good, headers=fine)).status_code == 303

    door.walk(steps)


def test_a_token_of_another_session_or_of_before_the_end_does_not_sign_out(zhang):
    async def steps():
        async with door.browser() as mine, door.browser() as other:
            await door.sign_in(mine)
            await door.sign_in(other)
            login = door.form_token(await door.browser().get("/auth/login"))
            theirs, own = (
                door.form_token(await other.get("/auth/logout")),
                door.form_token(await mine.get("/auth/logout")),
            )
            for token in (theirs, login, "", door.form_token(await mine.get("/auth/password"))):
                assert (await mine.post("/auth/logout", data={"token": token})).status_code == 403
            assert (await mine.get("/coverage")).status_code == 200
            kept = mine.cookies[visitors.COOKIE]
            out = await mine.post("/auth/logout", data={"token": own})
            assert out.status_code == 303
            assert visitors.COOKIE not in mine.cookies
            assert (await mine.get("/coverage")).status_code == 303
            mine.cookies.set(visitors.COOKIE, kept, domain="127.0.0.1")
            assert (await mine.get("/metrics")).status_code == 401
            replayed = await mine.post("/auth/logout", data={"token": own})
            assert replayed.headers["location"].startswith("/auth/login")
            assert (await other.get("/coverage")).status_code == 200
            await door.sign_in(mine)
            assert (await mine.post("/auth/logout", data={"token": own})).status_code == 403

    door.walk(steps)


ENDINGS = {
    "absolute time": "UPDATE login_session SET expires_at = now() - interval '1 second'",
    "idle time": "UPDATE login_session SET seen_at = now() - make_interval(secs => idle_s + 1)",
    "revoked": "UPDATE login_session SET ended_at = now(), ending = 'revoked'",
    "switched off": "UPDATE account SET active = false WHERE name = 'zhang'",
    "deleted": "DELETE FROM account WHERE name = 'zhang'",
    "must change": "INSERT INTO credential (account_id, hash, must_change) SELECT id, '', true FROM account WHERE name = 'zhang'",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_over_is_over_on_pages_and_on_a_live_websocket(database, ending):
    async def steps():
        token = door.start("zhang")
        async with door.browser(cookies={visitors.COOKIE: token}) as client, door.Talk(token) as talk:
            assert (await talk.hear())["type"] == "websocket.accept"
            talk.say("hello")
            assert (await talk.hear())["text"] == "hello"
            assert (await client.get("/coverage")).status_code == 200
            door.sql(ENDINGS[ending])
            assert await talk.hear(5) == {"type": "websocket.close", "code": 1008}
            assert (await client.get("/metrics")).status_code in {401, 403}
            assert (await client.get("/coverage")).status_code == 303
        async with door.Talk(token) as late:
            assert await late.hear() == {"type": "websocket.close", "code": 1008}

    door.walk(steps)


def test_a_websocket_needs_a_session(database):
    with session(door.JOB) as conn:
        machine = tokens.add(conn, "zhang", "map", ["tiles", "metrics"], 30)

    async def steps():
        bearer = ((b"authorization", f"Bearer {machine}".encode()),)
        for talk in (
            door.Talk(),
            door.Talk("x" * 43),
            door.Talk(machine),
            door.Talk(headers=bearer),
            door.Talk(door.start("zhang"), headers=bearer),
        ):
            async with talk:
                assert await talk.hear() == {"type": "websocket.close", "code": 1008}

    door.walk(steps)


def test_an_open_page_is_no_sign_of_life_but_a_click_is(database, monkeypatch):
    monkeypatch.setattr(visitors, "ALIVE_EVERY_S", 0.0)

    async def steps():
        token = door.start("zhang")
        async with door.Talk(token) as talk:
            await talk.hear()
            door.sql("UPDATE login_session SET seen_at = now() - interval '5 minutes'")
            import asyncio

            await asyncio.sleep(0.6)
            idle = door.sql("SELECT now() - seen_at > interval '4 minutes' FROM login_session")
            talk.say("click")
            await talk.hear()
            await asyncio.sleep(0.6)
            return idle, door.sql("SELECT now() - seen_at < interval '1 minute' FROM login_session")

    assert door.walk(steps) == ((True,), (True,))


def test_five_failures_lock_for_longer_each_time(zhang):
    async def steps():
        async with door.browser() as client:
            for _turn in range(5):
                assert (await door.sign_in(client, password="wrong")).status_code == 401
            waits = []
            for _turn in range(3):
                locked = await door.sign_in(client)
                assert locked.status_code == 429
                assert visitors.COOKIE not in client.cookies
                waits.append(door.sql("SELECT extract(epoch FROM locked_until - now()) FROM credential")[0])
                door.sql("UPDATE credential SET locked_until = now() - interval '1 second'")
                assert (await door.sign_in(client, password="wrong")).status_code == 401
            assert (await door.sign_in(client)).status_code == 429
            door.sql("UPDATE credential SET locked_until = now()")
            assert (await door.sign_in(client)).status_code == 303
            return [round(float(wait)) for wait in waits]

    assert door.walk(steps) == pytest.approx([60, 120, 240], abs=3)
    actions = [row[0] for row in _rows("SELECT action FROM audit ORDER BY seq")]
    assert actions.count("sign_in_failed") == 12
    assert actions[-1] == "sign_in"


def _rows(statement):
    with session(door.JOB) as conn:
        return conn.execute(statement).fetchall()


def test_an_unknown_name_sounds_like_a_wrong_password(zhang):
    async def steps():
        async with door.browser() as client:
            wrong = await door.sign_in(client, password="wrong")
            unknown = await door.sign_in(client, "nobody", "wrong")
            door.sql("UPDATE account SET active = false WHERE name = 'zhang'")
            off = await door.sign_in(client)
            return [(a.status_code, "账号或密码不对" in a.text) for a in (wrong, unknown, off)]

    assert door.walk(steps) == [(401, True)] * 3


def test_a_changed_password_ends_the_other_sessions(zhang):
    async def steps():
        async with door.browser() as mine, door.browser() as other:
            await door.sign_in(mine)
            await door.sign_in(other)
            token = door.form_token(await mine.get("/auth/password"))

            async def change(old, new, again=None, **more):
                fields = {"token": token, "old": old, "new": new, "again": again or new, "next": "/coverage", **more}
                return await mine.post("/auth/password", data=fields)

            new = "Left-horse-8"
            assert (await change("wrong", new)).status_code == 401
            assert (await change(PASSWORD, new, "Left-horse-9")).status_code == 400
            assert (await change(PASSWORD, "short")).status_code == 400
            assert (await change(PASSWORD, PASSWORD)).status_code == 400
            assert (await change(PASSWORD, new, token="0" * 64)).status_code == 403
            assert (await other.get("/coverage")).status_code == 200
            assert (await change(PASSWORD, new)).headers["location"] == "/coverage"
            assert (await mine.get("/coverage")).status_code == 200
            assert (await other.get("/coverage")).status_code == 303
            assert (await door.sign_in(other)).status_code == 401
            assert (await door.sign_in(other, password=new)).status_code == 303

    door.walk(steps)


def test_guessing_at_an_unattended_page_locks_too(zhang):
    async def steps():
        async with door.browser() as client:
            await door.sign_in(client)
            token = door.form_token(await client.get("/auth/password"))
            answers = [
                await client.post(
                    "/auth/password",
                    data={"token": token, "old": f"{n}", "new": "Left-horse-8", "again": "Left-horse-8"},
                )
                for n in range(6)
            ]
            return [answer.status_code for answer in answers]

    assert door.walk(steps) == [401] * 5 + [429]


def test_a_password_that_is_due_comes_first(zhang):
    door.sql("UPDATE credential SET must_change = true")

    async def steps():
        async with door.browser() as client:
            await door.sign_in(client, next="/coverage")
            page = await client.get("/coverage?grid=1")
            assert page.headers["location"] == "/auth/password?next=%2Fcoverage%3Fgrid%3D1"
            tile = await client.get("/tiles/grid/3/1/1.pbf")
            assert (tile.status_code, tile.json()["ok"]) == (403, False)
            assert (await client.post("/write")).status_code == 403
            form = await client.get(page.headers["location"])
            assert "密码已到期" in form.text
            new = {
                "token": door.form_token(form),
                "old": PASSWORD,
                "new": "Left-horse-8",
                "again": "Left-horse-8",
                "next": "/coverage?grid=1",
            }
            assert (await client.post("/auth/password", data=new)).headers["location"] == "/coverage?grid=1"
            assert (await client.get("/coverage")).status_code == 200

    door.walk(steps)


def test_a_machines_token_is_good_for_what_it_permits(database):
    with session(door.JOB) as conn:
        tiles = tokens.add(conn, "zhang", "map", ["tiles"], 30)
        metrics = tokens.add(conn, "zhang", "watch", ["metrics"], 30)
        findings = tokens.add(conn, "zhang", "report", ["findings"], 30)
        gone = tokens.add(conn, "zhang", "gone", ["tiles"], 30)
        tokens.revoke(conn, conn.execute("SELECT max(id) FROM api_token").fetchone()[0])

    async def steps():
        cookie = {visitors.COOKIE: door.start("zhang")}
        async with door.browser() as client, door.browser(cookies=cookie) as person:

            async def status(token, path, method="GET", by=client):
                return (await by.request(method, path, headers={"authorization": f"Bearer {token}"})).status_code

            assert await status(tiles, "/tiles/grid/3/1/1.pbf") in {200, 204}
            assert await status(tiles, "/style/light.json") == 200
            assert await status(metrics, "/metrics") == 200
            for token, path in ((tiles, "/metrics"), (metrics, "/style/light.json"), (tiles, "/"), (tiles, "/coverage"), (metrics, "/coverage"),
                                (findings, "/style/light.json"), (tiles, "/_stcore/health"), (tiles, "/uploads"), (tiles, "/metricsx")):  # fmt: skip
                assert await status(token, path) == 403, path
            assert await status(tiles, "/style/light.json", "POST") == 403
            assert await status(gone, "/style/light.json") == 401
            assert await status("ga_" + "x" * 43, "/style/light.json") == 401
            assert await status("nonsense", "/coverage", by=person) == 401
            assert await status(tiles, "/coverage", by=person) == 403
            assert (await client.get("/auth/password", headers={"authorization": f"Bearer {tiles}"})).status_code == 303
            door.sql("UPDATE account SET active = false WHERE name = 'zhang'")
            assert await status(tiles, "/style/light.json") == 401

    door.walk(steps)
