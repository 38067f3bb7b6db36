"""Microphones: finding devices, what is not installed, late readers, the documented parameters."""

import sys
import threading
import time
from dataclasses import fields

import pytest
import sound_server
from paths import ROOT

from omnibind_ros.drivers.microphone import QUEUE_BLOCKS, CaptureConfig, Counters, Microphone
from omnibind_ros.drivers.portaudio import (
    MicrophoneError,
    find_device,
    load_portaudio,
    stable_name,
)

DEVICES = [
    {"name": "HDA Intel: ALC257 (hw:0,0)", "max_input_channels": 2},
    {"name": "HDMI (hw:0,3)", "max_input_channels": 0},
    {"name": "USB Mic Pro: Audio (hw:1,0)", "max_input_channels": 1},
    {"name": "USB Mic", "max_input_channels": 1},
]


@pytest.mark.parametrize(
    ("name", "default", "index"),
    [("", -1, 0), ("", 2, 2), ("", 1, 0), ("usb", 0, 2), ("USB mic", 0, 3), ("alc257", 2, 0)],
)
def test_devices_are_found_by_name(name, default, index):
    assert find_device(DEVICES, name, default) == index


@pytest.mark.parametrize("name", ["HDMI", "webcam"])
def test_a_name_that_no_input_has_is_answered_with_those_there_are(name):
    with pytest.raises(MicrophoneError, match=r"'HDA Intel: ALC257 \(hw:0,0\)', 'USB Mic Pro"):
        find_device(DEVICES, name)


def test_without_any_input_it_asks_for_one():
    with pytest.raises(MicrophoneError, match="plug in a microphone"):
        find_device(DEVICES[1:2], "")


def test_a_device_that_comes_back_elsewhere_on_the_bus_is_known():
    assert stable_name("USB Mic Pro: Audio (hw:1,0)") == "USB Mic Pro: Audio"
    assert stable_name("pulse") == "pulse"


@pytest.mark.parametrize(
    ("module", "words"),
    [("raise ImportError('no')", "requirements/mic.txt"), ("raise OSError('no')", "libportaudio2")],
)
def test_what_is_not_installed_is_named(module, words, tmp_path, monkeypatch):
    (tmp_path / "sounddevice.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(MicrophoneError, match=words):
        load_portaudio()


@pytest.mark.skipif(bool(sound_server.missing()), reason=f"not installed: {sound_server.missing()}")
def test_a_late_reader_loses_the_oldest_blocks_and_they_are_counted(tmp_path, monkeypatch):
    server = sound_server.SoundServer(tmp_path)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(server.alsa_config))
    portaudio = load_portaudio()
    portaudio._terminate()
    portaudio._initialize()
    counters = Counters()
    try:
        server.plug()
        microphone = Microphone(portaudio, CaptureConfig(chunk=0.005), counters)
        try:
            deadline = time.monotonic() + 20
            while not counters.queue_overruns and time.monotonic() < deadline:
                time.sleep(0.05)
            read = [microphone.read(1.0, threading.Event()) for _ in range(QUEUE_BLOCKS)]
        finally:
            microphone.close()
    finally:
        server.close()
    assert counters.queue_overruns > 0
    assert [b.taken for b in read] == sorted(b.taken for b in read)
    assert time.monotonic() - read[-1].taken < 5.0


def test_the_docs_name_every_parameter():
    text = (ROOT / "docs" / "how-to" / "microphone.md").read_text()
    for spec in fields(CaptureConfig):
        default, meta = getattr(CaptureConfig(), spec.name), spec.metadata
        allowed = "any" if meta["low"] is None else f"{meta['low']} .. {meta['high']:.12g}"
        row = f"| `{spec.name}` | `{default!r}` | {allowed} | {meta['description']} |"
        assert row in text, row
