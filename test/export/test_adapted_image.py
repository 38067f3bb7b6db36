"""The adapted image encoder runs on the robot as stage zero left it."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from omnibind_ros.encoders.bundle import Bundle, file_sha256  # noqa: E402
from omnibind_ros.encoders.manifest_writing import write_manifest  # noqa: E402
from omnibind_ros.export.adapted_image import (  # noqa: E402
    features_output,
    load_projection,
    write_adapted_image,
)
from omnibind_ros.learning import checkpoints  # noqa: E402
from omnibind_ros.learning.teachers.loading import load_teacher  # noqa: E402
from omnibind_ros.learning.teachers.projection import Projection  # noqa: E402

PICTURE = np.kron(
    np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8), np.ones((9, 9, 1), np.uint8)
)


def projection(strength):
    generator = torch.Generator().manual_seed(0)
    made = Projection(1280, 384)
    made.mean.copy_(torch.rand(1280, generator=generator))
    made.scale.fill_(7.0)
    with torch.no_grad():
        made.weight.copy_(strength * torch.randn(1280, 384, generator=generator))
        made.bias.copy_(strength * torch.randn(384, generator=generator))
    return made


def halfway(projection):
    """Return the projection whose step is half as long."""
    half = Projection(*projection.weight.shape)
    half.load_state_dict(projection.state_dict())
    with torch.no_grad():
        half.weight.mul_(0.5)
        half.bias.mul_(0.5)
    return half


@pytest.mark.parametrize(("strength", "share"), [(0.0, 1.0), (0.02, 1.0), (0.02, 0.5), (0.02, 0.0)])
def test_the_network_gives_what_the_projection_gives(
    bundle_dir, bundle_copy, tmp_path, strength, share
):
    encoded = load_teacher(str(bundle_dir)).embed_images([PICTURE])
    file = tmp_path / "teacher.pt"
    checkpoints.save(file, {"key": "", "state": projection(strength).state_dict()})
    loaded = load_projection(file)
    with torch.no_grad():
        whole, half = (
            each(torch.from_numpy(encoded.values), torch.from_numpy(encoded.features))[0].numpy()
            for each in (loaded, halfway(loaded))
        )
    wanted = {1.0: whole, 0.5: half, 0.0: encoded.values[0]}[share]

    write_adapted_image(Bundle.load(bundle_dir), loaded, bundle_copy / "image.onnx", share)
    manifest = Bundle.load(bundle_dir).manifest
    before = manifest.encoders["image"]
    changed = replace(
        before,
        sha256=file_sha256(bundle_copy / "image.onnx"),
        outputs=(*before.outputs, features_output(loaded)),
    )
    encoders = {**manifest.encoders, "image": changed}
    write_manifest(bundle_copy, replace(manifest, encoders=encoders), "a test")
    bundle = Bundle.load(bundle_copy)
    assert bundle.problems == {}
    encoding = bundle.encoder("image").encode(PICTURE)
    assert np.allclose(encoding.values, wanted, atol=1e-5)
    assert encoding.quality == pytest.approx(float(encoded.quality[0]), abs=1e-5)
    moved = 1 - float(encoding.values @ encoded.values[0])
    assert (moved > 1e-3) == (strength * share > 0)
    assert np.allclose(encoding.features, encoded.features[0], atol=1e-5)
    # The teacher's features and its classes are still there for the next run.
    again = load_teacher(str(bundle_copy)).embed_images([PICTURE])
    assert np.allclose(again.features, encoded.features, atol=1e-5)
