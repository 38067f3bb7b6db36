"""Matching of enrolled labels: prototypes, pooling of members, files of statistics."""

import io
from dataclasses import replace

import numpy as np
import pytest

from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.recognition.enrolled_bank import with_match
from omnibind_ros.recognition.enrolled_file import Part
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.match_statistics import (
    Likelihood,
    Match,
    MatchFileError,
    MatchStatistics,
    read_statistics,
    write_statistics,
)
from omnibind_ros.recognition.match_table import MatchTable, summarise
from omnibind_ros.recognition.matching import Matching
from omnibind_ros.recognition.member import Member
from omnibind_ros.recognition.recogniser import Recogniser

SIZE = 8
LIKELIHOOD = [[1.0, 0.0, 0.1, 1e-3], [1.0, 0.0, 0.1, 1e-2]]


def statistics(size=SIZE, between=20.0):
    eye = np.eye(size, dtype=np.float32)
    ones = np.ones(size, np.float32)
    return MatchStatistics(
        mean=np.zeros(size, np.float32),
        projection=eye,
        total=ones,
        centre=0 * ones,
        rotation=eye * np.sqrt(between + 1),
        between=between * ones,
        akin=2 * ones,
        likelihood=np.array(LIKELIHOOD, np.float32),
    )


def thing(seed, size=SIZE):
    return np.random.default_rng(seed).normal(size=size).astype(np.float32)


def view(seed, number, size=SIZE):
    noise = np.random.default_rng([seed, number]).normal(size=size)
    return (thing(seed, size) + 0.15 * noise).astype(np.float32)


def unit(values):
    return (values / np.linalg.norm(values)).astype(np.float32)


def part(seed, modality="image", views=3):
    rows = np.stack([view(seed, number) for number in range(views)])
    return Part(modality, "enc", np.stack([unit(row) for row in rows]), rows)


def member(seed, modality="image", quality=1.0, number=9):
    values = view(seed, number)
    return Member(modality, unit(values), quality, 1.0, values, modality)


def matching():
    return Matching({m: Match("enc", {"features": statistics()}) for m in ("image", "touch")})


def names(match, members):
    return match.labels[int(np.argmax(match.odds(members)))]


@pytest.mark.parametrize("seed", range(5))
def test_a_label_is_found_by_each_of_its_sensors_alone(seed):
    match = matching().match([(f"thing {s}", [part(s), part(100 + s, "touch")]) for s in range(5)])
    assert names(match, [member(seed)]) == f"thing {seed}"
    assert names(match, [member(100 + seed, "touch")]) == f"thing {seed}"
    both = match.odds([member(seed), member(100 + seed, "touch")])
    assert both[seed] > max(match.odds([member(seed)])[seed], 1.0)


def test_a_sensor_that_was_not_enrolled_says_nothing():
    match = matching().match([("mug", [part(0)]), ("pen", [part(1, "touch")])])
    only_image = match.log_ratios(member(1))
    assert only_image[0, 1] == only_image[1, 1] == 0
    assert match.log_ratios(member(0, "audio")) is None


@pytest.mark.parametrize("seed", range(3))
def test_all_members_speak_for_a_thing_only_if_each_has_learned_and_shows_it(seed):
    other = (seed + 1) % 3
    learned = [(f"thing {s}", [part(s), part(100 + s, "touch")]) for s in range(3)]
    match = matching().match([*learned, ("seen", [part(50)])])
    both = [member(seed), member(100 + seed, "touch")]
    assert match.all_speak_for(f"thing {seed}", both)
    assert match.all_speak_for(f" THING {seed}", both)
    assert not match.all_speak_for(f"thing {other}", both)
    assert not match.all_speak_for("cup", both)
    assert not match.all_speak_for(f"thing {seed}", [member(seed), member(100 + other, "touch")])
    # A sensor that has not learned it, sees nothing, or is of another modality says nothing.
    assert match.all_speak_for("seen", [member(50)])
    assert not match.all_speak_for("seen", [member(50), member(100 + seed, "touch")])
    free = member(100 + seed, "touch", quality=0.0)
    assert not match.all_speak_for(f"thing {seed}", [member(seed), free])
    assert not match.all_speak_for(f"thing {seed}", [member(seed), member(0, "audio")])


def test_one_sensor_does_not_outvote_two():
    match = matching().match(
        [(n, [part(s), part(s + 10, "touch")]) for n, s in (("mug", 0), ("pen", 1))]
    )
    odds = match.odds([member(0), member(10, "touch"), replace(member(1), sensor="liar")])
    assert odds[0] > odds[1]


@pytest.mark.parametrize("quality", [0.0, 0.02, 1.0])
def test_the_evidence_of_a_member_fades_with_its_quality(quality):
    match = matching().match([("mug", [part(0)]), ("pen", [part(1)])])
    ratio = match.log_ratios(member(0, quality=quality))[0, 0]
    full = match.log_ratios(member(0))[0, 0]
    expected = np.log(1 - min(quality / 0.2, 1) + min(quality / 0.2, 1) * np.exp(full))
    assert ratio == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_a_member_that_contradicts_the_others_is_left_out():
    match = matching().match([("mug", [part(0)]), ("pen", [part(1)])])
    left_out = replace(member(1), weight=0.0, sensor="other")
    assert match.odds([member(0), left_out]) == pytest.approx(match.odds([member(0)]))


def test_frames_of_one_view_count_as_one_and_views_as_several():
    s = statistics()
    one = s.place(view(0, 1))
    frames = np.stack([one] * 20)
    (prototype,) = summarise(frames, s.between)
    assert prototype.number == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    s = statistics(64)
    views = rng.normal(size=(400, 64)).astype(np.float32)
    assert 3.5 < summarise(views[:5], s.between)[0].number <= 5
    twice = np.repeat(views[:5], 2, 0)
    assert summarise(twice, s.between)[0].number == pytest.approx(
        summarise(views[:5], s.between)[0].number, rel=0.02
    )


def test_a_class_is_known_by_each_of_its_examples_and_by_others_like_them():
    s = statistics()
    examples = [thing(seed) for seed in (1, 2, 3)]
    prototypes = summarise(np.stack([s.place(e) for e in examples]), s.between)
    assert prototypes[0].width > 0
    assert len(prototypes) == 4
    table = MatchTable(s, [prototypes, summarise(s.place(thing(7))[None], s.between)])
    for example in examples:
        scores = table.scores(example)[0]
        assert scores[0] > 0 > scores[1]


def test_without_statistics_embeddings_are_compared_with_care():
    match = Matching().match([("mug", [part(0)]), ("pen", [part(1)])])
    near = match.log_ratios(member(0))
    assert near[0, 0] > 0
    assert near[0, 1] == pytest.approx(np.log(0.5), abs=0.02)


def test_members_without_features_are_matched_by_their_embedding():
    match = matching().match([("mug", [part(0)]), ("pen", [part(1)])])
    for features in (None, np.zeros(0, np.float32)):
        assert names(match, [replace(member(0), features=features)]) == "mug"


def recogniser(labels=("cup", "pen")):
    axes = np.eye(SIZE, dtype=np.float32)[: len(labels)]
    bank = LabelBank(tuple(labels), axes, np.arange(len(labels)))
    return Recogniser(bank, Calibration(0.05, 0.2, {}), top_k=20)


def test_enrolled_labels_and_words_share_the_probability():
    words = recogniser()
    match = matching().match([("my mug", [part(0)]), ("PEN", [part(1)])])
    both = Recogniser(with_match(words.bank, match), words.calibration, top_k=20)
    assert both.bank.labels == ("cup", "pen", "my mug")
    for seed, name in ((0, "my mug"), (1, "pen")):
        shown = member(seed)
        found = both.distribution(np.eye(SIZE, dtype=np.float32)[0], [shown])
        assert found.probabilities.sum() + found.unknown == pytest.approx(1)
        assert both.name(found).labels[0] == name
    strange = both.distribution(np.eye(SIZE, dtype=np.float32)[0], [member(55)])
    assert both.name(strange).labels[0] == "cup"
    dark = both.name(both.distribution(np.eye(SIZE, dtype=np.float32)[0], [member(0, quality=0.1)]))
    assert not dark.known
    assert dark.unknown > 0.5


def test_a_bank_of_enrolled_labels_alone_knows_them():
    words = LabelBank((), np.zeros((0, SIZE), np.float32), np.zeros(0, np.intp))
    match = matching().match([("my mug", [part(0), part(5, "touch")])])
    alone = Recogniser(with_match(words, match), Calibration(0.05, 0.2, {}))
    shown = [replace(m, weight=0.5) for m in (member(0), member(5, "touch"))]
    found = alone.name(alone.distribution(np.eye(SIZE, dtype=np.float32)[0], shown))
    assert found.labels == ("my mug",)
    other = alone.name(alone.distribution(np.eye(SIZE, dtype=np.float32)[0], [member(9)]))
    assert not other.known


def test_statistics_are_read_as_they_were_written(tmp_path):
    rng = np.random.default_rng(0)
    projection = rng.normal(size=(SIZE, SIZE)).astype(np.float32)
    written = replace(statistics(), projection=projection)
    write_statistics(tmp_path / "m.npz", {"image": Match("hash", {"features": written})})
    found = read_statistics(tmp_path / "m.npz")["image"]
    assert found.encoder == "hash"
    read = found.by_kind["features"]
    np.testing.assert_allclose(read.projection, projection, atol=np.abs(projection).max() / 200)
    np.testing.assert_array_equal(read.between, written.between)
    assert read.likelihoods[1] == pytest.approx(Likelihood(*LIKELIHOOD[1]))


def damaged(**changes):
    file = io.BytesIO()
    np.savez(file, **changes)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged"),
        (b"text", "damaged"),
        (damaged(format=np.array(7)), "it has format 7, and .* up to 1: update"),
        (damaged(format=np.array([1, 2])), "damaged"),
        (damaged(other=np.array(1)), "damaged"),
        (
            damaged(
                **{"format": np.array(1), "image.encoder": np.array("h")},
                **{"image.features.mean": np.zeros(3)},
            ),
            "damaged",
        ),
    ],
)
def test_a_damaged_file_of_statistics_is_refused_in_a_clause(tmp_path, content, words):
    (tmp_path / "m.npz").write_bytes(content)
    with pytest.raises(MatchFileError, match=words) as caught:
        read_statistics(tmp_path / "m.npz")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["mean", "total", "rotation", "likelihood"])
def test_statistics_that_are_not_finite_are_refused(name):
    bad = replace(statistics(), **{name: getattr(statistics(), name) * np.nan})
    assert bad.problem()
