"""An encoder node and a perception node, as on two computers: nothing but ROS 2 lies between."""

import array
import time

import numpy as np
import pytest
import yaml

pytest.importorskip("rclpy")

from perception_client import photograph
from rclpy.qos import qos_profile_sensor_data

from omnibind_msgs.msg import Audio, Embedding, SensorStatus


def parameters(path, **values):
    path.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
    return ("--params-file", str(path))


@pytest.fixture
def pair(start_perception, start_node, tmp_path):
    def make(bundle="household", **sensor):
        encoder = parameters(tmp_path / "encoder.yaml", sensors=["camera"], bundle=str(bundle))
        remote = {
            "modality": "image",
            "topic": "/encoder/embeddings/camera",
            "type": "omnibind_msgs/msg/Embedding",
            **sensor,
        }
        config = parameters(
            tmp_path / "remote.yaml", sensors=["arm", "speech"], sensor={"arm": remote}
        )
        process = start_node("encoder_node", *encoder)
        client = start_perception(*config, ready=False)
        client.probe.subscribe(Embedding, "/encoder/embeddings/camera")
        return client, process

    return make


def test_embeddings_cross_over_and_one_computer_may_die(pair):
    client, encoder = pair()
    crossed = client.probe.arrivals["/encoder/embeddings/camera"]
    client.publish_image(
        photograph("coffee"),
        lambda: client.recognises("cup") and crossed and client.messages("embedding"),
        seconds=40,
    )
    _, embedding = crossed[-1]
    assert (embedding.sensor, embedding.modality) == ("camera", "image")
    assert embedding.header.frame_id == "eye"
    assert list(client.messages()[-1].sensors) == ["arm"]
    result = client.messages("embedding")[-1]
    assert result.model == embedding.model
    assert 0 < result.ages[0] < 0.5  # the age is the picture's, not the embedding's
    encoder.kill()
    assert client.probe.spin(lambda: client.sensor("arm").state == SensorStatus.ABSENT, 20)
    # What is left goes on; the last picture is evidence until it is max_age old, as any is.
    client.publish_text("there is a cat", lambda: list(client.messages()[-1].sensors) == ["speech"])


def test_the_encoder_comes_back(pair, start_node, tmp_path):
    client, encoder = pair()
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"), seconds=40)
    encoder.kill()
    assert client.probe.spin(lambda: client.sensor("arm").state == SensorStatus.ABSENT, 20)
    start_node("encoder_node", "--params-file", str(tmp_path / "encoder.yaml"))
    client.publish_image(
        photograph("coffee"), lambda: client.sensor("arm").state == SensorStatus.FRESH, seconds=40
    )


def test_embeddings_of_another_bundle_do_not_compare(pair, bundle_copy):
    manifest = bundle_copy / "bundle.yaml"
    manifest.write_text(manifest.read_text().replace("version: 0.1.0", "version: 0.0.9"))
    client, _ = pair(bundle_copy)
    client.publish_image(
        photograph("coffee"), lambda: client.diagnostic("does not compare"), seconds=40
    )
    # /diagnostics may be discovered before ~/sensors.
    assert client.probe.spin(lambda: client.sensor("arm").state == SensorStatus.FAULT, 20)


def test_a_wrong_modality_is_explained(pair):
    client, _ = pair(modality="thermal")
    client.publish_image(
        photograph("coffee"),
        lambda: client.diagnostic("came for a sensor of 'thermal'"),
        seconds=40,
    )


def test_an_embedding_of_sound_says_how_far_back_it_reaches(start_node, probe, tmp_path):
    ear = {"modality": "audio", "topic": "/ear"}
    start_node(
        "encoder_node", *parameters(tmp_path / "e.yaml", sensors=["ear"], sensor={"ear": ear})
    )
    probe.subscribe(Embedding, "/encoder/embeddings/ear")
    microphone = probe.node.create_publisher(Audio, "/ear", qos_profile_sensor_data)
    heard = probe.arrivals["/encoder/embeddings/ear"]
    rng = np.random.default_rng(0)
    begin = time.monotonic()
    sent = 0

    def longest():
        nonlocal sent
        if time.monotonic() < begin + 0.1 * sent:
            return False
        sent += 1
        message = Audio(sample_rate=16000, channels=1)
        message.header.stamp = probe.node.get_clock().now().to_msg()
        message.samples = array.array("h", rng.integers(-9000, 9000, 1600, np.int16).tobytes())
        microphone.publish(message)
        return max((embedding.window for _, embedding in heard), default=0.0) > 1.5

    assert probe.spin(longest, 40)
    windows = [embedding.window for _, embedding in heard]
    assert windows[0] < 1.0  # the first ones are of little sound
    assert max(windows) <= 2.1
