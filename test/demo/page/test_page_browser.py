"""The page in headless chromium, with a real perception node and a real simulated robot."""

import json
import threading
import time
from urllib.request import urlopen

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("nicegui")
pytest.importorskip("open3d")

from page_world import PageWorld, browser_or_skip, memory, threads, wait_for
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import parameter_value_to_python

from omnibind_ros.demo.page.live import unpacked
from omnibind_ros.demo.page.visitor import visit
from omnibind_ros.modalities import MODALITIES

SENSORS = len(MODALITIES)
SECONDS = 30_000
"""Milliseconds that the browser waits at most: a busy machine is slow."""


@pytest.fixture(scope="module")
def browser():
    playwright, made = browser_or_skip()
    yield made
    made.close()
    playwright.stop()


@pytest.fixture(scope="module")
def world(ros_domain, browser, seven_bundle, tmp_path_factory):
    made = PageWorld(tmp_path_factory.mktemp("page"), seven_bundle)
    made.perception = made.start_perception()
    made.view, made.address = made.start_view("--json", str(made.folder / "view.json"))
    made.robot = made.start_robot()
    yield made
    made.close()


@pytest.fixture
def page(world, browser):
    made = browser.new_page(viewport={"width": 1280, "height": 720})
    made.set_default_timeout(SECONDS)
    made.problems = []
    made.on("pageerror", lambda error: made.problems.append(str(error)))
    made.goto(world.address)
    wait_for_sensors(made)
    yield made
    problems = made.problems
    made.close()
    assert not problems


def wait_for_sensors(page, state="fresh", count=SENSORS - 1):
    """Wait until sensors are fresh; of the sentence, the age depends on the moment."""
    page.wait_for_function(
        "([state, count]) => document.querySelectorAll(`[data-state=${state}]`).length >= count",
        arg=[state, count],
        timeout=90_000,
    )


def state_of(page, name, state):
    page.wait_for_selector(f"[data-tile={name}][data-state={state}]")


def weight(page, name):
    return float(page.get_attribute(f"[data-tile={name}] [data-weight]", "data-weight"))


def answer(page, words):
    """Wait until the answer's line has some words, and return it."""
    page.wait_for_function(
        "words => document.querySelector('[data-answer]').textContent.includes(words)", arg=words
    )
    return page.inner_text("[data-answer]")


def send(page, box, text):
    page.fill(f"[data-box={box}] input, input[data-box={box}]", text)
    page.click(f"[data-send={box}]")


def parameter(probe, node, name):
    response = probe.call(
        GetParameters, f"{node}/get_parameters", GetParameters.Request(names=[name])
    )
    return parameter_value_to_python(response.values[0])


def test_a_pulled_plug_takes_the_publisher_and_the_weight_away(page, probe):
    page.wait_for_function(
        "Number(document.querySelector('[data-tile=image] [data-weight]').dataset.weight) > 0"
    )
    assert probe.spin(lambda: probe.node.count_publishers("image") == 1)
    page.click("[data-plug=image]")
    state_of(page, "image", "absent")
    assert probe.spin(lambda: probe.node.count_publishers("image") == 0)
    page.wait_for_function(
        "document.querySelector('[data-tile=image] [data-weight]').dataset.weight === '0'"
    )
    page.wait_for_function(
        """[...document.querySelectorAll('[data-tile] [data-weight]')]
           .reduce((sum, one) => sum + Number(one.dataset.weight), 0) > 0.98"""
    )
    assert "image is unplugged." in answer(page, "image is unplugged")
    page.click("[data-plug=image]")
    state_of(page, "image", "fresh")
    assert probe.spin(lambda: probe.node.count_publishers("image") == 1)


def test_the_synchroniser_stops_where_a_plug_is_pulled_and_perception_goes_on(page):
    page.click("[data-switch-compare]")
    page.wait_for_function("Number(document.querySelector('[data-sync-rate]').textContent) > 0.9")
    page.click("[data-plug=touch]")
    page.wait_for_selector(".ob-stopped")
    page.wait_for_function("Number(document.querySelector('[data-sync-rate]').textContent) === 0")
    assert float(page.inner_text("[data-results]")) > 0.9
    page.click("[data-plug=touch]")
    page.wait_for_function("Number(document.querySelector('[data-sync-rate]').textContent) > 0")
    page.click("[data-switch-compare]")
    answer(page, "switched off")


def test_a_sensor_is_told_to_lie_and_to_stop(page, probe):
    page.click("[data-lie=thermal]")
    page.wait_for_selector("[data-lie=thermal][aria-pressed=true]")
    assert parameter(probe, "/robot_simulator", "lying") == "thermal"
    answer(page, "thermal lies as soon as another object is rendered")
    page.click("[data-lie=thermal]")
    page.wait_for_selector("[data-lie=thermal][aria-pressed=false]")
    assert parameter(probe, "/robot_simulator", "lying") == ""


def test_what_is_taught_becomes_the_label(page):
    assert page.inner_text("[data-label]") != "wooden block"
    send(page, "teach", "wooden block")
    answer(page, "wooden block")
    page.wait_for_function("document.querySelector('[data-label]').textContent === 'wooden block'")


def test_nonsense_is_answered_in_a_sentence_and_shown_as_text(page):
    send(page, "labels", " , \u200b,,")
    answer(page, "There are no labels")
    send(page, "say", "\u200b")
    answer(page, "nothing to say")
    send(page, "teach", "   ")
    answer(page, "has no name")
    send(page, "labels", "cup, " + "x" * 500)
    answer(page, "has 500 characters")
    send(page, "labels", "<img src=x onerror=window.broken=1>, " + "x" * 150 + ", ¿₪☂")
    answer(page, "labels are in use")
    page.wait_for_function(
        "document.querySelector('[data-top]').textContent.includes('<img src=x onerror')"
    )
    assert page.evaluate("window.broken") is None
    assert page.locator("[data-top] img").count() == 0
    send(page, "labels", "chair, lamp, table")
    answer(page, "labels are in use")


def test_a_sentence_reaches_the_robot(page):
    page.click("[data-plug=text]")  # the robot's own sentences would replace it
    state_of(page, "text", "absent")
    send(page, "say", "this is a chair made of wood")
    state_of(page, "text", "fresh")
    page.wait_for_function(
        "document.querySelector('[data-tile=text]').textContent.includes('made of wood')"
    )
    answer(page, "It was said on /text")
    state_of(page, "text", "absent")  # as soon as the sentence does not count any more
    page.click("[data-plug=text]")
    page.wait_for_selector("[data-plug=text][aria-checked=true]")


def distance(address):
    """Return how far away the page shows the cloud, None if it has no new one."""
    with urlopen(f"{address}live?visitor=test", timeout=10) as answer:
        pictures = unpacked(answer.read())["pictures"]
    return next((about.get("distance") for name, _, _, about in pictures if name == "points"), None)


def test_messages_are_read_as_the_node_reads_them(world, page, probe):
    before = wait_for(lambda: distance(world.address))

    def set_scale(value):
        number = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
        parameters = [Parameter(name="sensor.points.scale", value=number)]
        request = SetParameters.Request(parameters=parameters)
        service = "/perception/set_parameters"
        assert probe.call(SetParameters, service, request).results[0].successful

    set_scale(0.5)
    wait_for(lambda: (distance(world.address) or before) < 0.7 * before)
    set_scale(1.0)
    wait_for(lambda: (distance(world.address) or 0.0) > 0.8 * before)


def threads_after_a_file(world, page):
    """Return the server's number of threads.

    Threads that read files for it wait for more when they are done; those that waited for 10 s end
    at the next file that a browser asks for, whoever asks.
    """
    script = "performance.getEntriesByType('resource').find(one => one.name.endsWith('.js')).name"
    with urlopen(page.evaluate(script), timeout=10) as answer:
        answer.read()
    return threads(world.view)


def test_ten_pages_and_a_hundred_visits_leave_nothing_behind(world, browser, page, probe):
    before = threads(world.view), probe.node.count_subscribers("image")
    context = browser.new_context(viewport={"width": 400, "height": 300})
    pages = [context.new_page() for _ in range(10)]
    for one in pages:
        one.goto(world.address, timeout=SECONDS)
    for one in pages:
        one.wait_for_selector(".ob-tile[data-tile]", timeout=SECONDS)
    used = memory(world.view)
    context.close()
    context = browser.new_context(viewport={"width": 400, "height": 300})
    one = context.new_page()
    for _ in range(100):
        one.goto(world.address, timeout=SECONDS, wait_until="domcontentloaded")
    context.close()
    wait_for(
        lambda: threads_after_a_file(world, page) <= before[0] + 2,
        30,
        lambda: f"{threads(world.view)} threads, {before[0]} before",
    )
    assert probe.node.count_subscribers("image") == before[1]
    assert memory(world.view) < used + 40
    assert float(page.inner_text("[data-results]")) > 0


def test_teaching_while_nothing_is_fresh_is_refused_in_a_sentence(page):
    for name in MODALITIES:
        page.click(f"[data-plug={name}]")
        page.wait_for_selector(f"[data-plug={name}][aria-checked=false]")
    wait_for_sensors(page, "absent", SENSORS)
    send(page, "teach", "nothing at all")
    page.wait_for_selector("[data-answer].ob-failed")
    page.wait_for_selector("[data-known]:text('no result')")
    assert page.inner_text("[data-answer]").endswith(".")
    for name in MODALITIES:
        page.click(f"[data-plug={name}]")
    wait_for_sensors(page)


def test_the_page_goes_on_when_perception_is_started_again(world, page):
    world.perception.stop()
    page.wait_for_function(
        "document.querySelector('[data-message]').textContent.includes('has been silent')"
    )
    send(page, "labels", "cup, chair")
    answer(page, "The service /perception/set_labels is not there")
    world.perception = world.start_perception()
    wait_for_sensors(page)
    page.wait_for_function("document.querySelector('[data-message]').textContent === '/perception'")


def test_on_a_real_robot_a_plug_switches_the_sensor_off(world, browser, probe):
    _, address = world.start_view("--simulator", "/no_robot", "--duration", "60")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(SECONDS)
    page.goto(address)
    wait_for_sensors(page)
    assert page.locator("[data-lie]").count() == 0
    page.click("[data-plug=audio]")
    state_of(page, "audio", "off")
    assert parameter(probe, "/perception", "sensor.audio.enabled") is False
    page.click("[data-plug=audio]")
    state_of(page, "audio", "fresh")
    assert parameter(probe, "/perception", "sensor.audio.enabled") is True
    assert sorted(parameter(probe, "/perception", "sensors")) == sorted(MODALITIES)
    # Nothing is wider than a phone.
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_the_figures_are_written_at_the_end(world, page):
    stop = threading.Event()
    plain = visit(world.address, 2.0, stop, browser=False)
    assert plain["client"] == "plain"
    assert plain["refreshes"] > 2
    time.sleep(0.5)
    world.view.stop()
    figures = json.loads((world.folder / "view.json").read_text())
    assert figures["page_hz"] > 0.5
    assert figures["clients"] > 12
    assert figures["refreshes"] > plain["refreshes"]
    assert 100_000 < figures["bytes_first_load"] < 2_000_000
    page.wait_for_selector(".ob-message.ob-bad:text('lost its server')")
