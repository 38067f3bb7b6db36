"""A sound server of the test's own, with a virtual microphone to plug in and pull out."""

import os
import shutil
import subprocess
import time
from ctypes.util import find_library
from importlib.util import find_spec
from pathlib import Path

import numpy as np

NAME = "Virtual USB microphone"
ALSA_PLUGIN = "alsa-lib/libasound_module_pcm_pulse.so"


def missing():
    """Say what is not installed that the server needs; empty if nothing."""
    needed = [
        *(tool for tool in ("pulseaudio", "pactl", "pacat") if not shutil.which(tool)),
        *([] if list(Path("/usr/lib").glob(f"*/{ALSA_PLUGIN}")) else ["libasound2-plugins"]),
        *([] if find_library("portaudio") else ["libportaudio2"]),
        *([] if find_spec("sounddevice") else ["sounddevice"]),
    ]
    return ", ".join(needed)


class SoundServer:
    """PulseAudio, reached through ALSA's plugin, as PortAudio reaches a robot's sound server."""

    def __init__(self, folder):
        self._folder = folder
        self._socket = folder / "native"
        self._module = None
        self._env = {
            **os.environ,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder / "run"),
            "PULSE_SERVER": f"unix:{self._socket}",
        }
        (folder / "run").mkdir()
        self.alsa_config = folder / "asoundrc"
        self.alsa_config.write_text(
            "</usr/share/alsa/alsa.conf>\n"  # without it ALSA ends the process
            f'pcm."{NAME}" {{ type pulse server "unix:{self._socket}" device "virtual.monitor" }}\n'
        )
        with (folder / "pulseaudio.log").open("wb") as log:
            self._server = subprocess.Popen(
                [
                    *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"),
                    *("--use-pid-file=no", "--disable-shm=yes", "-L"),
                    f"module-native-protocol-unix socket={self._socket} auth-anonymous=1",
                ],
                env=self._env,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._players = []
        deadline = time.monotonic() + 10
        while not self._socket.exists():
            assert time.monotonic() < deadline, (folder / "pulseaudio.log").read_text()
            time.sleep(0.05)

    def _pactl(self, *command):
        done = subprocess.run(
            ["pactl", *command],
            check=False,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=10,
        )
        assert not done.returncode, done.stderr
        return done.stdout.strip()

    def plug(self, pitch=440.0):
        """Plug the microphone in; it hears a sine."""
        self._module = self._pactl("load-module", "module-null-sink", "sink_name=virtual")
        wave = 0.5 * np.sin(2 * np.pi * pitch * np.arange(60 * 16000) / 16000)
        file = self._folder / "tone.raw"
        file.write_bytes((wave * 32767).astype("<i2").tobytes())
        play = ["pacat", "--playback", "--device=virtual", "--format=s16le", "--rate=16000"]
        self._players.append(
            subprocess.Popen([*play, "--channels=1", str(file)], env=self._env, stderr=-3)
        )

    def pull(self):
        """Pull the microphone out."""
        self._pactl("unload-module", self._module)

    def close(self):
        for process in (*self._players, self._server):
            process.terminate()
            process.wait(10)
