"""The perception node over real DDS: this process knows only the message definitions."""

import array
import time

import cv2
import numpy as np
import pytest
import yaml

pytest.importorskip("rclpy")

from desk import LATCHED, photograph
from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

from omnibind_msgs.msg import SensorStatus
from omnibind_msgs.srv import EmbedText, Enroll, SetLabels


def test_photographs_become_labels_embeddings_and_pictures(desk):
    d = desk()
    d.probe.listen(MarkerArray, "/perception/markers")
    d.probe.listen(Image, "/perception/overlay")
    d.show(photograph("coffee"), lambda: d.recognises("cup"))
    d.show(photograph("chelsea"), lambda: d.recognises("cat"))
    last = d.got()[-1]
    assert last.header.frame_id == "eye"
    assert list(last.sensors) == ["camera"]
    assert last.weights[0] == pytest.approx(1)
    assert len(last.labels) == len(last.probabilities) == 5
    assert sorted(last.probabilities, reverse=True) == list(last.probabilities)
    embedding = d.got("embedding")[-1]
    assert len(embedding.values) == 384
    assert np.linalg.norm(embedding.values) == pytest.approx(1, abs=1e-4)
    assert list(embedding.modalities) == ["image"]
    assert 0 <= embedding.ages[0] < 0.5
    d.show(photograph("chelsea"), lambda: d.got("overlay"))
    d.show(photograph("chelsea"), lambda: "cat" in d.got("markers")[-1].markers[0].text)
    overlay = d.got("overlay")[-1]
    assert (overlay.width, overlay.height, overlay.encoding) == (640, 480, "rgb8")


def test_noise_and_darkness_are_unknown(desk):
    d = desk()
    rng = np.random.default_rng(0)
    for rgb in (rng.integers(0, 256, (480, 640, 3), np.uint8), np.zeros((480, 640, 3), np.uint8)):
        before = len(d.got())
        d.show(rgb, lambda before=before: len(d.got()) >= before + 5)
        assert not d.got()[-1].known


def test_a_sentence_is_evidence(desk):
    d = desk()
    d.say("there is a cat", lambda: d.recognises("cat"))
    assert list(d.got()[-1].sensors) == ["speech"]
    d.show(photograph("chelsea"), lambda: len(d.got()) and len(d.got()[-1].sensors) == 2)
    assert sum(d.got()[-1].weights) == pytest.approx(1, abs=1e-5)


def test_unplugging_and_plugging_in_again(desk):
    d = desk()
    assert d.probe.spin(lambda: d.sensor("camera").state == SensorStatus.STALE)
    d.show(photograph("rocket", "jpg"), lambda: d.sensor("camera").state == SensorStatus.FRESH)
    assert d.probe.spin(lambda: d.sensor("camera").state == SensorStatus.STALE, 2.0)
    d.probe.node.destroy_publisher(d.camera)
    assert d.probe.spin(lambda: d.sensor("camera").state == SensorStatus.ABSENT, 5.0)
    before = len(d.got())
    d.say("a cup of coffee", lambda: len(d.got()) > before)  # results go on with what is left
    d.camera = d.probe.node.create_publisher(Image, "image", qos_profile_sensor_data)
    d.show(photograph("rocket", "jpg"), lambda: d.sensor("camera").state == SensorStatus.FRESH)


def test_publishers_are_found_by_polling_too(desk):
    d = desk("-p", "matched_events:=false")
    assert d.probe.spin(lambda: d.sensor("camera").state == SensorStatus.STALE)
    d.probe.node.destroy_publisher(d.camera)
    assert d.probe.spin(lambda: d.sensor("camera").state == SensorStatus.ABSENT, 5.0)
    d.camera = d.probe.node.create_publisher(Image, "image", qos_profile_sensor_data)
    assert d.probe.spin(lambda: d.sensor("camera").state == SensorStatus.STALE, 5.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"encoding": "jpeg2000"}, "'jpeg2000' is not supported"),
        ({"height": 4000}, "height x step"),
        ({"width": 0, "height": 0}, "0 x 0 pixels"),
        ({"step": 17}, "step is 17"),
    ],
)
def test_bad_pictures_are_counted_and_explained(desk, changes, words):
    d = desk()
    rgb = photograph("coffee")
    d.show(rgb, lambda: d.diagnosed(words), **changes)
    assert d.diagnosed(words).level == DiagnosticStatus.ERROR
    d.show(rgb, lambda: d.sensor("camera").state == SensorStatus.FAULT, **changes)
    assert d.sensor("camera").rejected > 0
    assert words in d.process.output()
    assert d.process.output().count(words) < 5  # throttled
    d.say("there is a cat", lambda: d.recognises("cat"))  # the others go on
    d.show(rgb, lambda: d.recognises("cup"))  # and so does the camera, once it is right
    assert d.sensor("camera").reason == "" or d.probe.spin(lambda: not d.sensor("camera").reason)


@pytest.mark.parametrize(("text", "words"), [("", "the text is empty"), ("cat " * 1250, "5000")])
def test_bad_texts_are_counted_and_explained(desk, text, words):
    d = desk()
    d.say(text, lambda: d.diagnosed(words))
    assert d.probe.spin(lambda: d.sensor("speech").rejected >= 1)
    d.show(photograph("coffee"), lambda: d.recognises("cup"))


def test_labels_are_open(desk):
    d = desk()
    call = d.probe.call
    answer = call(
        SetLabels, "/perception/set_labels", SetLabels.Request(labels=["hot drink", "animal"])
    )
    assert answer.success, answer.message
    d.show(photograph("chelsea"), lambda: d.got() and d.got()[-1].labels[0] == "animal")
    d.show(photograph("coffee"), lambda: d.got()[-1].labels[0] == "hot drink")
    for labels, words in (
        ([], "at least one"),
        (["cat", " "], "empty"),
        (["x" * 5000], "characters"),
        ([f"thing {i}" for i in range(30_000)], "20000"),
    ):
        answer = call(SetLabels, "/perception/set_labels", SetLabels.Request(labels=labels))
        assert not answer.success
        assert words in answer.message
    before = len(d.got())
    d.show(photograph("coffee"), lambda: len(d.got()) > before)
    assert d.got()[-1].labels[0] == "hot drink"


def test_ten_thousand_labels_while_perception_goes_on(desk):
    d = desk()
    d.show(photograph("coffee"), lambda: d.recognises("cup"))
    labels = ["a cat", *(f"part number {i}" for i in range(9_999))]
    client = d.probe.node.create_client(SetLabels, "/perception/set_labels")
    assert d.probe.spin(client.service_is_ready)
    future = client.call_async(SetLabels.Request(labels=labels))
    before = len(d.got())
    d.show(photograph("chelsea"), future.done, seconds=120)
    assert future.result().success
    assert len(d.got()) > before
    d.show(photograph("chelsea"), lambda: d.recognises("a cat"))


def test_texts_are_embedded(desk):
    d = desk()
    request = EmbedText.Request(texts=["a photo of a cat", "a kitten", "a motor lorry"])
    answer = d.probe.call(EmbedText, "/perception/embed_text", request)
    assert answer.success, answer.message
    cat, kitten, lorry = (np.array(e.values) for e in answer.embeddings)
    assert np.linalg.norm(cat) == pytest.approx(1, abs=1e-4)
    assert cat @ kitten > cat @ lorry
    for texts, words in (([], "no text"), ([""], "empty"), (["y" * 5000], "5000 characters")):
        answer = d.probe.call(EmbedText, "/perception/embed_text", EmbedText.Request(texts=texts))
        assert not answer.success
        assert words in answer.message


def test_an_enrolment_under_way_does_not_keep_the_node_from_ending(desk):
    d = desk()
    client = d.probe.node.create_client(Enroll, "/perception/enroll")
    assert d.probe.spin(client.service_is_ready)
    client.call_async(Enroll.Request(label="my mug", duration=60.0))
    d.probe.spin_for(0.5)
    assert d.process.stop() == 0
    d.probe.node.destroy_client(client)


def test_a_thing_is_enrolled(desk):
    d = desk()
    enroll = "/perception/enroll"
    answer = d.probe.call(Enroll, enroll, Enroll.Request(label="my mug", duration=0.3))
    assert not answer.success  # no sensor shows anything
    client = d.probe.node.create_client(Enroll, enroll)
    assert d.probe.spin(client.service_is_ready)
    future = client.call_async(Enroll.Request(label="my mug", duration=0.5))
    d.show(photograph("coffee"), future.done)
    assert future.result().success, future.result().message
    d.show(photograph("coffee"), lambda: d.recognises("my mug"))


def test_compressed_pictures(desk):
    d = desk(
        "-p", "sensor.camera.type:=sensor_msgs/msg/CompressedImage",
        "-p", "sensor.camera.topic:=image/compressed", ready=False,
    )  # fmt: skip
    publisher = d.probe.node.create_publisher(CompressedImage, "image/compressed", 1)
    assert d.probe.spin(lambda: publisher.get_subscription_count() > 0), d.process.output()
    good = cv2.imencode(".jpg", photograph("coffee")[..., ::-1])[1].tobytes()
    for data, done in (
        (good[:300], lambda: d.diagnosed("do not decode")),
        (b"no picture", lambda: d.diagnosed("neither JPEG nor PNG")),
        (good, lambda: d.recognises("cup")),
    ):
        deadline = time.monotonic() + 15
        while not done():
            assert time.monotonic() < deadline, d.process.output()
            msg = CompressedImage(format="jpeg", data=array.array("B", data))
            msg.header.stamp = d.now()
            publisher.publish(msg)
            d.probe.spin(done, 0.1)
    d.probe.node.destroy_publisher(publisher)


def test_bad_parameters_are_explained_and_everything_goes_on(desk, tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "/**": {
                    "ros__parameters": {
                        "fusion": "magic",
                        "top_k": 0,
                        "sensors": ["camera", "speech", "nose"],
                        "sensor": {
                            "camera": {"max_age": "long", "max_agee": 3.0, "depth": 1.5},
                            "nose": {"modality": "smell", "topic": "smell"},
                        },
                    }
                }
            }
        )
    )
    d = desk("--params-file", str(file))
    d.show(photograph("coffee"), lambda: d.recognises("cup"))
    assert d.probe.spin(lambda: d.diagnosed("top_k"))
    said = d.process.output() + d.diagnosed("top_k").message
    for words in (
        "parameter fusion is 'magic', but must be one of",
        "parameter top_k cannot be used",
        "did you mean sensor.camera.max_age?",
        "sensor.camera.depth",
        "must be one of: empty, image, text",
    ):
        assert words in said, words
    assert d.sensor("nose").state == SensorStatus.FAULT


def test_live_parameters(desk):
    d = desk()
    d.show(photograph("coffee"), lambda: d.recognises("cup"))

    def change(name, value):
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
        )
        return d.probe.call(SetParameters, "/perception/set_parameters", request).results[0]

    assert change("top_k", 2).successful
    d.show(photograph("coffee"), lambda: len(d.got()[-1].labels) == 2)
    assert change("sensor.camera.max_age", 0.2).successful
    for name, value in (("top_k", -3), ("top_k", "two"), ("sensor.camera.max_age", -1.0)):
        answer = change(name, value)
        assert not answer.successful
        assert "must be" in answer.reason or "out of range" in answer.reason
    got = d.probe.call(
        GetParameters, "/perception/get_parameters", GetParameters.Request(names=["top_k"])
    )
    assert got.values[0].integer_value == 2


def test_a_missing_encoder_stops_only_its_sensors(desk, bundle_copy):
    (bundle_copy / "image.onnx").unlink()
    d = desk("-p", f"bundle:={bundle_copy}")
    d.say("there is a cat", lambda: d.recognises("cat"))
    rgb = photograph("coffee")
    d.show(rgb, lambda: d.sensor("camera").rejected > 0)
    assert d.sensor("camera").state == SensorStatus.FAULT
    assert "image.onnx" in d.sensor("camera").reason
    assert d.probe.spin(lambda: d.diagnosed("image.onnx"))
    assert "image.onnx" in d.process.output()


def test_a_changed_file_is_not_loaded(desk, bundle_copy):
    with (bundle_copy / "text.onnx").open("ab") as file:
        file.write(b"x")
    d = desk("-p", f"bundle:={bundle_copy}")
    d.show(photograph("coffee"), lambda: d.recognises("cup"))
    assert d.probe.spin(lambda: d.diagnosed("text.onnx")), d.process.output()
    answer = d.probe.call(SetLabels, "/perception/set_labels", SetLabels.Request(labels=["a"]))
    assert not answer.success
    assert "text.onnx" in answer.message


def test_a_missing_bundle_leaves_a_node_that_says_so(desk):
    d = desk("-p", "bundle:=nowhere", ready=False)
    assert d.probe.spin(lambda: d.diagnosed("nowhere"), 30), d.process.output()
    assert d.process.alive()
    assert "nowhere" in d.process.output()


def test_camera_node_and_perception_in_processes_of_their_own(desk, start_node):
    d = desk(ready=False)
    d.probe.listen(String, "subject", LATCHED)
    start_node("picture_camera_node", "-p", "dwell:=2.0")
    assert d.probe.spin(lambda: d.recognises("cat") or d.recognises("cup"), 40), d.process.output()


def test_interrupt_ends_the_node_cleanly(desk):
    d = desk()
    d.show(photograph("coffee"), lambda: d.recognises("cup"))
    assert d.process.stop() == 0
    assert "Traceback" not in d.process.output()
