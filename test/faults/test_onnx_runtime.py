"""Networks that give NaN or fail in ONNX Runtime while the node runs."""

import time

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("onnx")

import yaml
from failing_models import give_error, give_nan, hotter_than, more_than_one, spoil
from fixture_bundle import copy_seven_bundle
from perception_client import photograph
from rclpy.qos import qos_profile_sensor_data
from sensor_messages import bytes_of, stamped
from sensor_msgs.msg import Image

from omnibind_msgs.msg import SensorStatus

FAULTS = {"nan": (give_nan, "not finite"), "error": (give_error, "out of data bounds")}


class Senses:
    """A node with a camera and a thermal camera, one network of which fails for some inputs."""

    def __init__(self, start_perception, bundle, folder):
        file = folder / "two.yaml"
        values = {"sensors": ["image", "thermal"], "bundle": str(bundle)}
        file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
        self.client = start_perception("--params-file", str(file), ready=False)
        self.thermal = self.client.probe.node.create_publisher(
            Image, "thermal", qos_profile_sensor_data
        )
        self._noise = np.random.default_rng(0)
        self.hot = False
        ready = self.client.camera.get_subscription_count, self.thermal.get_subscription_count
        assert self.client.probe.spin(lambda: all(count() for count in ready), 60.0), (
            self.client.process.output()
        )

    def _send(self):
        kelvin = np.full((120, 160), 29_500, np.uint16)
        kelvin += self._noise.integers(0, 9, kelvin.shape, np.uint16)
        kelvin[40:80, 50:100] += 12_000 if self.hot else 1_500  # 0.01 K
        pixels = Image(height=120, width=160, encoding="mono16", step=320, data=bytes_of(kelvin))
        self.thermal.publish(stamped(pixels, self.client.now()))

    def until(self, condition, seconds=60.0):
        """Show the scene to both cameras at 20 Hz until a condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.client.process.output()
            self._send()
            next_at = time.monotonic() + 0.04
            self.client.publish_image(
                photograph("coffee"), lambda at=next_at: time.monotonic() > at
            )

    def fused(self, *names):
        recent = self.client.messages()[-1:]
        return bool(recent) and set(recent[0].sensors) == set(names)

    def close(self):
        self.client.probe.node.destroy_publisher(self.thermal)


@pytest.fixture
def senses(start_perception, tmp_path):
    made = []

    def make(part, when, how):
        bundle = copy_seven_bundle(tmp_path / "failing")
        spoil(bundle, part, when, how)
        made.append(Senses(start_perception, bundle, tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_an_encoder_that_fails_costs_its_own_sensor_alone(senses, fault):
    how, words = FAULTS[fault]
    s = senses("thermal", hotter_than(80.0), how)
    s.until(lambda: s.fused("image", "thermal"))
    # ~/sensors has a rate of its own: the result may be there before it.
    s.until(lambda: s.client.sensor("thermal").state == SensorStatus.FRESH)

    s.hot = True
    s.until(lambda: s.client.sensor("thermal").state == SensorStatus.FAULT)
    reason = s.client.sensor("thermal").reason
    assert reason.startswith("the thermal encoder failed"), reason
    assert words in reason
    # Its last good embedding counts until its max_age, as that of any sensor that falls silent.
    s.until(lambda: s.fused("image"))
    begin = len(s.client.messages())
    s.until(lambda: len(s.client.messages()) > begin + 20)
    assert all(set(msg.sensors) == {"image"} for msg in s.client.messages()[begin:])
    assert s.client.sensor("image").state == SensorStatus.FRESH
    assert s.client.sensor("image").rejected == 0

    s.hot = False
    s.until(lambda: s.fused("image", "thermal"))
    s.until(lambda: s.client.sensor("thermal").state == SensorStatus.FRESH)
    assert s.client.process.alive()
    assert "Traceback" not in s.client.process.output()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fusion_that_fails_is_replaced_by_the_mean_and_says_so(senses, fault):
    how, _ = FAULTS[fault]
    s = senses("fusion", more_than_one, how)
    s.until(lambda: s.fused("image", "thermal"))
    embeddings = s.client.messages("embedding")
    assert all(np.isfinite(msg.values).all() for msg in embeddings)
    last = embeddings[-1]
    assert np.linalg.norm(last.values) == pytest.approx(1.0, abs=1e-4)
    assert "fusion.onnx failed" in s.client.process.output()
    assert "Traceback" not in s.client.process.output()
