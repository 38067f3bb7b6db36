"""Draws what the simulated robot's camera sees on its way through the furnished room.

Usage: python3 tools/room_picture.py OUT.jpg [--objects 0 1 2] [--seed 0] [--count 12]

A row for each object of the room that is named by its number: on the way to it, at the arrival, and
later. The room is that of the robot simulator with the same seed and count.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from omnibind_ros.datasets.household.things import SHIPPED, find_things
from omnibind_ros.simulation.interface import Subject
from omnibind_ros.simulation.language.descriptions import load_descriptions
from omnibind_ros.simulation.rendering.light import to_srgb
from omnibind_ros.simulation.robot.rendered import furnished
from omnibind_ros.simulation.robot.rendering import Stand, robot_steps
from omnibind_ros.simulation.robot.story import ordered
from omnibind_ros.simulation.scene.ray_casting import Scene

APPROACH = 2.0
SECONDS = (0.0, 0.7, 1.2, 1.6, 2.0, 4.0, 8.0)
"""Of the pictures in a row, from the begin of the way on."""


def main() -> None:
    """Draw, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="the picture")
    parser.add_argument("--objects", type=int, nargs="*", default=[0, 1, 2, 5, 7])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=12)
    options = parser.parse_args()
    things = ordered(find_things(SHIPPED), options.seed, options.count)
    room, ids = furnished(tuple(things), options.seed)
    descriptions = load_descriptions()
    rows = []
    for place in options.objects:
        thing = next(each for each in things if each.object_id == ids[place])
        model = room.models[place]
        own = descriptions[thing.label].of(model.name)
        subject = Subject(model, thing.label, own, thing.words, Scene(model), thing.finest)
        stand = Stand(room, place, APPROACH)
        steps = robot_steps(subject, options.seed, max(SECONDS), stand, SECONDS)
        rows.append(np.concatenate([to_srgb(step.radiance) for step in steps], axis=1))
    picture = np.rint(np.concatenate(rows) * 255).astype(np.uint8)
    Image.fromarray(picture).save(options.out, quality=80)
    print(
        f"{options.out}: {len(rows)} of {len(ids)} objects, a room of {room.size[0]:.1f} x "
        f"{room.size[1]:.1f} m"
    )


if __name__ == "__main__":
    main()
