"""The sentences of the node are known, as the code that says them says them now."""

import pytest

from omnibind_ros.doctor.observation import SensorSeen
from omnibind_ros.doctor.remedies import Remedies
from omnibind_ros.doctor.reported import reported_findings
from omnibind_ros.encoders.bundle import Bundle, BundleError
from omnibind_ros.runtime.buffer import Arrival
from omnibind_ros.runtime.engine import CONTRADICTION
from omnibind_ros.runtime.frozen import FrozenDetector
from omnibind_ros.runtime.lateness import Lateness
from omnibind_ros.runtime.losses import Loss, why_lost
from omnibind_ros.runtime.processing import _far
from omnibind_ros.runtime.silence import Endpoint, Wanted, why_mixed, why_old, why_silent
from omnibind_ros.runtime.stamps import SensorClock
from omnibind_ros.sensors import point_axes, thermal_unit

REMEDIES = Remedies("/perception", True, "/fastdds.xml", "FASTRTPS_DEFAULT_PROFILES_FILE")
IMAGE, ZIPPED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
WANTED = Wanted("eye", "/eye", IMAGE, reliability="reliable")
BEST = Endpoint("/driver", IMAGE, "best_effort")
SECOND = 10**9


def silent(endpoints, published=None, policy=""):
    return why_silent(WANTED, endpoints, published or {}, {IMAGE, ZIPPED}, policy)[0]


def sentences():
    yield "other_type", silent([Endpoint("/driver", ZIPPED)])
    yield "qos", silent([BEST])
    yield "qos", silent([Endpoint("/driver", IMAGE)], policy="deadline")
    yield "no_publisher", silent([], {"/eye_raw": [IMAGE]})
    yield "lost", why_lost(WANTED, [BEST], Loss(10, 90, 10**6), "set the profile of {nodes}")[0]
    yield "alternating", why_mixed(WANTED, [Endpoint("/a", IMAGE), Endpoint("/b", IMAGE)], True)[0]
    yield "kept", why_old(WANTED, 5.0, 0.5)[0]
    yield "slow", Lateness(single=True).check("eye", 2.0, 0.5)[0].text
    clock = SensorClock()
    yield "clock", clock.arrival(100 * SECOND, 200 * SECOND, 0.5, "auto").doubts[0].text
    yield "clock", clock.arrival(0, 200 * SECOND, 0.5, "auto").doubts[0].text
    yield "clock", clock.arrival(300 * SECOND, 200 * SECOND, 0.5, "header").doubts[0].text
    yield "old_stamps", clock.arrival(195 * SECOND, 200 * SECOND, 0.5, "header").doubts[0].text
    for guesses in thermal_unit._GUESSES.values():
        for guess in guesses:
            yield "unit", guess.unit.guess[0].text
    for kind in ("x_forward", "z_forward", "z_backward"):
        yield "axes", point_axes._guessed(kind, "it looks so").doubt.text
    yield "contradicting", CONTRADICTION[0].text
    yield "out_of_distribution", _far("touch", 0.9).text
    frozen = FrozenDetector()
    frozen.check(Arrival(None, 0, "", 0.0), b"same", 1.0)
    yield "frozen", frozen.check(Arrival(None, 0, "", 2.0), b"same", 1.0)[0].text


def reported(text, issues=(), state="FRESH"):
    seen = SensorSeen("image", state, text, issues, WANTED, 0.5)
    return list(reported_findings("eye", seen, REMEDIES))


@pytest.mark.parametrize(("kind", "sentence"), list(sentences()))
def test_a_sentence_of_the_node_is_known(kind, sentence):
    (finding,) = reported(sentence)
    assert finding.kind == kind
    assert finding.text == sentence
    assert finding.command


def test_a_modality_without_an_encoder_is_known(bundle_dir):
    with pytest.raises(BundleError) as error:
        Bundle.load(bundle_dir).encoder("points")
    (finding,) = reported(str(error.value), state="FAULT")
    assert finding.kind == "no_encoder"
    assert "operation: 1" in finding.command


def test_parameters_are_set_to_what_was_taken():
    def command(text):
        return reported(text)[0].command

    assert "string_value: centikelvin" in command(thermal_unit._GUESSES[2][0].unit.guess[0].text)
    assert "string_value: kelvin" in command(thermal_unit._GUESSES[4][0].unit.guess[0].text)
    assert "string_value: celsius" in command(thermal_unit._GUESSES[4][1].unit.guess[0].text)
    assert "name: scale" in command(thermal_unit._GUESSES[1][0].unit.guess[0].text)
    assert "string_value: z_forward" in command(point_axes._guessed("z_forward", "so").doubt.text)
    late = Lateness(single=True).check("eye", 2.0, 0.5)[0].text
    assert "name: max_age" in command(late)
    assert "double_value: 3.0" in command(late)


def test_sentences_that_are_not_known_are_told_all_the_same():
    first, second = reported("the lens is dirty | the lamp is off", (6, 7))
    assert (first.kind, first.text) == ("reported", "the lens is dirty")
    assert (second.kind, second.text) == ("reported", "the lamp is off")
    assert reported("the lens is dirty", (6,))[0].kind == "out_of_distribution"
    assert reported("the lens is dirty", state="FAULT")[0].kind == "fault"
    assert reported("") == []
