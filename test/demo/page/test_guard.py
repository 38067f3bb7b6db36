"""Who may see the page: this computer's browsers, or those with the token."""

import asyncio

import pytest

from omnibind_ros.demo.page.guard import COOKIE, Guard, is_loopback, new_token

TOKEN = "secret-token"


async def hello(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def ask(token="", query="", kind="http", path="/", **headers):
    """Return the messages that a guarded application sends."""
    headers = {"host": "127.0.0.1:8080", **headers}
    scope = {
        "type": kind,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    sent = []

    async def receive():
        return {"type": f"{kind}.connect"}

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(hello, token)(scope, receive, send))
    return sent


def status(*args, **kwargs):
    return ask(*args, **kwargs)[0]["status"]


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.0.0.1"])
def test_this_computer_needs_no_token(host):
    assert status(host=host) == 200


def test_another_name_of_this_computer_is_refused_without_a_token():
    # As a page has that lets its own name point here (DNS rebinding).
    sent = ask(host="example.com:8080")
    assert sent[0]["status"] == 403
    assert b"comes from another site" in sent[1]["body"]


@pytest.mark.parametrize("token", ["", TOKEN])
def test_requests_of_other_sites_are_refused(token):
    cookie = f"{COOKIE}={TOKEN}"
    assert status(token, origin="http://evil.example", cookie=cookie) == 403
    assert status(token, origin="http://127.0.0.1:8080", cookie=cookie) == 200
    refused = ask(token, kind="websocket", origin="http://evil.example", cookie=cookie)
    assert refused == [{"type": "websocket.close", "code": 1008}]


def test_the_token_in_the_address_becomes_a_cookie_and_leaves_the_address():
    sent = ask(TOKEN, query=f"token={TOKEN}", host="robot:8080")
    headers = dict(sent[0]["headers"])
    assert sent[0]["status"] == 303
    assert headers[b"location"] == b"/"
    cookie = headers[b"set-cookie"].decode()
    assert "HttpOnly" in cookie
    assert "SameSite" in cookie
    assert status(TOKEN, host="robot:8080", cookie=cookie.partition(";")[0]) == 200


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"query": "token=wrong"},
        {"query": "token="},
        {"cookie": f"{COOKIE}=wrong"},
        {"cookie": f"{COOKIE}="},
        {"cookie": "\x00;;=;"},
    ],
)
def test_without_the_right_token_nothing_is_shown(request_):
    sent = ask(TOKEN, host="robot:8080", **request_)
    assert sent[0]["status"] == 403
    assert b"open the address that `omnibind view` has printed" in sent[1]["body"]
    assert TOKEN.encode() not in sent[1]["body"]


def test_a_websocket_needs_the_cookie():
    closed = ask(TOKEN, kind="websocket", host="robot:8080", query=f"token={TOKEN}")
    assert closed == [{"type": "websocket.close", "code": 1008}]
    cookie = f"{COOKIE}={TOKEN}"
    opened = ask(TOKEN, kind="websocket", host="robot:8080", cookie=cookie)
    assert opened == [{"type": "websocket.accept"}]


def test_tokens_differ_and_are_long():
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 32


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("pc", False)],
)
def test_hosts_that_only_this_computer_reaches(host, expected):
    assert is_loopback(host) == expected
