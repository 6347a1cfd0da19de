"""The second way in: against a certified provider in a process of its own, and against one that lies."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shutil
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs
from urllib.parse import urljoin
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from gis.access import accounts
from gis.access import sessions
from gis.db.connection import session
from server import oidc
from server import visitors
from tests import door
from tests.conftest import ROOT

PROVIDER = ROOT / "tests" / "provider"
CALLBACK = f"{door.HERE}/auth/oidc/callback"
SECRET = "a secret: of the tests"
PEOPLE = {
    "u1": {"name": "李主任", "preferred_username": "Li.Zhuren", "groups": ["wg-leaders", "all"]},
    "u2": {"name": "王网格", "preferred_username": "wang", "groups": ["wg-workers", "wg-planners"]},
    "u3": {"name": "外人", "preferred_username": "outsider", "groups": ["all"]},
    "u4": {"name": "同名", "preferred_username": "zhang", "groups": ["wg-workers"]},
    "u5": {"name": "两头", "preferred_username": "both", "groups": ["wg-admins", "wg-leaders"]},
    "u6": {"name": "", "preferred_username": "'; DROP--", "groups": "wg-workers"},
}
ROLES = {"wg-leaders": "leader", "wg-workers": "worker", "wg-planners": "planner", "wg-admins": "admin"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def installed():
    """Install the provider of ``tests/provider`` once, as its lock file says."""
    lock = PROVIDER / "package-lock.json"
    mark, wanted = PROVIDER / "node_modules" / ".done", hashlib.sha256(lock.read_bytes()).hexdigest()
    if not mark.exists() or mark.read_text() != wanted:
        command = [shutil.which("npm") or "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=PROVIDER, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        mark.write_text(wanted)


@pytest.fixture(scope="session")
def issuer(installed):
    """Run the provider; its address."""
    port = free_port()
    command = ["node", "provider.mjs", str(port), CALLBACK, json.dumps(PEOPLE)]
    process = subprocess.Popen(command, cwd=PROVIDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout.readline().startswith("ready")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def settle(monkeypatch, issuer, **more):
    """Set the provider up the way an office does."""
    settings = {"ISSUER": issuer, "CLIENT_SECRET": SECRET, "ROLES": json.dumps(ROLES), "LABEL": "政务通", **more}
    for name, value in settings.items():
        monkeypatch.setenv(f"GRIDATLAS_OIDC_{name}", value)
    monkeypatch.setattr(visitors, "LIFETIME_S", 0.0)
    oidc.forget()


@pytest.fixture
def real(database, issuer, monkeypatch):
    """Sign in through the real provider."""
    settle(monkeypatch, issuer)


async def at_provider(address, person):
    """Sign in and consent at the provider, as a person's browser does; the address it sends back to."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as theirs:
        answer = await theirs.get(address)
        for _turn in range(20):
            if answer.is_redirect:
                to = urljoin(str(answer.url), answer.headers["location"])
                if to.startswith(CALLBACK):
                    return to
                answer = await theirs.get(to)
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'<form[^>]+action="([^"]+)"', answer.text).group(1)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text).group(1)
            fields = {"prompt": prompt} | ({"login": person, "password": "any"} if prompt == "login" else {})
            answer = await theirs.post(urljoin(str(answer.url), action), data=fields)
    raise AssertionError("the provider never came to an end")


async def way(client, person, after="/coverage?grid=1"):
    """Go the whole way; the answer of our callback."""
    begun = await client.get("/auth/oidc", params={"next": after})
    assert begun.status_code == 303, begun.text
    return await client.get(await at_provider(begun.headers["location"], person))


def account(subject):
    with session(door.JOB) as conn:
        row = conn.execute("SELECT name FROM account WHERE subject LIKE '%%|' || %s", (subject,)).fetchone()
        return accounts.get(conn, row[0]) if row else None


def test_the_sign_in_page_offers_it(real):
    async def steps():
        async with door.browser() as client:
            page = await client.get("/auth/login?next=/coverage")
            assert "用政务通登录" in page.text
            begun = await client.get("/auth/oidc?next=/coverage")
            kept = begun.headers["set-cookie"]
            return parse_qs(urlsplit(begun.headers["location"]).query), kept

    asked, kept = door.walk(steps)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [CALLBACK]
    assert len(asked["state"][0]) >= 32
    assert len(asked["nonce"][0]) >= 32
    assert {"HttpOnly", "SameSite=lax", "Path=/auth/oidc", "Max-Age=600"} <= set(kept.split("; "))


def test_a_person_comes_in_with_the_roles_of_his_groups(real, issuer):
    async def steps():
        async with door.browser() as client:
            answer = await way(client, "u1")
            assert (answer.status_code, answer.headers["location"]) == (303, "/coverage?grid=1")
            assert (await client.get("/coverage")).text == "page for li.zhuren"
            assert "gridatlas_oidc" not in client.cookies
            page = await client.get("/auth/password")
            fields = {"token": door.form_token(page), "old": "", "new": "Left-horse-8", "again": "Left-horse-8"}
            assert (await client.post("/auth/password", data=fields)).status_code == 409
            return sessions.find(client.cookies[visitors.COOKIE])

    assert door.walk(steps).roles == ("leader",)
    made = account("u1")
    assert (made.name, made.display, made.source) == ("li.zhuren", "李主任", "oidc")
    assert (made.roles, made.scopes) == (["leader"], ["office"])
    assert door.sql("SELECT subject FROM account WHERE name = 'li.zhuren'") == (f"{issuer}|u1",)
    told = door.sql("SELECT actor, after ->> 'way', origin FROM audit WHERE action = 'sign_in'")
    assert told == ("li.zhuren", "oidc", "127.0.0.1")


def test_roles_follow_the_groups_at_every_sign_in(real, monkeypatch):
    async def steps():
        async with door.browser() as client:
            await way(client, "u2")
            first = account("u2").roles
            monkeypatch.setenv("GRIDATLAS_OIDC_ROLES", json.dumps({"wg-workers": "supervisor"}))
            await way(client, "u2")
            return first, account("u2").roles, door.sql("SELECT count(*) FROM account WHERE source = 'oidc'")

    assert door.walk(steps) == (["planner", "worker"], ["supervisor"], (1,))


@pytest.mark.parametrize(
    ("person", "status", "said"), [("u3", 403, "没有使用本系统的权限"), ("u5", 400, "不能与其他角色合在一个账号上")]
)
def test_whoever_has_no_role_or_roles_that_clash_stays_outside(real, person, status, said):
    async def steps():
        async with door.browser() as client:
            answer = await way(client, person)
            assert visitors.COOKIE not in client.cookies
            return answer.status_code, said in answer.text

    assert door.walk(steps) == (status, True)
    assert account(person) is None


def test_an_account_that_was_switched_off_stays_off(real):
    async def steps():
        async with door.browser() as client:
            await way(client, "u1")
            door.sql("UPDATE account SET active = false WHERE source = 'oidc'")
            async with door.browser() as again:
                answer = await way(again, "u1")
                assert visitors.COOKIE not in again.cookies
                return answer.status_code, "这个账号已停用" in answer.text

    assert door.walk(steps) == (403, True)
    assert door.sql("SELECT after ->> 'why' FROM audit WHERE action = 'sign_in_failed'") == ("AccountOff",)


def test_a_name_somebody_has_here_is_not_taken_over(real):
    async def steps():
        async with door.browser() as client:
            await way(client, "u4")
            await way(client, "u6")
            return (await client.get("/coverage")).status_code

    assert door.walk(steps) == 200
    assert re.fullmatch(r"zhang-[0-9a-f]{6}", account("u4").name)
    assert account("u4").scopes == ["office"]
    assert accounts.NAME.fullmatch(account("u6").name)
    assert account("u6").roles == ["worker"]
    assert door.sql("SELECT source FROM account WHERE name = 'zhang'") == ("local",)


def test_an_answer_belongs_to_the_browser_that_asked_and_is_good_once(real):
    async def steps():
        async with door.browser() as client, door.browser() as victim:
            begun = await client.get("/auth/oidc")
            kept = client.cookies["gridatlas_oidc"]
            back = await at_provider(begun.headers["location"], "u1")
            for answer in (await victim.get(back), await client.get(back.replace("state=", "state=x"))):
                assert answer.status_code == 403
            assert visitors.COOKIE not in victim.cookies

            async def again(cookie):
                return await victim.get(back, headers={"cookie": f"gridatlas_oidc={cookie}"})

            assert (await again(kept[:-1] + ("0" if kept[-1] != "0" else "1"))).status_code == 403
            assert (await again(kept)).status_code == 303
            assert (await again(kept)).status_code == 403
            other = urlsplit(back)
            assert (await victim.get(f"{other.path}?error=access_denied")).status_code == 403

    door.walk(steps)


def test_a_provider_that_is_away_leaves_the_password_as_a_way_in(database, monkeypatch):
    settle(monkeypatch, f"http://127.0.0.1:{free_port()}")

    async def steps():
        async with door.browser() as client:
            away = await client.get("/auth/oidc")
            monkeypatch.setenv("GRIDATLAS_OIDC_ISSUER", "http://id.example")
            plain = await client.get("/auth/oidc")
            monkeypatch.delenv("GRIDATLAS_OIDC_ISSUER")
            return away, plain, await client.get("/auth/oidc"), await client.get("/auth/login")

    away, plain, unset, page = door.walk(steps)
    assert (away.status_code, plain.status_code, unset.status_code) == (502, 502, 404)
    assert "https://" in plain.text
    assert "政务通" not in page.text


class Liar:
    """A provider of few words whose ID token says whatever a test wants."""

    def __init__(self):
        self.key, self.other = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.claims, self.sign, self.metadata, self.info = {}, None, {}, None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path):
        places = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "jwks"}
        if path.endswith("openid-configuration"):
            return {"issuer": self.issuer, **{k: f"{self.issuer}/{v}" for k, v in places.items()},
                    "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"], **self.metadata}  # fmt: skip
        if path == "/jwks":
            return {"keys": [self.key.as_dict(private=False)]}
        if path == "/me":
            return self.info
        return {"access_token": "a", "token_type": "Bearer", "id_token": self.sign(self.claims)}

    def _handler(self):
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                body = json.dumps(liar.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_):
                pass

        return Handler


@pytest.fixture
def liar(database, monkeypatch):
    """A provider of the test's own."""
    made = Liar()
    settle(monkeypatch, made.issuer)
    yield made
    made.server.shutdown()
    made.server.server_close()


def _signed(key):
    return lambda claims: jwt.encode({"alg": "RS256"}, claims, key)


def _by_hand(alg, secret=None):
    """Write a token no library would: unsigned, or with a public key as if it were a secret."""

    def write(claims):
        parts = [json.dumps(part).encode() for part in ({"alg": alg}, claims)]
        head = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        seal = hmac.new(secret, head, hashlib.sha256).digest() if secret else b""
        return (head + b"." + base64.urlsafe_b64encode(seal).rstrip(b"=")).decode()

    return write


LIES = {
    "the truth": ({}, "key", 303),
    "another issuer": ({"iss": "https://other.example"}, "key", 403),
    "for another client": ({"aud": "somebody"}, "key", 403),
    "for several, by another": ({"aud": ["gridatlas", "b"], "azp": "b"}, "key", 403),
    "another nonce": ({"nonce": "x"}, "key", 403),
    "no nonce": ({"nonce": None}, "key", 403),
    "over": ({"exp": int(time.time()) - 3600}, "key", 403),
    "no end": ({"exp": None}, "key", 403),
    "from tomorrow": ({"iat": int(time.time()) + 86_400}, "key", 403),
    "nobody": ({"sub": None}, "key", 403),
    "signed by another": ({}, "other", 403),
    "signed with the public key": ({}, "public", 403),
    "signed with our secret": ({}, "secret", 403),
    "not signed": ({}, "none", 403),
    "no token at all": ({}, "rubbish", 403),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_is_believed_only_when_all_of_it_holds(liar, lie):
    changes, key, status = LIES[lie]
    liar.sign = {
        "key": _signed(liar.key),
        "other": _signed(liar.other),
        "public": _by_hand("HS256", liar.key.as_pem(private=False)),
        "secret": _by_hand("HS256", SECRET.encode()),
        "none": _by_hand("none"),
        "rubbish": lambda _claims: "rubbish",
    }[key]

    async def steps():
        async with door.browser() as client:
            begun = await client.get("/auth/oidc")
            asked = parse_qs(urlsplit(begun.headers["location"]).query)
            now = int(time.time())
            claims = {"iss": liar.issuer, "aud": "gridatlas", "sub": "u1", "iat": now, "exp": now + 300,
                      "nonce": asked["nonce"][0], "name": "李", "groups": ["wg-leaders"], **changes}  # fmt: skip
            liar.claims = {name: value for name, value in claims.items() if value is not None}
            answer = await client.get("/auth/oidc/callback", params={"code": "c", "state": asked["state"][0]})
            assert (visitors.COOKIE in client.cookies) == (status == 303)
            return answer.status_code

    assert door.walk(steps) == status


def test_what_the_provider_says_beside_must_be_of_the_same_person(liar):
    liar.sign, liar.info = _signed(liar.key), {"sub": "u2", "groups": ["wg-leaders"]}
    liar.metadata = {"userinfo_endpoint": f"{liar.issuer}/me"}

    async def steps():
        async with door.browser() as client:
            asked = parse_qs(urlsplit((await client.get("/auth/oidc")).headers["location"]).query)
            now = int(time.time())
            liar.claims = {
                "iss": liar.issuer,
                "aud": "gridatlas",
                "sub": "u1",
                "iat": now,
                "exp": now + 300,
                "nonce": asked["nonce"][0],
            }
            query = {"code": "c", "state": asked["state"][0]}
            return (await client.get("/auth/oidc/callback", params=query)).status_code

    assert door.walk(steps) == 403


def test_a_provider_that_names_itself_otherwise_is_not_used(liar):
    liar.metadata = {"issuer": "https://other.example"}

    async def steps():
        async with door.browser() as client:
            return (await client.get("/auth/oidc")).status_code

    assert door.walk(steps) == 502
