"""Files of labels are read back as they were written."""

from paths import ROOT

from omnibind_ros.recognition.labels import Label, LabelFile, read_labels
from omnibind_ros.recognition.labels_writing import write_labels
from omnibind_ros.recognition.taxonomy import Group, Taxonomy


def test_the_shipped_labels_are_read_back(tmp_path):
    shipped = read_labels(ROOT / "models" / "household" / "labels.yaml")
    write_labels(tmp_path / "labels.yaml", shipped)
    assert read_labels(tmp_path / "labels.yaml") == shipped


def test_words_that_yaml_takes_for_other_things_stay_words(tmp_path):
    labels = (Label("yes", ("on", "1.5")), Label("null: #x"), Label("Öl 'kanne'", ("油",)))
    taxonomy = Taxonomy.checked([Group("2024-01-01", ("yes",))], ["yes"])
    file = LabelFile(("a {}", "no: {}"), labels, taxonomy)
    write_labels(tmp_path / "labels.yaml", file)
    assert read_labels(tmp_path / "labels.yaml") == file
