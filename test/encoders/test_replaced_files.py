"""A bundle that is replaced or written into after it was checked."""

import contextlib
import gc
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from fixture_bundle import copy_seven_bundle

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.checked_file import CheckedFile
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.fusion import make_fusion

PICTURE = np.random.default_rng(0).integers(0, 255, (2, 240, 320, 3), np.uint8).astype(np.float32)


@pytest.fixture
def bundle(tmp_path):
    """A bundle without links."""
    copy_seven_bundle(tmp_path / "linked")
    return shutil.copytree(tmp_path / "linked", tmp_path / "bundle")


def poison(folder):
    """Write something else into all of a bundle's files, or into new ones of these names."""
    for path in folder.iterdir():
        path.write_bytes(b"something else")


def replace(folder):
    """Put another bundle in the place of a bundle, as `atomic_folder` does."""
    other = shutil.copytree(folder, folder.with_name("other"))
    poison(other)
    folder.rename(folder.with_name("old"))
    other.rename(folder)
    shutil.rmtree(folder.with_name("old"))


def embeddings(bundle):
    text = bundle.encoder("text").encode("a cup").values
    return np.stack([text, bundle.encoder("touch").encode(PICTURE[0]).values])


def test_encoders_are_those_of_the_bundle_that_was_checked(bundle):
    wanted = embeddings(Bundle.load(bundle))
    checked = Bundle.load(bundle)
    replace(bundle)
    np.testing.assert_array_equal(embeddings(checked), wanted)
    assert make_fusion("adaptive", checked)[1] == ""
    with pytest.raises(BundleError):  # the new one is read by those who load it now
        Bundle.load(bundle)


def test_a_folder_that_is_gone_changes_nothing(bundle):
    wanted = embeddings(Bundle.load(bundle))
    checked = Bundle.load(bundle)
    shutil.rmtree(bundle)
    np.testing.assert_array_equal(embeddings(checked), wanted)


def test_a_file_that_is_written_into_is_not_used(bundle):
    checked = Bundle.load(bundle)
    loaded = checked.encoder("touch")
    before = loaded.encode(PICTURE[0]).values
    poison(bundle)
    np.testing.assert_array_equal(checked.encoder("touch").encode(PICTURE[0]).values, before)
    for modality, file in (("thermal", "thermal.onnx"), ("text", "text.onnx")):
        with pytest.raises(BundleError) as caught:
            checked.encoder(modality)
        assert str(caught.value) == (
            f"{file} of bundle bundle was changed after it had been checked (its content is "
            "another one); configure the node again, or restore the file"
        )
    assert "fusion.onnx of bundle bundle was changed" in make_fusion("adaptive", checked)[1]


def test_a_tokenizer_that_is_written_into_is_not_used(bundle):
    checked = Bundle.load(bundle)
    (bundle / "tokenizer.json").write_text("{}")
    with pytest.raises(BundleError, match=r"tokenizer\.json of bundle bundle was changed"):
        checked.encoder("text")


def test_the_same_content_written_again_is_the_same(bundle):
    checked = Bundle.load(bundle)
    path = bundle / "touch.onnx"
    path.write_bytes(path.read_bytes())
    os.utime(path, (1, 1))
    assert checked.encoder("touch")


def test_a_model_that_is_as_the_manifest_says_no_more_is_named(bundle, monkeypatch):
    # Errors name the file, not the number of the open one.
    checked = Bundle.load(bundle)
    replace(bundle)
    monkeypatch.setattr(CheckedFile, "unchanged", lambda _: True)
    spec = checked.manifest.encoders["touch"]
    spec.outputs[0].__dict__["dtype"] = "int8"
    with pytest.raises(BundleError, match=r"^touch\.onnx has the outputs"):
        checked.encoder("touch")


def open_files(folder):
    """Return how many files of a folder this process has open; threads may have others."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # it was closed meanwhile
            found += link.readlink().is_relative_to(folder)
    return found


def test_files_are_closed_with_the_bundle(bundle):
    folder = bundle.resolve()
    assert open_files(folder) == 0
    checked = Bundle.load(bundle)
    assert open_files(folder) > 0
    del checked
    gc.collect()
    assert open_files(folder) == 0
