"""A perception node, a camera and a listener on a machine whose /dev/shm gets full.

Run as a program in a mount namespace of its own, in which /dev/shm is a small tmpfs:
`python3 full_shared_memory.py WHEN FREE FOLDER`. WHEN is "before" (full when the processes start),
"between" (when the camera starts, but not when the node did) or "later" (full while they run, and
free again afterwards); FREE is how many bytes are left. It prints what it saw as JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

from conftest import NodeProcess, Probe
from perception_client import PerceptionClient, photograph

FILLER = Path("/dev/shm/filler")
SECONDS = 60.0


FRAMES = 100
"""Pictures of 0.9 MB: more than the segment of a process has space for, so that all is written."""


def fill(free):
    """Write until only so many bytes are free, and return how many are."""
    with FILLER.open("wb", buffering=0) as file:
        for size in (2**20, 4096):
            while space() >= free + size:
                file.write(bytes(size))
    return space()


def space():
    place = os.statvfs("/dev/shm")
    return place.f_bavail * place.f_frsize


def results(client):
    """Show a photograph many times, and return whether results came until the end."""
    begin, frames = len(client.messages()), client.published
    end = time.monotonic() + SECONDS

    def done():
        if client.published < frames + FRAMES:
            return False
        return len(client.messages()) > begin + 3 or time.monotonic() > end

    client.publish_image(photograph("coffee"), done, 2 * SECONDS)
    return len(client.messages()) > begin + 3


def main(when, free, folder):
    seen = {}
    if when == "before":
        seen["free"] = fill(int(free))
    node = NodeProcess("omnibind_ros.nodes.perception_node", Path(folder) / "node.log")
    if when == "between":
        while "bundle" not in node.output() and node.alive():
            time.sleep(0.1)
        seen["free"] = fill(int(free))
    client = PerceptionClient(Probe(), node)
    seen["begun"] = results(client)
    if when == "later":
        seen["free"] = fill(int(free))
        seen["full"] = results(client)
    FILLER.unlink()
    seen["again"] = results(client)
    seen |= {"alive": node.alive(), "log": node.output()}
    node.stop()
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
