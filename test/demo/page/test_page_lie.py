"""A sensor that lies is named on the page, in headless chromium, until it agrees again."""

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("nicegui")
pytest.importorskip("open3d")

from page_world import PageWorld, browser_or_skip
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

NAMED = "[data-tile=speech] .ob-warn:text('contradicts the others')"


@pytest.fixture
def page(start_perception, tmp_path):
    playwright, browser = browser_or_skip()
    world = PageWorld(tmp_path, tmp_path)
    try:
        sensors = ("-p", "sensors:=['camera', 'speech', 'second']")
        second = ("-p", "sensor.second.modality:=image", "-p", "sensor.second.topic:=second_image")
        client = start_perception(*sensors, *second)
        _, address = world.start_view()
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address)
        yield page, client
    finally:
        browser.close()
        playwright.stop()
        world.close()


def test_a_sentence_that_lies_is_named_on_its_tile_and_weighs_nothing(page):
    page, client = page
    second = client.probe.node.create_publisher(Image, "second_image", qos_profile_sensor_data)
    try:
        weight = "[data-tile=speech] [data-weight]"
        client.show(
            "coffee",
            "a cup of coffee",
            lambda: (
                page.locator(weight).count()
                and float(page.get_attribute(weight, "data-weight")) > 0
                and page.inner_text("[data-label]") == "cup"
            ),
            (second,),
            40.0,
        )
        assert page.locator(NAMED).count() == 0
        client.show(
            "coffee",
            "there is a cat",
            lambda: (
                page.locator(NAMED).count() == 1
                and page.get_attribute(weight, "data-weight") == "0"
                and page.inner_text("[data-label]") == "cup"
            ),
            (second,),
            40.0,
        )
        client.show(
            "coffee", "a cup of coffee", lambda: page.locator(NAMED).count() == 0, (second,), 40.0
        )
    finally:
        client.probe.node.destroy_publisher(second)
