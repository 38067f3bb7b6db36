"""labels.yaml of a dataset's own labels."""

from omnibind_ros.datasets.storage.dataset import Dataset
from omnibind_ros.encoders.bundle import Bundle, file_sha256
from omnibind_ros.export.label_files import write_own_labels
from omnibind_ros.recognition.labels import read_labels


def test_a_bundle_gets_the_labels_of_the_dataset(bundle_dir, training_dataset, tmp_path):
    source, dataset = Bundle.load(bundle_dir), Dataset.open(training_dataset)
    spec = write_own_labels(tmp_path, source, dataset)
    own = {label.name for label in read_labels(tmp_path / spec.path).labels}
    assert len(own) == len(dataset.labels)
    assert spec.sha256 == file_sha256(tmp_path / spec.path)
    assert "the labels of the dataset" in spec.origin
    spec = write_own_labels(tmp_path, source, dataset, keep=True)
    both = {label.name for label in read_labels(tmp_path / spec.path).labels}
    shipped = {label.name for label in read_labels(bundle_dir / source.manifest.labels.path).labels}
    assert both == own | shipped
