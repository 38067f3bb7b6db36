"""What was said while an object was there, from results that are made by hand."""

import os

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("psutil")

from hypothesis import given, settings
from hypothesis import strategies as st
from live_figure.encounters import Said, Shown, measure, measure_all
from live_figure.leg import shown_of

CHAIR = Shown("a", 100.0, 106.0, frozenset({"chair", "stool"}))


def said(*entries):
    return [Said(at, *rest) for at, *rest in entries]


def ten_hertz(begin, end, label, **more):
    return [Said(round(begin + n / 10, 6), label, **more) for n in range(round((end - begin) * 10))]


def test_the_first_second_does_not_count():
    found = measure(CHAIR, ten_hertz(100, 101, "cup") + ten_hertz(101, 106, "chair"))
    assert found.measured_s == 5
    assert found.right_s == pytest.approx(5)
    assert found.said == "chair"
    assert found.right == ("chair", "stool")
    assert found.results == 60


def test_every_right_label_is_right():
    results = ten_hertz(100, 103, "stool") + ten_hertz(103, 106, "chair")
    found = measure(CHAIR, results)
    assert found.right_s == pytest.approx(5)
    assert found.changes == 1


def test_a_result_counts_until_the_next_one_and_for_a_second_at_most():
    found = measure(CHAIR, said((101.0, "chair"), (101.5, "cup"), (104.0, "chair")))
    # chair 101 to 101.5, cup 101.5 to 102.5, nothing until 104, chair 104 to 105, nothing again.
    assert found.right_s == pytest.approx(1.5)
    assert found.wrong_known_s == pytest.approx(1.0)


def test_what_was_said_before_counts_until_something_else_is_said():
    found = measure(CHAIR, said((100.9, "cup"), (101.4, "chair")))
    assert found.right_s == pytest.approx(1.0)
    assert found.wrong_known_s == pytest.approx(0.4)
    assert measure(CHAIR, []).right_s == 0
    assert measure(CHAIR, []).said == ""


def test_unknown_labels_are_right_but_not_known():
    found = measure(CHAIR, ten_hertz(100, 106, "chair", known=False))
    assert found.right_s == pytest.approx(5)
    assert found.known_s == 0
    assert measure(CHAIR, ten_hertz(100, 106, "cup", known=False)).wrong_known_s == 0


def test_changes_of_the_first_second_do_not_count():
    results = ten_hertz(100, 100.5, "cup") + ten_hertz(100.5, 102, "chair")
    results += ten_hertz(102, 103, "cup") + ten_hertz(103, 106, "chair")
    assert measure(CHAIR, results).changes == 2


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (ten_hertz(99, 100.4, "cup") + ten_hertz(100.4, 106, "chair"), 0.4),
        # A label that is right for a moment alone has not settled.
        (
            ten_hertz(100, 100.2, "cup")
            + ten_hertz(100.2, 100.4, "chair")
            + ten_hertz(100.4, 101, "cup")
            + ten_hertz(101, 106, "stool"),
            1.0,
        ),
        (ten_hertz(100, 106, "cup"), None),
        (ten_hertz(100, 105.8, "cup") + ten_hertz(105.8, 106, "chair"), None),
        (ten_hertz(98, 106, "chair"), 0.0),
    ],
)
def test_seconds_until_the_label_is_right_and_stays(results, expected):
    found = measure(CHAIR, results, before={"lamp"})
    assert found.settles
    assert found.settle_s == (None if expected is None else pytest.approx(expected))


def test_only_changes_to_another_thing_must_settle():
    shown = [
        CHAIR,
        Shown("b", 106.0, 112.0, frozenset({"chair"})),
        Shown("c", 112.0, 118.0, frozenset({"lamp"})),
    ]
    results = ten_hertz(100, 113, "chair") + ten_hertz(113, 118, "lamp")
    found = measure_all(shown, results)
    assert [each.settles for each in found] == [False, False, True]
    assert found[2].settle_s == pytest.approx(1.0)
    assert [each.object_id for each in found] == ["a", "b", "c"]


def test_a_lie_is_named_and_other_names_are_alarms():
    lied = Shown("a", 100.0, 106.0, frozenset({"chair"}), liar="image")
    results = said(
        (99.0, "chair", True, ()),
        (101.0, "chair", True, ("audio",)),
        (102.5, "chair", True, ("audio", "image")),
        (103.0, "chair", True, ("image",)),
        (104.0, "chair", True, ("image", "audio")),
    )
    found = measure(lied, results)
    assert found.lie_named_s == pytest.approx(2.5)
    assert found.alarms == 2
    honest = measure(CHAIR, results)
    assert honest.lie_named_s is None
    assert honest.alarms == 3


def test_a_name_from_before_that_is_taken_back_names_no_lie():
    lied = Shown("a", 100.0, 106.0, frozenset({"chair"}), liar="image")
    named = {"contradicting": ("image",)}
    short = ten_hertz(98, 100.3, "chair", **named) + ten_hertz(100.3, 106, "chair")
    assert measure(lied, short).lie_named_s is None
    again = ten_hertz(98, 100.3, "chair", **named) + ten_hertz(100.3, 103, "chair")
    again += ten_hertz(103, 106, "chair", **named)
    assert measure(lied, again).lie_named_s == pytest.approx(3.0)
    assert measure(lied, ten_hertz(98, 106, "chair", **named)).lie_named_s == 0.0


def test_a_sensor_that_was_named_before_is_no_new_alarm():
    results = said((99.0, "cup", True, ("touch",)), (101.0, "cup", True, ("touch",)))
    assert measure(CHAIR, results).alarms == 0


@settings(max_examples=int(os.environ.get("OMNIBIND_EXAMPLES", "150")))
@given(
    st.lists(
        st.tuples(
            st.integers(990, 1070), st.sampled_from(["chair", "stool", "cup"]), st.booleans()
        ),
        max_size=30,
        unique_by=lambda entry: entry[0],
    )
)
def test_shares_are_those_of_looking_at_each_hundredth_of_a_second(entries):
    results = [Said(at / 10, label, known) for at, label, known in sorted(entries)]
    counts = {"right": 0, "known": 0, "wrong": 0}
    for moment in range(10_100, 10_600):
        now = moment / 100 + 0.005
        last = [r for r in results if r.at <= now]
        if last and now - last[-1].at < 1.0:
            right = last[-1].label in CHAIR.right
            counts["right"] += right
            counts["known"] += right and last[-1].known
            counts["wrong"] += last[-1].known and not right
    found = measure(CHAIR, results)
    assert found.right_s == pytest.approx(counts["right"] / 100, abs=0.02)
    assert found.known_s == pytest.approx(counts["known"] / 100, abs=0.02)
    assert found.wrong_known_s == pytest.approx(counts["wrong"] / 100, abs=0.02)


def test_objects_come_from_what_the_robot_publishes():
    right = {"a": frozenset({"chair"}), "b": frozenset({"lamp"})}
    present = [(1.0, "a"), (7.0, "b"), (13.0, ""), (20.0, "a"), (26.0, "")]
    shown = shown_of(present, right, "text")
    assert [(s.object_id, s.begin, s.end, s.liar) for s in shown] == [
        ("a", 1.0, 7.0, ""),
        ("b", 7.0, 13.0, "text"),
        ("a", 20.0, 26.0, ""),
    ]
    assert shown[1].right == {"lamp"}
