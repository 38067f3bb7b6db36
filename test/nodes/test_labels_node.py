"""Labels with synonyms and templates, misspelt ones, and what `unknown` has, over real DDS."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from perception_client import photograph

from omnibind_msgs.msg import Label
from omnibind_msgs.srv import SetLabels

SERVICE = "/perception/set_labels"


def set_labels(client, **request):
    return client.probe.call(SetLabels, SERVICE, SetLabels.Request(**request))


def first_label(client, picture):
    before = len(client.messages())
    client.publish_image(picture, lambda: len(client.messages()) >= before + 3)
    return client.messages()[-1].labels[0]


def test_misspelt_labels_are_set_and_named(start_perception):
    client = start_perception()
    answer = set_labels(client, labels=["cofee cupp", "espresso", "M8 screw"])
    assert answer.success
    assert answer.message.startswith("3 labels are in use; 'cofee' may be misspelt")
    assert "'coffee'" in answer.message
    assert "'cupp' may be misspelt" in answer.message
    assert "the nearest is 'cup'" in answer.message
    assert answer.message.count("misspelt") == 2
    assert "\n" not in answer.message
    assert first_label(client, photograph("coffee")) in ("cofee cupp", "espresso")
    many = set_labels(client, labels=[f"{word}e" for word in ("coffe", "hammer", "table")] * 2)
    assert many.success
    wrong = ["bottel", "tabel", "hammr", "chiar", "cofee", "screwdrvier", "spoooon", "knifee"]
    answer = set_labels(client, labels=wrong)
    assert answer.success
    assert answer.message.count("may be misspelt") == 5
    assert "more remarks of this kind" in answer.message


def test_synonyms_and_templates_come_with_a_call(start_perception):
    client = start_perception()
    synonyms = Label(name="item seven", synonyms=["cup of coffee", "coffee mug"])
    other = Label(name="item eight", synonyms=["tabby cat", "cat"])
    answer = set_labels(client, labels=["door"], labels_with_synonyms=[synonyms, other])
    assert (answer.success, answer.message) == (True, "3 labels are in use")
    assert first_label(client, photograph("coffee")) == "item seven"
    assert first_label(client, photograph("chelsea")) == "item eight"
    answer = set_labels(client, labels=["cup", "cat"], templates=["a photo of a {}", "the {}"])
    assert (answer.success, answer.message) == (True, "2 labels are in use")
    assert first_label(client, photograph("chelsea")) == "cat"
    for request, words in (
        ({"labels": ["cup"], "templates": ["a cup"]}, "lacks {}"),
        ({"labels_with_synonyms": [Label(name="cup", synonyms=[" "])]}, "is empty"),
        ({"labels_with_synonyms": [Label(synonyms=["cup"])]}, "is empty"),
        ({"templates": ["a {}"]}, "at least one label"),
    ):
        answer = set_labels(client, **request)
        assert not answer.success
        assert words in answer.message
    assert first_label(client, photograph("chelsea")) == "cat"
    answer = set_labels(
        client, labels=["glass"], labels_with_synonyms=[Label(name="cup", synonyms=["glass"])]
    )
    assert answer.success
    assert "equally similar" in answer.message


def test_a_file_of_labels(start_perception, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "labels:\n"
        "- {name: item seven, synonyms: [cup of coffee]}\n"
        "- {name: cat, synonyms: [kiten]}\n"
    )
    client = start_perception("-p", f"labels_file:={file}")
    assert first_label(client, photograph("coffee")) == "item seven"
    assert first_label(client, photograph("chelsea")) == "cat"
    assert "parameter labels_file: 'kiten' may be misspelt" in client.process.output()


def test_a_missing_file_of_labels_is_told(start_perception, tmp_path):
    client = start_perception("-p", f"labels_file:={tmp_path / 'none.yaml'}")
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    assert client.probe.spin(lambda: client.diagnostic("labels_file is not used"))
    assert "none.yaml cannot be read" in client.process.output()


def test_what_is_unknown_has_no_probable_label(start_perception):
    client = start_perception()
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"))
    cup = client.messages()[-1]
    assert cup.known
    assert cup.unknown < 0.05
    assert cup.probabilities[0] > 0.5
    assert sum(cup.probabilities) + cup.unknown <= 1 + 1e-5
    pictures = [np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)]
    pictures += [np.full((480, 640, 3), value, np.uint8) for value in (0, 128, 255)]
    for picture in pictures:
        # The belief is a mean over `memory` seconds: a few results still have the cup's share.
        client.publish_image(picture, lambda: not client.messages()[-1].known)
        last = client.messages()[-1]
        assert last.unknown >= 0.5
        assert max(last.probabilities) <= 0.5
    assert set_labels(client, labels=["helicopter"]).success
    first_label(client, photograph("coffee"))
    last = client.messages()[-1]  # one label alone would have all of a softmax
    assert last.probabilities[0] + last.unknown == pytest.approx(1, abs=1e-5)
    assert last.known == (last.unknown <= 0.5)
