"""The perception node over real DDS: this process knows only the message definitions."""

import numpy as np
import pytest
import yaml

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticStatus
from perception_client import LATCHED, photograph
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

from omnibind_msgs.msg import SensorStatus
from omnibind_msgs.srv import EmbedText, Enroll, SetLabels


def test_photographs_become_labels_embeddings_and_pictures(start_perception):
    client = start_perception()
    client.probe.subscribe(MarkerArray, "/perception/markers")
    client.probe.subscribe(Image, "/perception/overlay")
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    client.publish_image(photograph("chelsea"), lambda: client.recognises("cat"))
    last = client.messages()[-1]
    assert last.header.frame_id == "eye"
    assert list(last.sensors) == ["camera"]
    assert last.weights[0] == pytest.approx(1)
    assert len(last.labels) == len(last.probabilities) == 5
    assert sorted(last.probabilities, reverse=True) == list(last.probabilities)
    embedding = client.messages("embedding")[-1]
    assert len(embedding.values) == 384
    assert np.linalg.norm(embedding.values) == pytest.approx(1, abs=1e-4)
    assert list(embedding.modalities) == ["image"]
    assert 0 <= embedding.ages[0] < 0.5
    client.publish_image(photograph("chelsea"), lambda: client.messages("overlay"))
    client.publish_image(
        photograph("chelsea"), lambda: "cat" in client.messages("markers")[-1].markers[0].text
    )
    overlay = client.messages("overlay")[-1]
    assert (overlay.width, overlay.height, overlay.encoding) == (640, 480, "rgb8")


def test_noise_and_darkness_are_unknown(start_perception):
    client = start_perception()
    rng = np.random.default_rng(0)
    for rgb in (rng.integers(0, 256, (480, 640, 3), np.uint8), np.zeros((480, 640, 3), np.uint8)):
        before = len(client.messages())
        client.publish_image(rgb, lambda before=before: len(client.messages()) >= before + 5)
        assert not client.messages()[-1].known


def test_a_sentence_is_evidence(start_perception):
    client = start_perception()
    client.publish_text("there is a cat", lambda: client.recognises("cat"))
    assert list(client.messages()[-1].sensors) == ["speech"]
    client.publish_image(
        photograph("chelsea"),
        lambda: len(client.messages()) and len(client.messages()[-1].sensors) == 2,
    )
    assert sum(client.messages()[-1].weights) == pytest.approx(1, abs=1e-5)


def test_unplugging_and_plugging_in_again(start_perception):
    client = start_perception()
    assert client.probe.spin(lambda: client.sensor("camera").state == SensorStatus.STALE)
    client.publish_image(
        photograph("rocket", "jpg"), lambda: client.sensor("camera").state == SensorStatus.FRESH
    )
    assert client.probe.spin(lambda: client.sensor("camera").state == SensorStatus.STALE, 2.0)
    client.probe.node.destroy_publisher(client.camera)
    assert client.probe.spin(lambda: client.sensor("camera").state == SensorStatus.ABSENT, 5.0)
    before = len(client.messages())
    client.publish_text(
        "a cup of coffee", lambda: len(client.messages()) > before
    )  # results go on with what is left
    client.camera = client.probe.node.create_publisher(Image, "image", qos_profile_sensor_data)
    client.publish_image(
        photograph("rocket", "jpg"), lambda: client.sensor("camera").state == SensorStatus.FRESH
    )


def test_publishers_are_found_by_polling_too(start_perception):
    client = start_perception("-p", "matched_events:=false")
    assert client.probe.spin(lambda: client.sensor("camera").state == SensorStatus.STALE)
    client.probe.node.destroy_publisher(client.camera)
    assert client.probe.spin(lambda: client.sensor("camera").state == SensorStatus.ABSENT, 5.0)
    client.camera = client.probe.node.create_publisher(Image, "image", qos_profile_sensor_data)
    assert client.probe.spin(lambda: client.sensor("camera").state == SensorStatus.STALE, 5.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"encoding": "jpeg2000"}, "'jpeg2000' is not supported"),
        ({"height": 4000}, "height x step"),
        ({"width": 0, "height": 0}, "0 x 0 pixels"),
        ({"step": 17}, "step is 17"),
    ],
)
def test_bad_pictures_are_counted_and_explained(start_perception, changes, words):
    client = start_perception()
    rgb = photograph("coffee")
    client.publish_image(rgb, lambda: client.diagnostic(words), **changes)
    assert client.diagnostic(words).level == DiagnosticStatus.ERROR
    client.publish_image(
        rgb, lambda: client.sensor("camera").state == SensorStatus.FAULT, **changes
    )
    assert client.sensor("camera").rejected > 0
    assert words in client.process.output()
    assert client.process.output().count(words) < 5  # throttled
    client.publish_text("there is a cat", lambda: client.recognises("cat"))  # the others go on
    client.publish_image(
        rgb, lambda: client.recognises("cup")
    )  # and so does the camera, once it is right
    assert client.sensor("camera").reason == "" or client.probe.spin(
        lambda: not client.sensor("camera").reason
    )


@pytest.mark.parametrize(("text", "words"), [("", "the text is empty"), ("cat " * 1250, "5000")])
def test_bad_texts_are_counted_and_explained(start_perception, text, words):
    client = start_perception()
    client.publish_text(text, lambda: client.diagnostic(words))
    assert client.probe.spin(lambda: client.sensor("speech").rejected >= 1)
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))


def test_labels_are_open(start_perception):
    client = start_perception()
    call = client.probe.call
    answer = call(
        SetLabels, "/perception/set_labels", SetLabels.Request(labels=["hot drink", "animal"])
    )
    assert answer.success, answer.message
    client.publish_image(
        photograph("chelsea"),
        lambda: client.messages() and client.messages()[-1].labels[0] == "animal",
    )
    client.publish_image(
        photograph("coffee"), lambda: client.messages()[-1].labels[0] == "hot drink"
    )
    for labels, words in (
        ([], "at least one"),
        (["cat", " "], "empty"),
        (["cat", "\u200d\x00"], "shows nothing"),
        (["x" * 5000], "characters"),
        ([f"thing {i}" for i in range(30_000)], "20000"),
    ):
        answer = call(SetLabels, "/perception/set_labels", SetLabels.Request(labels=labels))
        assert not answer.success
        assert words in answer.message
    before = len(client.messages())
    client.publish_image(photograph("coffee"), lambda: len(client.messages()) > before)
    assert client.messages()[-1].labels[0] == "hot drink"
    same = ["Hot drink", "animal", "hot\tdrink", "ANIMAL "]
    answer = call(SetLabels, "/perception/set_labels", SetLabels.Request(labels=same))
    assert answer.success
    assert answer.message.startswith("2 labels are in use; 'hot")
    assert "'ANIMAL ' is the same label as 'animal'" in answer.message


def test_ten_thousand_labels_while_perception_goes_on(start_perception):
    client = start_perception()
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    labels = ["a cat", *(f"part number {i}" for i in range(9_999))]
    service = client.probe.node.create_client(SetLabels, "/perception/set_labels")
    assert client.probe.spin(service.service_is_ready)
    future = service.call_async(SetLabels.Request(labels=labels))
    before = len(client.messages())
    client.publish_image(photograph("chelsea"), future.done, seconds=240)
    assert future.result().success
    assert len(client.messages()) > before
    client.publish_image(photograph("chelsea"), lambda: client.recognises("a cat"))


def test_texts_are_embedded(start_perception):
    client = start_perception()
    request = EmbedText.Request(texts=["a photo of a cat", "a kitten", "a motor lorry"])
    answer = client.probe.call(EmbedText, "/perception/embed_text", request)
    assert answer.success, answer.message
    cat, kitten, lorry = (np.array(e.values) for e in answer.embeddings)
    assert np.linalg.norm(cat) == pytest.approx(1, abs=1e-4)
    assert cat @ kitten > cat @ lorry
    for texts, words in (([], "no text"), ([""], "empty"), (["y" * 5000], "5000 characters")):
        answer = client.probe.call(
            EmbedText, "/perception/embed_text", EmbedText.Request(texts=texts)
        )
        assert not answer.success
        assert words in answer.message


def test_an_enrolment_under_way_does_not_keep_the_node_from_ending(start_perception):
    client = start_perception()
    service = client.probe.node.create_client(Enroll, "/perception/enroll")
    assert client.probe.spin(service.service_is_ready)
    service.call_async(Enroll.Request(label="my mug", duration=60.0))
    client.probe.spin_for(0.5)
    assert client.process.stop() == 0
    client.probe.node.destroy_client(service)


def test_a_thing_is_enrolled(start_perception):
    client = start_perception()
    enroll = "/perception/enroll"
    answer = client.probe.call(Enroll, enroll, Enroll.Request(label="my mug", duration=0.3))
    assert not answer.success  # no sensor shows anything
    service = client.probe.node.create_client(Enroll, enroll)
    assert client.probe.spin(service.service_is_ready)
    future = service.call_async(Enroll.Request(label="my mug", duration=0.5))
    client.publish_image(photograph("coffee"), future.done)
    assert future.result().success, future.result().message
    client.publish_image(photograph("coffee"), lambda: client.recognises("my mug"))


def test_bad_parameters_are_explained_and_everything_goes_on(start_perception, tmp_path):
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
    client = start_perception("--params-file", str(file))
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    assert client.probe.spin(lambda: client.diagnostic("top_k"))
    said = client.process.output() + client.diagnostic("top_k").message
    for words in (
        "parameter fusion is 'magic', but must be one of",
        "parameter top_k cannot be used",
        "did you mean sensor.camera.max_age?",
        "sensor.camera.depth",
        "must be one of: empty, image, text",
    ):
        assert words in said, words
    assert client.sensor("nose").state == SensorStatus.FAULT


def test_live_parameters(start_perception):
    client = start_perception()
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))

    def change(name, value):
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
        )
        return client.probe.call(SetParameters, "/perception/set_parameters", request).results[0]

    assert change("top_k", 2).successful
    client.publish_image(photograph("coffee"), lambda: len(client.messages()[-1].labels) == 2)
    assert change("sensor.camera.max_age", 0.2).successful
    for name, value in (("top_k", -3), ("top_k", "two"), ("sensor.camera.max_age", -1.0)):
        answer = change(name, value)
        assert not answer.successful
        assert "must be" in answer.reason or "out of range" in answer.reason
    got = client.probe.call(
        GetParameters, "/perception/get_parameters", GetParameters.Request(names=["top_k"])
    )
    assert got.values[0].integer_value == 2


def test_a_missing_encoder_stops_only_its_sensors(start_perception, bundle_copy):
    (bundle_copy / "image.onnx").unlink()
    client = start_perception("-p", f"bundle:={bundle_copy}")
    client.publish_text("there is a cat", lambda: client.recognises("cat"))
    rgb = photograph("coffee")
    client.publish_image(rgb, lambda: client.sensor("camera").rejected > 0)
    assert client.sensor("camera").state == SensorStatus.FAULT
    assert "image.onnx" in client.sensor("camera").reason
    assert client.probe.spin(lambda: client.diagnostic("image.onnx"))
    assert "image.onnx" in client.process.output()


def test_a_changed_file_is_not_loaded(start_perception, bundle_copy):
    with (bundle_copy / "text.onnx").open("ab") as file:
        file.write(b"x")
    client = start_perception("-p", f"bundle:={bundle_copy}")
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    assert client.probe.spin(lambda: client.diagnostic("text.onnx")), client.process.output()
    answer = client.probe.call(SetLabels, "/perception/set_labels", SetLabels.Request(labels=["a"]))
    assert not answer.success
    assert "text.onnx" in answer.message


def test_a_missing_bundle_leaves_a_node_that_says_so(start_perception):
    client = start_perception("-p", "bundle:=nowhere", ready=False)
    assert client.probe.spin(lambda: client.diagnostic("nowhere"), 30), client.process.output()
    assert client.process.alive()
    assert "nowhere" in client.process.output()


def test_camera_node_and_perception_in_processes_of_their_own(start_perception, start_node):
    client = start_perception(ready=False)
    client.probe.subscribe(String, "subject", LATCHED)
    start_node("picture_camera_node", "-p", "dwell:=2.0")
    assert client.probe.spin(lambda: client.recognises("cat") or client.recognises("cup"), 40), (
        client.process.output()
    )


def test_interrupt_ends_the_node_cleanly(start_perception):
    client = start_perception()
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    assert client.process.stop() == 0
    assert "Traceback" not in client.process.output()
