"""A bundle that is replaced under a running node changes nothing until the node is configured."""

import shutil

import pytest
import yaml

pytest.importorskip("rclpy")

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from paths import ROOT
from perception_client import photograph

from omnibind_msgs.msg import SensorStatus
from omnibind_msgs.srv import Enroll, ListLabels, SetLabels, SetSensor

HOUSEHOLD, TEACHER = (ROOT / "models" / name for name in ("household", "teacher"))
AGAIN = (
    *(Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP),
    *(Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE),
)


def call(client, kind, service, **fields):
    return client.probe.call(kind, f"/perception/{service}", kind.Request(**fields))


def newer_bundle(out):
    """Make a bundle with another name, version and image encoder."""
    shutil.copytree(HOUSEHOLD, out)
    shutil.copyfile(TEACHER / "image.onnx", out / "image.onnx")
    data = yaml.safe_load((out / "bundle.yaml").read_text(encoding="utf-8"))
    theirs = yaml.safe_load((TEACHER / "bundle.yaml").read_text(encoding="utf-8"))
    data |= {"name": "newer", "version": "9.9.9"}
    data["encoders"]["image"] = theirs["encoders"]["image"]
    (out / "bundle.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")


def poison_renamed(folder):
    """Put a folder with other files of the same names in the place of a bundle, by a rename."""
    other = folder.with_name("other")
    other.mkdir()
    for path in folder.iterdir():
        (other / path.name).write_bytes(b"something else")
    folder.rename(folder.with_name("old"))
    other.rename(folder)
    shutil.rmtree(folder.with_name("old"))


def poison_written(folder):
    """Write something else into all files of a bundle."""
    for path in folder.iterdir():
        path.write_bytes(b"something else")


def enroll(client, label):
    """Enroll a label while a photograph is shown."""
    service = client.probe.node.create_client(Enroll, "/perception/enroll")
    assert client.probe.spin(service.service_is_ready)
    future = service.call_async(Enroll.Request(label=label, duration=2.0))
    client.publish_image(photograph("coffee"), future.done)
    client.probe.node.destroy_client(service)
    assert future.result().success, future.result().message


def enrolled(client):
    """Return the numbers of views that are used and not used, by label."""
    answer = call(client, ListLabels, "list_labels", enrolled_only=True)
    return {info.name: (info.views, info.unused_views) for info in answer.labels}


def models_of_new_results(client, count=5):
    """Return the bundles that the next results are of, and show that they recognise."""
    client.publish_image(photograph("coffee"), lambda: client.recognises("my mug"), 30.0)
    begin = len(client.messages("embedding"))
    client.publish_image(
        photograph("coffee"), lambda: len(client.messages("embedding")) >= begin + count, 30.0
    )
    assert client.recognises("my mug")
    return {message.model for message in client.messages("embedding")[begin:]}


@pytest.mark.parametrize("poison", [poison_renamed, poison_written])
def test_a_running_node_keeps_the_bundle_that_it_was_configured_with(
    start_perception, tmp_path, poison
):
    bundle = shutil.copytree(HOUSEHOLD, tmp_path / "bundle")
    client = start_perception("-p", f"bundle:={bundle}", "-p", f"enrolled:={tmp_path / 'kept'}")
    enroll(client, "my mug")
    (model,) = models_of_new_results(client)
    assert model.startswith("household@")
    poison(bundle)

    assert models_of_new_results(client) == {model}
    assert enrolled(client) == {"my mug": (1, 0)}
    # New texts are encoded by the text encoder of before.
    answer = call(client, SetLabels, "set_labels", labels=["sofa", "a tabby cat"])
    assert answer.success, answer.message
    client.publish_image(
        photograph("chelsea"), lambda: client.messages()[-1].labels[0] == "a tabby cat", 30.0
    )
    # A sensor that is added needs an encoder that was not loaded yet.
    answer = call(client, SetSensor, "set_sensor", name="pad", modality="touch")
    if poison is poison_renamed:
        assert answer.success, answer.message
        assert client.probe.spin(lambda: client.sensor("pad").state == SensorStatus.ABSENT)
    else:
        assert not answer.success
        assert "touch.onnx of bundle bundle was changed after it had been checked" in answer.message
        assert "configure the node again, or restore the file" in answer.message

    shutil.rmtree(bundle)
    newer_bundle(bundle)
    assert models_of_new_results(client) == {model}

    for transition in AGAIN:
        request = {"transition": Transition(id=transition)}
        assert call(client, ChangeState, "change_state", **request).success
    client.publish_image(
        photograph("coffee"), lambda: client.messages("embedding")[-1].model == "newer@9.9.9", 30.0
    )
    # What was enrolled is bound to the encoder that it was enrolled with.
    assert enrolled(client) == {"my mug": (0, 1)}
    assert "'my mug' by image with other encoders" in client.process.output()


def test_parameters_of_an_older_version_start_the_node_and_those_of_a_newer_one_are_told(
    start_perception, tmp_path
):
    old = ROOT / "test" / "fixtures" / "upgrades" / "perception_0_1.yaml"
    client = start_perception("--params-file", str(old))
    assert "parameter" not in "".join(
        line for line in client.process.output().splitlines() if "[WARN]" in line
    )
    assert client.process.stop() == 0
    client.probe.spin_for(1.0)
    newer = tmp_path / "newer.yaml"
    newer.write_text("/**:\n  ros__parameters:\n    top_k: 3\n    thinking_time: 5.0\n")
    client = start_perception("--params-file", str(newer))
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    assert len(client.messages()[-1].labels) == 3
    assert client.probe.spin(lambda: client.diagnostic("parameter thinking_time is not known"))
    assert "it is ignored" in client.diagnostic("parameter thinking_time is not known").message
