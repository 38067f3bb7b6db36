"""Labels given by parameters: texts, or a file with synonyms and templates."""

import numpy as np
import pytest

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.recognition.labels import Label, LabelError
from omnibind_ros.recognition.vocabulary import Vocabulary

FILE = """\
templates: ["the sound of {}", "a picture of {}"]
labels:
  - {name: hot drink, synonyms: [cofee, cup of tea]}
  - {name: animal}
"""


@pytest.fixture(scope="module")
def bundle(bundle_dir):
    return Bundle.load(bundle_dir)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(FILE)
    return path


def expected(encoder, text, templates):
    rows = encoder.encode_batch([template.replace("{}", text) for template in templates])
    mean = rows.sum(0)
    return mean / np.linalg.norm(mean)


def test_a_file_of_labels_is_used_with_its_synonyms_and_templates(bundle, file):
    vocabulary, problems = Vocabulary.load(bundle, (), 1, str(file))
    assert problems == []
    bank = vocabulary.bank
    assert bank.labels == ("hot drink", "animal")
    assert bank.owner.tolist() == [0, 0, 0, 1]
    encoder = bundle.encoder("text")
    for row, text in enumerate(("hot drink", "cofee", "cup of tea", "animal")):
        wanted = expected(encoder, text, ["the sound of {}", "a picture of {}"])
        assert bank.prototypes[row] == pytest.approx(wanted, abs=1e-4)
    assert len(vocabulary.doubts) == 1
    assert vocabulary.doubts[0].startswith("parameter labels_file: 'cofee' may be misspelt")
    assert "'coffee'" in vocabulary.doubts[0]


def test_without_templates_the_file_has_those_of_the_bundle(bundle, file):
    file.write_text(FILE.partition("\n")[2])
    bank = Vocabulary.load(bundle, (), 1, str(file))[0].bank
    wanted = expected(bundle.encoder("text"), "animal", ["a photo of a {}"])
    assert bank.prototypes[3] == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("labels: [cup", "is not a valid list of labels"),
        ("- cup", "is not a valid list of labels"),
        ("labels: []", "list of labels is empty"),
        ("labels: [{name: cup}]\ntemplates: [a cup]", "lacks {}"),
    ],
)
def test_a_bad_file_leaves_the_labels_of_the_bundle(bundle, tmp_path, content, words):
    path = tmp_path / "bad.yaml"
    if content is not None:
        path.write_text(content)
    vocabulary, problems = Vocabulary.load(bundle, (), 1, str(path))
    (problem,) = problems
    assert problem.startswith("parameter labels_file is not used: ")
    assert words in problem
    assert str(path) in problem
    assert len(vocabulary.bank.labels) == 131


def test_labels_win_over_a_file_and_it_is_said(bundle, file):
    vocabulary, problems = Vocabulary.load(bundle, ["cupp", "pen"], 1, str(file))
    assert vocabulary.bank.labels == ("cupp", "pen")
    assert problems == [
        "parameter labels_file is not used, as labels is given too; remove one of them"
    ]
    assert "'cupp' may be misspelt" in vocabulary.doubts[0]


def test_templates_of_a_call_are_not_kept(bundle):
    vocabulary, _ = Vocabulary.load(bundle, (), 1)
    encoder = bundle.encoder("text")
    done = vocabulary.set_labels([Label("cup", ("mug",))], ["my {}"])
    assert done.bank.prototypes[1] == pytest.approx(expected(encoder, "mug", ["my {}"]), abs=1e-4)
    again = vocabulary.set_labels([Label("cup", ("mug",))]).bank
    wanted = expected(encoder, "mug", ["a photo of a {}"])
    assert again.prototypes[1] == pytest.approx(wanted, abs=1e-4)
    with pytest.raises(LabelError, match=r"'my cup' lacks \{\}"):
        vocabulary.set_labels([Label("cup")], ["my cup"])
    assert vocabulary.bank is again


def test_labels_that_are_set_keep_the_groups_of_the_bundle(bundle):
    vocabulary, _ = Vocabulary.load(bundle, ["Armchair", "sofa", "warp drive"], 1)
    categories = vocabulary.bank.categories

    assert categories.finest_sure(np.array([0.4, 0.4, 0.2])) == ("seating", 0.8)
    assert categories.finest_sure(np.array([0.2, 0.2, 0.6])) == ("warp drive", 0.6)

    vocabulary.renamed("sofa", "couch", ())
    assert vocabulary.bank.taxonomy.ancestors("couch") == ("seating", "furniture")


def test_a_file_of_labels_may_have_groups_of_its_own(bundle, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "labels: [{name: cup}, {name: red mug}, {name: armchair}]\n"
        "groups: [{name: cup, contains: [red mug]}]\n"
    )
    vocabulary, problems = Vocabulary.load(bundle, (), 1, str(path))

    assert problems == []
    categories = vocabulary.bank.categories
    assert categories.finest_sure(np.array([0.3, 0.4, 0.3])) == ("cup", 0.7)
    assert vocabulary.bank.taxonomy.ancestors("armchair") == ()
