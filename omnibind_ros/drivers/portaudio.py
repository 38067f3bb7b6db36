"""The library PortAudio: loading it, and finding input devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any


class MicrophoneError(ValueError):
    """A microphone cannot be used, or is used no more; the text is one sentence."""


def load_portaudio() -> ModuleType:
    """Return the module sounddevice.

    Raises:
        MicrophoneError: It or the library PortAudio is not installed.
    """
    try:
        import sounddevice  # noqa: PLC0415 - optional, and its import starts PortAudio
    except ImportError as error:
        raise MicrophoneError(
            "the Python package sounddevice is not installed; install it with "
            "`pip install -r requirements/mic.txt`"
        ) from error
    except OSError as error:
        raise MicrophoneError(
            f"the library PortAudio is missing ({error}); install it with "
            "`sudo apt-get install libportaudio2`"
        ) from error
    return sounddevice


def input_names(devices: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the devices that have inputs."""
    return [str(device["name"]) for device in devices if device["max_input_channels"] > 0]


def find_device(devices: Sequence[Mapping[str, Any]], name: str, default: int = -1) -> int:
    """Return the index of an input device.

    Args:
        devices: name and max_input_channels of each, as sounddevice lists them.
        name: The device's name or a part of it, in any case. A device of exactly this name takes
            precedence over one whose name contains it, and an earlier device over a later one.
            Empty for the default device.
        default: Index of the default device; -1 if there is none: then it is the first input.

    Raises:
        MicrophoneError: There is no such device.
    """
    inputs = [i for i, device in enumerate(devices) if device["max_input_channels"] > 0]
    if not inputs:
        raise MicrophoneError("there is no input device; plug in a microphone")
    if not name:
        return default if default in inputs else inputs[0]
    wanted = name.casefold()
    names = {i: str(devices[i]["name"]).casefold() for i in inputs}
    equal = [i for i in inputs if names[i] == wanted]
    partial = [i for i in inputs if wanted in names[i]]
    if equal or partial:
        return (equal or partial)[0]
    available = ", ".join(f"'{name}'" for name in input_names(devices))
    raise MicrophoneError(
        f"no input device has the name '{name}', available are {available}; plug it in or set the "
        "parameter device"
    )


def stable_name(name: str) -> str:
    """Return the part of a device's name that stays when it is plugged in elsewhere.

    ALSA's names end in the numbers of card and device, as in 'USB Mic: Audio (hw:1,0)'.
    """
    return name.rpartition(" (hw:")[0] or name


def default_input(portaudio: ModuleType) -> int:
    """Return the index of the default input device; -1 if there is none."""
    try:
        return int(portaudio.query_devices(kind="input")["index"])
    except (portaudio.PortAudioError, ValueError):
        return -1
