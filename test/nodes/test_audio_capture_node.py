"""The microphone node on a real sound server, its microphone pulled out and plugged in again."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

import sound_server
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.qos import qos_profile_sensor_data

from omnibind_msgs.msg import Audio, SensorStatus

needs_server = pytest.mark.skipif(
    bool(sound_server.missing()), reason=f"not installed: {sound_server.missing()}"
)


@pytest.fixture
def server(tmp_path, monkeypatch):
    made = sound_server.SoundServer(tmp_path)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(made.alsa_config))
    yield made
    made.close()


def parameters(**values):
    return [part for name, value in values.items() for part in ("-p", f"{name}:={value}")]


@pytest.fixture
def heard(probe):
    """What arrives on the topic audio."""
    probe.subscribe(Audio, "audio", qos_profile_sensor_data)
    probe.subscribe(DiagnosticArray, "/diagnostics")
    return lambda: [msg for _, msg in probe.arrivals["audio"]]


def diagnosed(probe, level):
    return [
        status
        for _, msg in probe.arrivals["/diagnostics"]
        for status in msg.status
        if status.name == "audio_capture: microphone" and status.level == level
    ]


def seconds(stamp):
    return stamp.sec + stamp.nanosec * 1e-9


@needs_server
def test_it_publishes_what_the_microphone_hears(server, probe, heard, start_node):
    server.plug(pitch=440.0)
    node = start_node(
        "audio_capture_node",
        *parameters(device="usb", sample_rate=48000, channels=2, frame_id="ear"),
    )
    assert probe.spin(lambda: len(heard()) >= 200, 30), node.output()
    messages = heard()[-100:]
    assert {(m.sample_rate, m.channels, m.header.frame_id) for m in messages} == {(48000, 2, "ear")}
    assert {len(m.samples) for m in messages} == {1920}
    left = np.concatenate([m.samples[::2] for m in messages])
    loudest = np.abs(np.fft.rfft(left * np.hanning(left.size))).argmax() * 48000 / left.size
    assert loudest == pytest.approx(440.0, abs=1.0)
    delays = [arrival - seconds(m.header.stamp) for arrival, m in probe.arrivals["audio"][-100:]]
    assert 0.02 <= np.median(delays) < 0.5  # a chunk is complete 20 ms after its first sample
    assert probe.spin(lambda: diagnosed(probe, DiagnosticStatus.OK), 5)
    values = {v.key: v.value for v in diagnosed(probe, DiagnosticStatus.OK)[-1].values}
    assert values["name"] == sound_server.NAME
    assert values["queue_overruns"] == "0"
    assert f"'{sound_server.NAME}'" in node.output()
    assert node.stop() == 0
    assert "Traceback" not in node.output()


@needs_server
def test_pulled_out_it_is_absent_and_plugged_in_again_fresh(
    server, seven_bundle, probe, heard, start_node, start_perception
):
    client = start_perception(
        *parameters(bundle=seven_bundle, sensors="[mic]"),
        *("-p", "sensor.mic.modality:=audio"),
        ready=False,
    )
    client.close()

    def becomes(state):
        assert probe.spin(lambda: client.sensor("mic").state == state, 30), (
            client.process.output() + node.output()
        )

    # Started before there is a microphone.
    node = start_node("audio_capture_node", *parameters(device="usb"))
    assert probe.spin(lambda: diagnosed(probe, DiagnosticStatus.ERROR), 20), node.output()
    becomes(SensorStatus.ABSENT)
    for _ in range(2):
        server.plug()
        becomes(SensorStatus.FRESH)
        before = len(client.messages())
        assert probe.spin(lambda before=before: len(client.messages()) > before)
        assert client.messages()[-1].sensors == ["mic"]
        server.pull()
        becomes(SensorStatus.ABSENT)
    assert node.alive()
    assert "Traceback" not in node.output()


def test_a_wrong_parameter_is_one_sentence(probe, start_node):
    node = start_node("audio_capture_node", *parameters(chunk=7.0))
    assert probe.spin(lambda: not node.alive(), 20)
    assert node.stop() == 1
    assert "parameter chunk is '7.0', but must be in 0.005 .. 1.0" in node.output()
    assert "Traceback" not in node.output()
