"""The label bank: similarities, enrolment, and the file with the labels' embeddings."""

import logging

import numpy as np
import pytest

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.recognition.enrolled_bank import EnrolledView, with_enrolled
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.label_cache import CACHE
from omnibind_ros.recognition.labels import MAX_LABELS, Label, LabelError, read_labels
from omnibind_ros.recognition.prototypes import Prototypes

GOOD = "templates: ['a photo of a {}']\nlabels:\n- {name: cup, synonyms: [mug]}\n- {name: cat}\n"


@pytest.fixture(scope="module")
def encoder(bundle_dir):
    return Bundle.load(bundle_dir).encoder("text", threads=2)


@pytest.fixture(scope="module")
def bank(bundle_dir, encoder):
    return LabelBank.load(bundle_dir, bundle_dir / "labels.yaml", encoder)


@pytest.fixture
def folder(tmp_path, encoder):
    """A folder with two labels and their embeddings."""
    path = tmp_path / "labels.yaml"
    path.write_text(GOOD)
    file = read_labels(path)
    LabelBank.build(file.labels, file.templates, encoder).save(tmp_path, path, encoder)
    return tmp_path


def load(folder, encoder):
    return LabelBank.load(folder, folder / "labels.yaml", encoder)


class NoEncoder:
    """Stands where nothing may be embedded."""

    def __init__(self, sha256):
        self.sha256 = sha256

    def encode_batch(self, texts):
        pytest.fail(f"{len(texts)} texts were embedded")


def test_shipped_labels_are_enough_and_kept_embeddings_are_current(bundle_dir, encoder):
    bank = load(bundle_dir, NoEncoder(encoder.sha256))
    assert len(bank.labels) >= 60
    assert bank.prototypes.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(bank.prototypes, axis=1), 1, atol=1e-5)


def test_a_label_scores_as_its_best_prototype(bank):
    values = bank.prototypes[np.flatnonzero(bank.owner == bank.labels.index("cup"))[-1]]
    scores = bank.similarities(values)
    each = bank.prototypes @ values
    want = [each[bank.owner == i].max() for i in range(len(bank.labels))]
    np.testing.assert_allclose(scores, want, atol=1e-6)
    assert bank.labels[int(scores.argmax())] == "cup"


def test_new_label_texts_work_at_once(encoder):
    bank = LabelBank.build([Label("  red \n panda "), Label("tram")], ["a photo of a {}"], encoder)
    assert bank.labels == ("red panda", "tram")
    values = encoder.encode("a red panda in a tree").values
    assert int(bank.similarities(values).argmax()) == 0


def test_templates_are_averaged_and_other_braces_are_text(encoder):
    bank = LabelBank.build([Label("cup {x}")], ["a {}", "{not} a {} {"], encoder)
    assert np.linalg.norm(bank.prototypes[0]) == pytest.approx(1, abs=1e-5)


def test_ten_thousand_labels_score(encoder):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(10_000, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    bank = LabelBank(tuple(map(str, range(10_000))), rows, np.arange(10_000))
    assert bank.similarities(rows[1234]).shape == (10_000,)
    assert int(bank.similarities(rows[1234]).argmax()) == 1234


@pytest.mark.parametrize("name", ["cup", "my own thing"])
def test_enrolment_adds_a_prototype_and_leaves_the_old_bank(bank, name):
    values = np.zeros(384, np.float32)
    values[7] = 1
    before = len(bank.prototypes)
    grown = with_enrolled(bank, [EnrolledView(name, values)])
    assert grown.labels[int(grown.similarities(values).argmax())] == name
    assert len(grown.prototypes) == before + 1
    assert len(bank.prototypes) == before
    assert (np.diff(grown.owner) >= 0).all()
    others = [i for i, label in enumerate(bank.labels) if label != name]
    probe = bank.prototypes[0]
    np.testing.assert_allclose(
        grown.similarities(probe)[others], bank.similarities(probe)[others], atol=1e-6
    )


def test_what_was_enrolled_is_named_from_its_likeness_on(bank):
    rng = np.random.default_rng(0)
    seen = rng.normal(size=384).astype(np.float32)
    seen /= np.linalg.norm(seen)
    views = [EnrolledView("my own thing", seen), EnrolledView("another", bank.prototypes[0])]
    grown = with_enrolled(bank, views, 0.6)
    aside = rng.normal(size=384).astype(np.float32)
    aside -= (aside @ seen) * seen
    aside /= np.linalg.norm(aside)
    place = grown.labels.index("my own thing")
    for cosine, name in ((0.7, "my own thing"), (0.5, None)):
        values = cosine * seen + np.sqrt(1 - cosine**2) * aside
        similarities = grown.similarities(values)
        best = bank.similarities(values).max()
        assert similarities[place] == pytest.approx(best + cosine - 0.6, abs=1e-5)
        assert (similarities.argmax() == place) == (name is not None)
        np.testing.assert_allclose(
            similarities[: len(bank.labels)], bank.similarities(values), atol=1e-6
        )


def test_a_bank_of_enrolled_labels_alone():
    bank = LabelBank((), np.zeros((0, 4), np.float32), np.zeros(0, int))
    grown = with_enrolled(bank, [EnrolledView("thing", np.eye(4, dtype=np.float32)[0])], 0.6)
    found = grown.similarities(np.float32([0.8, 0.6, 0, 0]))
    np.testing.assert_allclose(found, [0.2], atol=1e-6)


def test_a_full_bank_takes_no_new_label():
    rows = np.eye(1, 4, dtype=np.float32).repeat(MAX_LABELS, 0)
    full = LabelBank(tuple(map(str, range(MAX_LABELS))), rows, np.arange(MAX_LABELS))
    with pytest.raises(LabelError, match="full"):
        with_enrolled(full, [EnrolledView("one more", rows[0])])
    assert len(with_enrolled(full, [EnrolledView("0", rows[0])]).labels) == MAX_LABELS


def test_kept_embeddings_are_used_while_current(folder, encoder):
    assert load(folder, NoEncoder(encoder.sha256)).labels == ("cup", "cat")
    assert load(folder, None).labels == ("cup", "cat")


def test_after_an_edit_labels_are_embedded_anew(folder, encoder):
    (folder / "labels.yaml").write_text(GOOD.replace("cat", "dog"))
    bank = load(folder, encoder)
    values = encoder.encode("a photo of a dog").values
    assert bank.labels[int(bank.similarities(values).argmax())] == "dog"
    # The embedding of 'cat' must not be published as 'dog'.
    with pytest.raises(LabelError, match="no text encoder"):
        load(folder, None)


def test_another_text_encoder_embeds_anew(folder, encoder):
    with pytest.raises(pytest.fail.Exception, match="3 texts were embedded"):
        load(folder, NoEncoder("0" * 64))


def damage(folder, how):
    path = folder / CACHE
    arrays = dict(np.load(path))
    match how:
        case "cut off":
            path.write_bytes(path.read_bytes()[:500])
        case "empty":
            path.write_bytes(b"")
        case "junk":
            path.write_bytes(b"junk" * 50)
        case "rows missing":
            np.savez(path, **{**arrays, "prototypes": arrays["prototypes"][:1]})
        case "columns missing":
            np.savez(path, **{**arrays, "prototypes": arrays["prototypes"][0]})
        case "not finite":
            np.savez(path, **{**arrays, "prototypes": arrays["prototypes"] * np.nan})
        case "other owners":
            np.savez(path, **{**arrays, "owner": arrays["owner"][::-1]})
        case "array missing":
            del arrays["owner"]
            np.savez(path, **arrays)
        case "pickled":
            np.savez(path, **{**arrays, "owner": np.array([{}, 1, 2], object)})


@pytest.mark.parametrize(
    "how",
    [
        "cut off",
        "empty",
        "junk",
        "rows missing",
        "columns missing",
        "not finite",
        "other owners",
        "array missing",
        "pickled",
    ],
)
def test_damaged_embeddings_are_made_anew_with_a_warning(folder, encoder, caplog, how):
    want = load(folder, encoder).prototypes
    damage(folder, how)
    with caplog.at_level(logging.WARNING):
        bank = load(folder, encoder)
    np.testing.assert_allclose(bank.prototypes, want, atol=1e-5)
    assert "embedded anew" in caplog.text
    with pytest.raises(LabelError):
        load(folder, None)


def test_no_kept_embeddings_are_no_warning(folder, encoder, caplog):
    (folder / CACHE).unlink()
    assert load(folder, encoder).labels == ("cup", "cat")
    assert not caplog.records


@pytest.mark.parametrize("owner", [[0, 1, 2], [0, 0, 1, 2, 2, 2]])
def test_the_best_prototype_of_a_label_is_that_of_the_definition(owner):
    rng = np.random.default_rng(0)
    prototypes = rng.normal(size=(len(owner), 8)).astype(np.float32)
    bank = LabelBank(("a", "b", "c"), prototypes, np.array(owner))
    each = rng.normal(size=(4, 2, len(owner))).astype(np.float32)
    np.testing.assert_array_equal(bank.best(each), Prototypes.best(bank, each))
    wanted = [each[..., np.array(owner) == label].max(-1) for label in range(3)]
    np.testing.assert_array_equal(bank.best(each), np.stack(wanted, -1))


def test_a_label_is_enrolled_however_it_is_spelt(bank):
    values = np.eye(1, bank.prototypes.shape[1], dtype=np.float32)[0]
    more = with_enrolled(bank, [EnrolledView(" CUP\x00", values)])
    assert more.labels == bank.labels
    assert more.spelling("Cup") == "cup"
    assert np.count_nonzero(more.owner == bank.labels.index("cup")) == 1 + np.count_nonzero(
        bank.owner == bank.labels.index("cup")
    )
    new = [EnrolledView("New  thing", values), EnrolledView("new thing", values)]
    assert with_enrolled(bank, new).labels == (*bank.labels, "New thing")


def test_many_enrolled_views_are_those_of_one_after_the_other(bank):
    rng = np.random.default_rng(3)
    names = [f"thing {i}" for i in range(20)] + list(bank.labels[:10])
    views = []
    for name in rng.choice(names, 60):
        values = rng.normal(size=bank.prototypes.shape[1]).astype(np.float32)
        views.append(EnrolledView(str(name), values / np.linalg.norm(values)))
    one_by_one = bank
    for view in views:
        one_by_one = with_enrolled(one_by_one, [view], 0.7)
    together = with_enrolled(bank, views, 0.7)
    assert together.labels == one_by_one.labels
    np.testing.assert_array_equal(together.owner, one_by_one.owner)
    np.testing.assert_array_equal(together.prototypes, one_by_one.prototypes)
    np.testing.assert_array_equal(together.likeness, one_by_one.likeness)
    assert with_enrolled(bank, []) is bank
