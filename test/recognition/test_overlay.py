"""The overlay: label, category and sensors fit into pictures of any size, the middle is free."""

import numpy as np
import pytest

from omnibind_ros.recognition.overlay import MOST_ROWS, SensorRow, draw_overlay
from omnibind_ros.recognition.recogniser import Recognition

SEVEN = [
    SensorRow("image", "FRESH", 0.41, 0.05),
    SensorRow("text", "FRESH", 0.12, 2.4),
    SensorRow("touch", "ABSENT"),
    SensorRow("thermal", "FRESH", 0.2, 0.11),
    SensorRow("event", "STALE", 0.0, 1234.5),
    SensorRow("points", "FRESH", 0.0, 0.2, contradicting=True),
    SensorRow("audio", "FAULT", 0.0, 0.1),
]
SIZES = [(480, 640), (224, 224), (1080, 1920), (600, 500), (240, 320)]
GREY = 200
DARK = GREY // 5


def recognised(category="seating", labels=("armchair", "chair", "stool"), known=True):
    probabilities = np.array([0.4, 0.3, 0.2], np.float32)[: len(labels)]
    return Recognition(labels, probabilities, 0.1, 0.1, 1.0, known, 0.0, category, 0.7)


def drawn(sensors=SEVEN, shape=(480, 640), **result):
    return draw_overlay(np.full((*shape, 3), GREY, np.uint8), recognised(**result), sensors)


def place_of_change(one, other):
    """Return the first and last row and column that differ."""
    changed = (one != other).any(2)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert len(rows)
    return rows[0], rows[-1], columns[0], columns[-1]


@pytest.mark.parametrize("shape", SIZES)
def test_the_middle_of_the_picture_is_free(shape):
    picture = drawn(shape=shape)
    free = (picture == GREY).all((1, 2))
    assert free.mean() > 0.55
    assert free[len(free) // 2]
    assert np.diff(np.flatnonzero(free)).max() == 1


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("name", ["{}", "a_long_name_of_the_sensor_{}_at_the_front"])
def test_nothing_runs_off_the_picture(shape, name):
    sensors = [row._replace(name=name.format(row.name)) for row in SEVEN]
    labels = ("an electric pencil sharpener with a crank and a drawer", "b" * 60, "c")
    picture = drawn(sensors, shape, labels=labels, category="d" * 60)
    border = max(round(min(picture.shape[0] / 480, picture.shape[1] / 640) * 3), 2)
    sides = np.concatenate([picture[:, :border], picture[:, -border:]], 1)
    assert np.isin(sides, (GREY, DARK)).all()
    edges = np.concatenate([picture[:border], picture[-border:]])
    assert (edges == DARK).all()


@pytest.mark.parametrize("shape", SIZES)
def test_each_sensor_has_a_place_of_its_own(shape):
    whole = drawn(shape=shape)
    places = []
    for number, row in enumerate(SEVEN):
        changed = [*SEVEN]
        changed[number] = row._replace(name="", state="", age=None, weight=0, contradicting=False)
        places.append(place_of_change(whole, drawn(changed, shape)))
    for number, (top, bottom, left, right) in enumerate(places):
        for other_top, other_bottom, other_left, other_right in places[number + 1 :]:
            apart = bottom < other_top or other_bottom < top
            assert apart or right < other_left or other_right < left


def test_weight_age_and_state_are_shown():
    whole = drawn()
    for changes in (
        {"weight": 0.0},
        {"age": 0.06},
        {"age": None},
        {"state": "STALE"},
        {"contradicting": True},
    ):
        place_of_change(whole, drawn([SEVEN[0]._replace(**changes), *SEVEN[1:]]))


def colours(row):
    """Return the share of grey and of red pixels in the row of one sensor."""
    picture = drawn([row])[-30:, :320].astype(int)
    lit = picture[(picture > 60).any(2)]
    spread = lit.max(1) - lit.min(1)
    return (spread < 8).mean(), ((lit[:, 0] > 150) & (spread > 100)).mean(), lit.max()


def test_missing_sensors_are_grey_and_contradicting_ones_red():
    for state in ("ABSENT", "STALE"):
        grey, red, brightest = colours(SensorRow("touch", state, 0.0, 3.0))
        assert grey == 1
        assert red == 0
        assert brightest < 200
    assert colours(SensorRow("touch", "FRESH", 0.0, 0.1, contradicting=True))[1] > 0.5
    grey, red, brightest = colours(SensorRow("touch", "FRESH", 0.0, 0.1))
    assert red == 0
    assert brightest > 200


def test_of_many_sensors_the_last_row_tells_how_many_are_left_out():
    many = [SensorRow(f"s{i}", "FRESH", 0.05, 0.1) for i in range(MOST_ROWS + 5)]
    picture = drawn(many)
    assert (picture == drawn([*many[: MOST_ROWS - 1], SensorRow("and 6 more", "")])).all()
    assert (picture == GREY).all((1, 2)).mean() > 0.4


@pytest.mark.parametrize("shape", SIZES)
def test_a_category_that_is_not_the_first_label_is_told(shape):
    without, with_category = drawn(shape=shape, category=""), drawn(shape=shape)
    top, bottom, _, right = place_of_change(without, with_category)
    scale = without.shape[0] / 480
    assert 40 * scale * 0.7 < top
    assert bottom < 90 * scale
    assert right < without.shape[1] * 0.55


@pytest.mark.parametrize("labels", [("armchair", "chair"), ("armchair",)])
def test_the_first_label_is_not_shown_twice(labels):
    same = drawn(category="armchair", labels=labels)
    assert (same == drawn(category="", labels=labels)).all()


def test_where_no_label_is_known_the_best_one_is_among_the_others():
    same = drawn(known=False, category="")
    top, *_ = place_of_change(drawn(category=""), same)
    assert top < 40
    _, _, left, _ = place_of_change(same, drawn(known=False, category="", labels=("bench",)))
    assert left > 320
    place = place_of_change(
        same, drawn(known=False, category="", labels=("bench", "chair", "stool"))
    )
    assert 50 < place[0] < place[1] < 90  # the second line alone


def test_small_pictures_are_enlarged_by_a_whole_number():
    assert drawn(shape=(224, 224)).shape == (672, 672, 3)
    assert drawn(shape=(480, 640)).shape == (480, 640, 3)
    assert drawn(shape=(1080, 1920)).shape == (1080, 1920, 3)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3000), (100, 2000), (3000, 40)])
def test_pictures_of_any_shape_are_taken(shape):
    height, width, _ = drawn(shape=shape).shape
    assert height >= shape[0]
    assert width >= shape[1]


def test_the_picture_is_not_changed_and_may_be_read_only():
    picture = np.full((480, 640, 3), GREY, np.uint8)
    picture.setflags(write=False)
    draw_overlay(picture, recognised(), SEVEN)
    assert (picture == GREY).all()
