"""Gel images become differences from the pad at rest, which is given or learnt."""

import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_messages import attempt, image_message

from omnibind_ros.runtime.buffer import Arrival
from omnibind_ros.runtime.decoding import Decoder
from omnibind_ros.sensors import Chunk, NotReadyError, RejectedSampleError, SensorRegistry
from omnibind_ros.sensors import touch_reference as policy
from omnibind_ros.sensors.image import FORMATS
from omnibind_ros.sensors.touch import (
    MAX_TOUCH_PIXELS,
    SENSOR_TYPES,
    TouchOptions,
    decode_compressed_touch,
    decode_touch,
    make_touch_combiner,
)

HEIGHT, WIDTH = 120, 160
FRAME_NS = 10**9 // 60


class Pad:
    """A gel pad under three lamps whose camera has noise, at 60 images a second."""

    def __init__(self, noise=2.0, height=HEIGHT, width=WIDTH):
        y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
        self.rest = np.stack([90 + 60 * x, 140 - 50 * y, 100 + 40 * (y - x)], -1)
        self.noise = noise
        self._rng = np.random.default_rng(0)
        self.stamp_ns = 10**18
        self.combine = make_touch_combiner(TouchOptions())

    def image(self, change=0.0):
        seen = self.rest + change + self._rng.normal(0, self.noise, self.rest.shape)
        return np.clip(np.round(seen), 0, 255).astype(np.uint8)

    def contact(self, counts=50.0, radius=0.15):
        """A round contact in the middle; counts at its centre."""
        y, x = np.mgrid[-0.5 : 0.5 : self.rest.shape[0] * 1j, -0.5 : 0.5 : self.rest.shape[1] * 1j]
        bump = np.maximum(1 - (x**2 + y**2) / radius**2, 0)
        return counts * bump[..., None] * [1.0, -0.5, 0.3]

    def see(self, change=0.0, wait_ns=FRAME_NS):
        self.stamp_ns += wait_ns
        return self.combine([Chunk(self.image(change), self.stamp_ns)])

    def settle(self):
        for _ in range(policy.SETTLE_FRAMES - 1):
            with pytest.raises(NotReadyError):
                self.see()
        return self.see()


def test_the_pad_at_rest_is_learnt_from_still_frames():
    pad = Pad()
    first = pad.settle()
    assert first.dtype == np.float32
    assert first.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(first).mean() < 2 / 255
    change = pad.contact()
    assert np.abs(pad.see(change) - change / 255).mean() < 2.5 / 255


def test_until_then_the_sentence_says_how_far_it_is():
    pad = Pad()
    with pytest.raises(NotReadyError, match=r"\(1 of 10 still frames\); do not touch the pad"):
        pad.see()
    with pytest.raises(NotReadyError, match=r"\(2 of 10"):
        pad.see()


def test_the_user_is_told_once_when_the_picture_of_the_free_pad_was_taken():
    kind = next(kind for kind in SENSOR_TYPES if kind.message == "sensor_msgs/msg/Image")
    kind = replace(kind, decode=lambda image, _: image, full_size=None)
    pad, decoder = Pad(), Decoder(kind, TouchOptions())
    notices = {}
    for number in range(1, 40):
        pad.stamp_ns += FRAME_NS
        arrival = Arrival(pad.image(), pad.stamp_ns, "", 0.0)
        reading = decoder.read([arrival])
        if reading.notice:
            notices[number] = reading.notice
    assert list(notices) == [policy.SETTLE_FRAMES]
    assert notices[policy.SETTLE_FRAMES].startswith("the picture of the free pad has been taken")


@pytest.mark.parametrize("changes", [np.arange(60.0), 30 * (np.arange(60.0) % 2)])
def test_what_moves_while_it_is_taken_begins_it_anew(changes):
    pad = Pad()
    for counts in changes:  # pressed ever harder, or tapped
        with pytest.raises(NotReadyError):
            pad.see(pad.contact(counts))
    assert np.abs(pad.settle()).mean() < 2 / 255


def test_the_first_frames_of_a_camera_that_starts_do_not_count():
    pad = Pad()
    for _ in range(5):
        with pytest.raises(NotReadyError):
            pad.see([-60.0, 60.0, -60.0])  # green, as a DIGIT's first frames are
    assert np.abs(pad.settle()).mean() < 2 / 255


def test_a_dark_pad_is_no_reference():
    pad = Pad()
    for _ in range(policy.SETTLE_FRAMES + 1):
        with pytest.raises(RejectedSampleError, match=r"is dark \(mean . of 255\).*lamps"):
            pad.see(-250.0)
    pad.settle()


def test_a_restless_pad_gets_a_reference_too():
    pad = Pad(noise=0)
    flicker = np.random.default_rng(1)

    def ready():
        try:
            pad.see(flicker.uniform(-4, 4))
        except NotReadyError:
            return False
        return True

    assert not any(ready() for _ in range(policy.PATIENCE))
    assert any(ready() for _ in range(3 * policy.PATIENCE))


def test_slow_drift_is_followed_and_a_long_contact_is_not():
    pad = Pad()
    pad.settle()
    warm = np.linspace(0, 6, 60)
    for drift in warm:  # a minute
        pad.see(drift * np.array([1.0, 0.8, 0.6]), wait_ns=10**9)
    drift = warm[-1] * np.array([1.0, 0.8, 0.6])
    assert np.abs(pad.see(drift)).mean() < 3 / 255
    change = pad.contact(40)
    for _ in range(60):
        sample = pad.see(drift + change, wait_ns=10**9)
    assert sample[HEIGHT // 2, WIDTH // 2 - 5 : WIDTH // 2 + 5, 0].mean() > 30 / 255
    assert np.abs(pad.see(drift)).mean() < 3 / 255


def test_a_light_touch_is_not_taken_for_drift():
    pad = Pad()
    pad.settle()
    change = pad.contact(12, radius=0.1)
    for _ in range(60):
        sample = pad.see(change, wait_ns=10**9)
    middle = sample[HEIGHT // 2 - 5 : HEIGHT // 2 + 5, WIDTH // 2 - 5 : WIDTH // 2 + 5, 0]
    assert middle.mean() > 7 / 255


def test_a_lamp_that_changes_is_followed_slowly():
    pad = Pad()
    pad.settle()
    assert pad.see(20.0).mean() == pytest.approx(20 / 255, abs=2 / 255)
    for _ in range(120):
        sample = pad.see(20.0, wait_ns=5 * 10**8)
    assert abs(sample.mean()) < 1 / 255


def test_a_changed_resolution_takes_the_reference_anew():
    pad = Pad()
    pad.settle()
    other = Pad(height=60, width=80)
    other.combine = pad.combine
    assert other.settle().shape == (60, 80, 3)


def test_a_clock_that_jumps_back_changes_nothing():
    pad = Pad()
    pad.settle()
    pad.stamp_ns = 0
    assert np.abs(pad.see()).mean() < 2.5 / 255


def test_the_same_frames_give_the_same_samples():
    one, other = Pad(), Pad()
    one.settle()
    other.settle()
    for change in (0.0, one.contact(), 3.0):
        np.testing.assert_array_equal(
            one.see(change, wait_ns=10**9), other.see(change, wait_ns=10**9)
        )


@pytest.mark.parametrize("extension", [".png", ".jpg"])
def test_a_reference_is_read_from_a_file(tmp_path, extension):
    pad = Pad(noise=0)
    path = tmp_path / f"pad{extension}"
    cv2.imwrite(str(path), pad.image()[..., ::-1])
    combine = make_touch_combiner(TouchOptions(reference=str(path)))
    sample = combine([Chunk(pad.image(pad.contact()), 0)])
    limit = (0.5 if extension == ".png" else 3) / 255
    assert np.abs(sample - pad.contact() / 255).mean() < limit
    with pytest.raises(RejectedSampleError, match="is 80 x 60 pixels but its reference 160 x 120"):
        combine([Chunk(np.zeros((60, 80, 3), np.uint8), 0)])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"hello", "no PNG or JPEG"),
        (b"", "no PNG or JPEG"),
        (b"\xff\xd8\xff0000", "or damaged"),
        ("folder", "no file of at most"),
    ],
)
def test_a_bad_reference_is_one_sentence(tmp_path, content, words):
    path = tmp_path / "pad.png"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=words) as error:
        make_touch_combiner(TouchOptions(reference=str(path)))
    assert "set the parameter reference to a PNG or JPEG" in str(error.value)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(0, 9),
    st.booleans(),
    st.sampled_from(list(FORMATS)),
    st.randoms(use_true_random=False),
)
def test_every_encoding_and_padding_decodes(height, width, padding, last_padding, encoding, random):
    channels = FORMATS[encoding].channels
    pixels = np.frombuffer(random.randbytes(height * width * channels), np.uint8)
    pixels = pixels.reshape((height, width, channels) if channels > 1 else (height, width))
    msg = image_message(pixels, encoding, padding, last_padding=last_padding)
    before = msg.data.tobytes()
    out, sentence = attempt(decode_touch, msg)
    if out is None:
        assert "even width" in sentence or "2 x 2" in sentence
    else:
        assert out.dtype == np.uint8
        assert out.shape == (height, width, 3)
        np.testing.assert_array_equal(out, decode_touch(msg))
        if encoding == "rgb8":
            np.testing.assert_array_equal(out, pixels)
    assert msg.data.tobytes() == before


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(1, 40), st.integers(1, 40))
def test_any_images_are_combined_without_being_changed(data, height, width):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    combine = make_touch_combiner(TouchOptions())
    for i in range(2 * policy.SETTLE_FRAMES):
        image = rng.integers(0, 256, (height, width, 3), np.uint8)
        if data.draw(st.booleans()):
            image[:] = 100
        before = image.copy()
        image.flags.writeable = False
        try:
            sample = combine([Chunk(image, i * 10**9)])
        except (NotReadyError, RejectedSampleError):
            continue
        finally:
            np.testing.assert_array_equal(image, before)
        assert sample.shape == image.shape
        assert -1 <= sample.min() <= sample.max() <= 1


def test_an_image_a_hundred_times_larger_is_reduced():
    pixels = np.full((2464, 3280, 3), 77, np.uint8)
    msg = image_message(pixels, "rgb8")
    combine = make_touch_combiner(TouchOptions())
    tracemalloc.start()
    try:
        out = decode_touch(msg)
        with pytest.raises(NotReadyError):
            combine([Chunk(out, 0)])
        assert tracemalloc.get_traced_memory()[1] < pixels.nbytes
    finally:
        tracemalloc.stop()
    assert out.shape[0] * out.shape[1] <= MAX_TOUCH_PIXELS
    assert out.shape[1] / out.shape[0] == pytest.approx(3280 / 2464, rel=0.01)
    assert (out == 77).all()


@pytest.mark.parametrize(("height", "width"), [(1, 700_000), (700_000, 1), (481, 640)])
def test_large_images_of_any_shape_are_reduced(height, width):
    out = decode_touch(image_message(np.full((height, width), 50, np.uint8), "mono8"))
    assert out.size < height * width * 3
    assert (out == 50).all()


def test_a_compressed_gel_image_is_the_same():
    pad = Pad(noise=0)
    data = cv2.imencode(".png", pad.image()[..., ::-1])[1].tobytes()
    out = decode_compressed_touch(SimpleNamespace(format="png", data=data))
    np.testing.assert_array_equal(out, pad.image())
    kind = SensorRegistry.installed().find("touch", "sensor_msgs/CompressedImage")
    assert kind.decode is decode_compressed_touch
    assert kind.options is TouchOptions
