"""Writes small recordings to try `omnibind adapt` with: a folder of touch pictures, and two bags.

    python3 docs/examples/example_recordings.py --out recordings

It leaves

    recordings/touch/CLASS/OBJECT/N.png and recordings/touch/reference.png
    recordings/labelled     a bag of a camera and a thermal camera, with labels.yaml
    recordings/unlabelled   a bag of the same sensors, without labels

The gel's pictures are computed: height maps of five kinds of surface under three coloured lamps.
The camera shows photographs that come with scikit-image, and the thermal camera, which is made up
too, shows the same scene by its brightness, mirrored. So figures of these recordings tell nothing
about real sensors; the commands are the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import yaml
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from omnibind_ros.drivers.pictures import find_pictures, load_picture

CLASSES = ("bubble wrap", "corduroy", "perforated sheet", "sandpaper", "wire mesh")
OBJECTS, PRESSES = 4, 12
GEL = (120, 160)
"""Rows and columns of a gel's picture."""

LAMPS = np.array([[0.9, 0.1, 0.4], [-0.5, 0.8, 0.4], [-0.4, -0.9, 0.4]], np.float32)
"""Directions of the red, green and blue lamp: right, down, towards the camera."""

NAMES = {
    "astronaut": "person",
    "camera": "camera",
    "chelsea": "cat",
    "coffee": "cup",
    "motorcycle_left": "motorcycle",
    "rocket": "rocket",
}
"""What the photographs show."""

START, SECOND = 1_700_000_000_000_000_000, 1_000_000_000
RATE = 2
"""Messages of each sensor in a second."""

Rng = np.random.Generator
Array = npt.NDArray[Any]


def surface(kind: str, pitch: float, turn: float, rng: Rng) -> Array:
    """Return the heights of a patch of a surface, float32 [H, W], 0 to 1.

    Args:
        kind: One of `CLASSES`.
        pitch: Pixels from one element to the next.
        turn: Radians.
        rng: Draws the place on the surface.
    """
    rows, columns = np.mgrid[0 : GEL[0], 0 : GEL[1]].astype(np.float32)
    shift = rng.uniform(0, pitch, 2)
    u = (np.cos(turn) * columns + np.sin(turn) * rows + shift[0]) / pitch
    v = (np.cos(turn) * rows - np.sin(turn) * columns + shift[1]) / pitch
    round_u, round_v = u - np.rint(u), v - np.rint(v)
    apart = np.hypot(round_u, round_v)
    if kind == "bubble wrap":
        return np.sqrt(np.clip(0.2 - apart**2, 0, None)) * 2
    if kind == "corduroy":
        return 0.5 + 0.5 * np.cos(2 * np.pi * u)
    if kind == "perforated sheet":
        return (apart > 0.3).astype(np.float32)
    if kind == "wire mesh":
        return np.maximum(np.abs(round_u) < 0.12, np.abs(round_v) < 0.12).astype(np.float32)
    grains = rng.normal(size=GEL).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grains, (0, 0), pitch / 8) * pitch / 8 + 0.5)


def gel(heights: Array, rng: Rng) -> Array:
    """Return the picture of a gel over a surface, uint8 [H, W, 3], BGR as OpenCV writes it."""
    soft = cv2.GaussianBlur(heights.astype(np.float32), (0, 0), 1.5)
    down, right = np.gradient(soft * 6)
    normals = np.stack([-right, -down, np.ones_like(soft)], -1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    light = 60 + 110 * np.clip(normals @ LAMPS.T, 0, None)
    noisy = light + rng.normal(0, 2, light.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)[..., ::-1]


def write_touch(folder: Path, rng: Rng) -> None:
    """Write the folder of touch pictures."""
    for kind in CLASSES:
        for number in range(OBJECTS):
            pitch = rng.uniform(14, 30)
            place = folder / kind.replace(" ", "_") / f"object_{number}"
            place.mkdir(parents=True, exist_ok=True)
            for press in range(PRESSES):
                heights = surface(kind, pitch, rng.uniform(0, np.pi), rng) * rng.uniform(0.6, 1)
                cv2.imwrite(str(place / f"{press}.png"), gel(heights, rng))
    cv2.imwrite(str(folder / "reference.png"), gel(np.zeros(GEL, np.float32), rng))


def view(photograph: Array, rng: Rng) -> Array:
    """Return a part of a photograph, uint8 [120, 160, 3], RGB."""
    height, width = photograph.shape[:2]
    share = rng.uniform(0.75, 1.0)
    size = int(height * share), int(width * share)
    row, column = (
        int(rng.uniform(0, a - b + 1)) for a, b in zip((height, width), size, strict=True)
    )
    part = photograph[row : row + size[0], column : column + size[1]]
    return np.asarray(cv2.resize(part, (160, 120), interpolation=cv2.INTER_AREA))


def thermal(picture: Array, rng: Rng) -> Array:
    """Return a made-up thermal picture of a scene, uint16 [60, 80], centikelvin."""
    grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (80, 60))[:, ::-1]
    celsius = 15 + grey.astype(np.float32) / 255 * 20 + rng.normal(0, 0.1, grey.shape)
    return np.rint((celsius + 273.15) * 100).astype(np.uint16)


def write_bag(folder: Path, seconds: float, turns: int, rng: Rng) -> list[dict[str, Any]]:
    """Write a bag that shows the photographs in turns, and return its labels.

    Args:
        folder: Of the bag; it must not exist.
        seconds: How long each photograph is shown.
        turns: How often.
        rng: Draws what part of it is seen.
    """
    store = get_typestore(Stores.ROS2_JAZZY)
    types = store.types
    photographs = {p.stem: load_picture(p) for p in find_pictures()}
    labels, time = [], START
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        topics = {
            name: writer.add_connection(name, "sensor_msgs/msg/Image", typestore=store)
            for name in ("/image", "/thermal")
        }
        for turn in range(turns):
            for name, photograph in photographs.items():
                if photograph is None:
                    continue
                begin = (time - START) / SECOND
                for _ in range(int(seconds * RATE)):
                    picture = view(photograph, rng)
                    for topic, encoding, data in (
                        ("/image", "rgb8", picture),
                        ("/thermal", "mono16", thermal(picture, rng)),
                    ):
                        stamp = types["builtin_interfaces/msg/Time"](time // SECOND, time % SECOND)
                        header = types["std_msgs/msg/Header"](stamp=stamp, frame_id=topic[1:])
                        message = types["sensor_msgs/msg/Image"](
                            header=header,
                            height=data.shape[0],
                            width=data.shape[1],
                            encoding=encoding,
                            is_bigendian=0,
                            step=data.strides[0],
                            data=np.ascontiguousarray(data).reshape(-1).view(np.uint8),
                        )
                        raw = store.serialize_cdr(message, "sensor_msgs/msg/Image")
                        writer.write(topics[topic], time, raw)
                    time += SECOND // RATE
                end = (time - START) / SECOND - 1 / RATE
                labels.append(
                    {"start": begin, "end": end, "label": NAMES[name], "object": f"{name}_{turn}"}
                )
    return labels


def main() -> None:
    """Write the recordings."""
    parser = argparse.ArgumentParser(
        description="Writes small recordings to try `omnibind adapt` with."
    )
    parser.add_argument("--out", type=Path, default=Path("recordings"), metavar="DIR")
    parser.add_argument("--turns", type=int, default=4, metavar="N", help="of the photographs (4)")
    options = parser.parse_args()
    if options.out.exists():
        parser.error(f"{options.out} exists; give another folder for --out, or remove it")
    rng = np.random.default_rng(0)
    write_touch(options.out / "touch", rng)
    labels = write_bag(options.out / "labelled", 8, options.turns, rng)
    text = yaml.safe_dump({"topics": {"thermal": "/thermal"}, "period": 1.0, "labels": labels})
    (options.out / "labelled" / "labels.yaml").write_text(text, encoding="utf-8")
    write_bag(options.out / "unlabelled", 10, options.turns, rng)
    text = yaml.safe_dump({"topics": {"thermal": "/thermal"}, "period": 1.0})
    (options.out / "unlabelled" / "labels.yaml").write_text(text, encoding="utf-8")
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
