"""Manifests, labels, parameter files and options: read, or refused in one sentence."""

import time

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mutations import NESTED, damaged, documents
from paths import ROOT

from omnibind_ros.datasets.readers.bags.labels import read_bag_labels
from omnibind_ros.datasets.readers.base import ReaderError
from omnibind_ros.encoders.bundle import Bundle, BundleError
from omnibind_ros.encoders.manifest import read_manifest
from omnibind_ros.files.errors import FileError
from omnibind_ros.files.folder_options import read_folder_options
from omnibind_ros.recognition.labels import LabelError, read_labels
from omnibind_ros.runtime.launch_plan import LaunchError, overrides, parameters_of

HOUSEHOLD = ROOT / "models" / "household"
fuzz = settings(settings.get_profile("fuzz"))

LIMIT = 5.0
"""Seconds of processor time that reading may take."""

MANIFEST = yaml.safe_load((HOUSEHOLD / "bundle.yaml").read_text())
LABELS = {
    "templates": ["a {}", "a photo of a {}"],
    "labels": [{"name": "cup", "synonyms": ["mug"]}, {"name": "cat"}],
    "groups": [{"name": "thing", "contains": ["cup", "cat"]}],
}
BAG = {
    "topics": {"image": "/eye", "thermal": {"topic": "/heat", "unit": "kelvin"}},
    "labels": [{"start": 0.0, "end": 2.0, "label": "cup", "object": "one"}],
    "period": 2.0,
    "split": "train",
}
PARAMETERS = yaml.safe_load((ROOT / "config" / "seven_senses.yaml").read_text())
FOLDER = {"modality": "touch", "unit": "kelvin", "licence": "CC0-1.0", "objects": "folder"}


def tried(read, errors):
    """Read, and check that a refusal is one sentence and quick."""
    begin = time.process_time()
    try:
        read()
    except errors as error:
        text = str(error)
        assert text
        assert "\n\n" not in text
    assert time.process_time() - begin < LIMIT


def both(good):
    text = yaml.safe_dump(good, allow_unicode=True).encode()
    return st.one_of(documents(good), damaged(text))


@fuzz
@example(NESTED.encode())
@example(b"name: .inf\nembedding_size: .inf\ncalibration: {}\n")
@given(both(MANIFEST))
def test_manifests(tmp_path, data):
    (tmp_path / "bundle.yaml").write_bytes(data)
    tried(lambda: read_manifest(tmp_path), BundleError)


@fuzz
@given(documents(MANIFEST))
def test_bundles_are_checked_whatever_the_manifest_says(tmp_path, data):
    (tmp_path / "bundle.yaml").write_bytes(data)
    tried(lambda: Bundle.load(tmp_path), BundleError)


@fuzz
@example(NESTED.encode())
@given(both(LABELS))
def test_labels(tmp_path, data):
    path = tmp_path / "labels.yaml"
    path.write_bytes(data)
    tried(lambda: read_labels(path), LabelError)


@fuzz
@example(NESTED.encode())
@given(both(BAG))
def test_labels_of_bags(tmp_path, data):
    path = tmp_path / "labels.yaml"
    path.write_bytes(data)
    tried(lambda: read_bag_labels(path), ReaderError)


@fuzz
@example(NESTED.encode())
@given(both(PARAMETERS))
def test_parameter_files(tmp_path, data):
    path = tmp_path / "config.yaml"
    path.write_bytes(data)
    tried(lambda: parameters_of(path, "/perception"), LaunchError)
    tried(lambda: overrides(path, "/perception", {"points": "/lidar"}), LaunchError)


@fuzz
@example(NESTED.encode())
@given(both(FOLDER))
def test_options_of_folders(tmp_path, data):
    (tmp_path / "folder.yaml").write_bytes(data)
    tried(lambda: read_folder_options(tmp_path), FileError)
