"""The rate of results over DDS."""

import itertools
import time

import pytest

pytest.importorskip("rclpy")

from perception_client import photograph
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter


def nanoseconds(stamp):
    return stamp.sec * 10**9 + stamp.nanosec


def arrival_gaps(client):
    times = [arrived for arrived, _ in client.probe.arrivals["/perception/recognition"]]
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def publish(client, seconds):
    """Publish pictures at 20 Hz, and return the last one's stamp."""
    end = time.monotonic() + seconds
    client.publish_image(photograph("coffee"), lambda: time.monotonic() > end)


def test_results_keep_to_the_rate_and_the_last_picture_is_in_the_last_one(start_perception):
    client = start_perception("-p", "result_rate:=4.0")
    client.publish_image(photograph("coffee"), client.messages)
    publish(client, 2.0)
    client.probe.spin(lambda: False, 0.5)  # two periods
    count = len(client.messages())
    assert count <= 2.6 * 4 + 2
    gaps = arrival_gaps(client)
    assert sorted(gaps)[len(gaps) // 10] > 0.15  # 0.25 s, less what DDS may delay
    client.probe.spin(lambda: False, 1.1)  # ~/sensors comes at 1 Hz
    assert len(client.messages()) == count  # nothing new is no result
    assert count < client.sensor("camera").encoded / 2  # before, it may be a second old
    newest = client.messages("embedding")[-1]
    camera = client.sensor("camera")
    assert nanoseconds(newest.header.stamp) == nanoseconds(camera.header.stamp)


@pytest.mark.parametrize("rate", ["0.0", "1000.0"])
def test_without_a_limit_each_embedding_has_its_result(start_perception, rate):
    client = start_perception("-p", f"result_rate:={rate}")
    client.publish_image(photograph("coffee"), client.messages)
    publish(client, 1.5)
    client.probe.spin(lambda: False, 1.1)  # ~/sensors comes at 1 Hz
    assert client.sensor("camera").encoded == pytest.approx(len(client.messages()), abs=1)


def test_the_rate_changes_at_run_time_and_a_wrong_one_is_refused(start_perception):
    client = start_perception("-p", "result_rate:=0.5")
    client.publish_image(photograph("coffee"), client.messages)
    publish(client, 1.0)
    assert len(client.messages()) == 1
    parameter = Parameter("result_rate", value=-1.0).to_parameter_msg()
    answer = client.probe.call(
        SetParameters, "/perception/set_parameters", SetParameters.Request(parameters=[parameter])
    )
    assert not answer.results[0].successful
    assert "result_rate" in answer.results[0].reason
    parameter = Parameter("result_rate", value=50.0).to_parameter_msg()
    answer = client.probe.call(
        SetParameters, "/perception/set_parameters", SetParameters.Request(parameters=[parameter])
    )
    assert answer.results[0].successful
    publish(client, 1.0)
    assert len(client.messages()) > 5
