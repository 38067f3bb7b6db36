"""Refreshes, how they are counted, and the port of the page."""

import asyncio
import socket

import pytest

pytest.importorskip("nicegui")

from omnibind_ros.cli import main
from omnibind_ros.demo.page.counting import GONE, MOST_VISITS, CountedApp, Visits
from omnibind_ros.demo.page.live import Live, packed, unpacked
from omnibind_ros.demo.page.server import PortError, open_port
from omnibind_ros.demo.page.state import SensorView, ViewState
from omnibind_ros.demo.page.tiles import Shown, Tiles


def test_a_refresh_has_the_state_and_then_the_pictures():
    data = packed({"now": 1.0}, [("image", Shown(7, b"JPEG", {"a": 1})), ("text", Shown(2))])
    assert data.endswith(b"JPEG")
    assert unpacked(data)["pictures"] == [["image", 7, 4, {"a": 1}], ["text", 2, 0, {}]]
    with pytest.raises(ValueError, match="cut short"):
        unpacked(b"\x01")


@pytest.fixture
def live():
    state, tiles, visits = ViewState("/perception"), Tiles(), Visits()
    state.on_sensors(1.0, [SensorView("speech", "text", "/text", 2)])
    tiles.open("speech", "text", "std_msgs/msg/String", sentence)
    made = Live(state, tiles, visits)
    yield made, tiles, visits
    made.close()


def sentence(data):
    class Message:
        pass

    message = Message()
    message.data = data.decode()
    return message


def ask(live, **query):
    return unpacked(asyncio.run(live.refresh(query)))


def test_a_browser_gets_a_picture_once(live):
    made, tiles, visits = live
    tiles.offer("speech", b"a cup")
    tiles.offer("speech", b"a chair")
    assert ask(made, visitor="a")["pictures"] == [["speech", 2, 0, {"text": "a chair"}]]
    assert ask(made, visitor="a", have="speech:2")["pictures"] == []
    assert ask(made, visitor="b")["pictures"] == [["speech", 2, 0, {"text": "a chair"}]]
    assert visits.figures()["clients"] == 2
    assert visits.figures()["refreshes"] == 1  # the second request of a, for which b waits yet


@pytest.mark.parametrize("query", [{"bin": "x"}, {"revision": ""}, {"have": "speech:y"}])
def test_a_request_with_damaged_numbers_is_refused(live, query):
    with pytest.raises(ValueError, match="invalid literal"):
        ask(live[0], **query)


def test_refreshes_count_when_the_next_one_is_asked_for():
    visits = Visits()
    assert visits.figures()["page_hz"] is None
    assert visits.on_request("a", 0.0) == float("inf")
    for n in range(1, 11):
        assert visits.on_request("a", n / 10) == pytest.approx(0.1)
    assert visits.figures()["page_hz"] == pytest.approx(10.0)
    assert visits.present(1.0) == 1
    assert visits.present(1.1 + GONE) == 0


def test_visits_are_bounded_and_still_counted():
    visits = Visits()
    for n in range(2 * MOST_VISITS):
        visits.on_request(str(n), float(n))
        visits.on_request(str(n), n + 0.5)
    figures = visits.figures()
    assert figures["clients"] == 2 * MOST_VISITS
    assert figures["refreshes"] == 2 * MOST_VISITS
    assert figures["page_hz"] == pytest.approx(2.0)
    assert len(visits._visits) == MOST_VISITS


def test_bytes_are_those_of_the_first_load():
    visits = Visits()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 100})

    async def ignore(*_):
        return {}

    def load(path):
        scope = {"type": "http", "path": path}
        asyncio.run(CountedApp(app, visits)(scope, ignore, ignore))

    load("/")  # shows nothing
    load("/")
    load("/live")
    visits.on_request("a", 0.0)
    load("/late.js")
    assert visits.figures()["bytes_first_load"] == 200
    load("/")
    load("/late.js")
    assert visits.figures()["bytes_first_load"] == 200


def test_a_port_that_is_taken_is_said_with_one_that_is_free():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match=rf"port {port} is taken.*: use --port (\d+)") as caught:
            open_port("127.0.0.1", port)
        free = int(str(caught.value).rpartition(" ")[2])
        assert free > port
        open_port("127.0.0.1", free).close()


def test_a_host_of_another_computer_is_said():
    with pytest.raises(PortError, match=r"the host 192\.0\.2\.1 is no address of this computer"):
        open_port("192.0.2.1", 8080)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "70000"], "'70000' is no port"),
        (["--port", "x"], "'x' is no port"),
        (["--duration", "0"], "'0' is no number of seconds above 0"),
        (["--duration", "nan"], "'nan' is no number of seconds above 0"),
    ],
)
def test_options_that_cannot_be_used_are_said(arguments, words, capsys):
    with pytest.raises(SystemExit):
        main(["view", *arguments])
    assert words in capsys.readouterr().err


def test_a_visit_of_nothing_is_a_sentence(capsys):
    assert main(["view", "--visit", "http://127.0.0.1:9/", "--duration", "1"]) == 1
    assert "cannot be opened" in capsys.readouterr().err
