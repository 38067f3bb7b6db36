"""A node with the bundle of an imported teacher names pictures, takes labels and learns some."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from tiny_teachers import import_tiny, pictures

from omnibind_msgs.srv import EmbedText, Enroll, SetLabels

LABELS = ["chair", "table", "red lamp", "cat", "bottle of shells"]


def best_label(teacher, picture, labels):
    """Return what the library itself would call a picture, with the bundle's templates."""
    from omnibind_ros.export.teacher_import.written_labels import (  # noqa: PLC0415 - see import_tiny
        TEMPLATES,
    )

    sentences = [[each.replace("{}", label) for label in labels] for each in TEMPLATES]
    total = sum(teacher.pair.embed_texts(each) for each in sentences)
    total /= np.linalg.norm(total, axis=1, keepdims=True)
    return labels[int(np.argmax(total @ teacher.pair.embed_images([picture])[0]))]


@pytest.mark.parametrize("kind", ["clip", "siglip", "siglip2", "open_clip"])
def test_it_names_pictures_as_the_library_does_and_learns_labels(kind, start_perception, tmp_path):
    teacher = import_tiny(kind, tmp_path)
    client = start_perception("-p", f"bundle:={teacher.bundle}")
    answer = client.probe.call(
        SetLabels, "/perception/set_labels", SetLabels.Request(labels=LABELS)
    )
    assert answer.success, answer.message
    text = client.probe.call(
        EmbedText, "/perception/embed_text", EmbedText.Request(texts=["a photo of a chair"])
    )
    assert text.success, text.message
    wanted = teacher.pair.embed_texts(["a photo of a chair"])[0]
    assert np.asarray(text.embeddings[0].values) @ wanted > 1 - 1e-3
    for picture in pictures(3, 240, 320):
        named = best_label(teacher, picture, LABELS)
        before = len(client.messages())
        client.publish_image(
            picture,
            lambda named=named, before=before: (
                len(client.messages()) > before and client.messages()[-1].labels[0] == named
            ),
        )
    service = client.probe.node.create_client(Enroll, "/perception/enroll")
    assert client.probe.spin(service.service_is_ready)
    future = service.call_async(Enroll.Request(label="my thing", duration=1.5))
    client.publish_image(picture, future.done)
    assert future.result().success, future.result().message
    client.publish_image(picture, lambda: client.messages()[-1].labels[0] == "my thing")
    client.probe.node.destroy_client(service)
    embedding = client.messages("embedding")[-1]
    assert len(embedding.values) == len(wanted)
