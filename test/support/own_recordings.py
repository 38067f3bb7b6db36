"""Recordings of one's own sensors as a user of `omnibind adapt` has them: small and simulated."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import yaml
from rosbags.rosbag2 import StoragePlugin, Writer

from omnibind_ros.bags.moments import Message
from omnibind_ros.bags.teach import TeachFilter
from omnibind_ros.bags.writing import BagWriter
from omnibind_ros.datasets.readers.bags.files import typestore

GEL = ("ball", "brush", "comb")
"""Classes of the touch pictures: one, two or three spots."""


def spots(kind, rng, shape=(48, 64)):
    """Return kind + 1 smooth spots near each other, float32 [H, W], 0 to 1."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    total = np.zeros(shape, np.float32)
    for spot in range(kind + 1):
        centre = 13 + 17 * spot + rng.normal(0, 1.5), shape[0] / 2 + rng.normal(0, 4)
        total += np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 40)
    return total.clip(0, 1)


def touch_folder(
    root, *, labels=GEL, objects=4, files=7, seed=0, change=90, said=lambda label, split: label
):
    """Write CLASS/OBJECT/FILE of a simulated gel, with its picture at rest and folder.yaml.

    Args:
        root: The folder.
        labels: The classes; the n-th is pressed with n spots.
        objects: Of each class. The last one is for test, the one before for validation.
        files: Contacts of each object.
        seed: Of the noise.
        change: By how much a contact is brighter than the gel at rest.
        said: Returns the name of the class folder of a class and a split, such as a wrong one.
    """
    rng = np.random.default_rng(seed)
    rest = np.full((48, 64, 3), (120, 110, 130), np.uint8)
    split = {"validation": [], "test": []}
    for kind, label in enumerate(labels):
        for number in range(objects):
            where = {objects - 1: "test", objects - 2: "validation"}.get(number, "train")
            name = f"{said(label, where)}/{label}{number}"
            folder = root / name
            folder.mkdir(parents=True)
            if where in split:
                split[where].append(name)
            for file in range(files):
                pressed = rest + change * spots(kind, rng)[..., None] + rng.normal(0, 1, rest.shape)
                cv2.imwrite(str(folder / f"{file}.png"), pressed.clip(0, 255).astype(np.uint8))
    cv2.imwrite(str(root / "reference.png"), rest)
    (root / "folder.yaml").write_text(yaml.safe_dump({"modality": "touch", "split": split}))
    return root


START, SECOND = 1_700_000_000_000_000_000, 1_000_000_000
SEEN = {"cup": "coffee", "cat": "chelsea", "rocket": "rocket"}
"""Labels that the shipped bundle knows, and photographs of such things in scikit-image."""


def photographs():
    """Return a picture of each label of SEEN, uint8 [96, 96, 3]."""
    data = pytest.importorskip("skimage.data")
    return [cv2.resize(getattr(data, name)()[..., :3], (96, 96)) for name in SEEN.values()]


def event_arrays(shown, rng):
    """Return x, y, t and p of 900 events within 50 ms, where a picture [H, W] is bright."""
    place = rng.choice(shown.size, 900, p=shown.ravel() / shown.sum())
    return (
        (place % shown.shape[1]).astype(np.uint16),
        (place // shown.shape[1]).astype(np.uint16),
        np.sort(rng.integers(0, 50_000_000, 900)).astype(np.uint32),
        rng.integers(0, 2, 900).astype(np.uint8),
    )


class Recording:
    """Writes a bag of a camera, a thermal camera and an event camera that look at the same."""

    def __init__(self, folder, kinds, *, rate=2.0, seed=0):
        """Create it.

        Args:
            folder: The bag's folder, which must not exist.
            kinds: What is before the sensors, a kind of SEEN for each second.
            rate: Messages of each sensor a second.
            seed: Of the noise.
        """
        self._folder, self._kinds, self._rate, self._seed = folder, kinds, rate, seed
        self._store = typestore()

    def write(self, sensors=("image", "thermal"), labels="", when=None):
        """Write the bag and return its folder.

        Args:
            sensors: Of image, thermal and event.
            labels: The text of labels.yaml.
            when: By sensor, a function of the second of a happening; it returns the second at which
                it is recorded, or None where it is not.
        """
        with Writer(self._folder, version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
            connections = {}
            for time, sensor, name, data in self.messages(sensors, when):
                if sensor not in connections:
                    connections[sensor] = writer.add_connection(
                        f"/{sensor}", name, typestore=self._store
                    )
                writer.write(connections[sensor], time, data)
        if labels:
            (self._folder / "labels.yaml").write_text(labels)
        return self._folder

    def write_taught(self, spans):
        """Write the bag as `omnibind bag record --teach` does, and return its folder.

        Args:
            spans: (start, end, label, object) of each enrolment, in seconds, in their order.
        """
        topic, name = "/perception/teaching", "omnibind_msgs/msg/Teaching"
        kept, to_come, types = [], list(spans), {topic: name}
        teach = TeachFilter(kept.extend, 1 << 28, always={topic})
        for time, sensor, kind, data in self.messages(("image", "thermal")):
            types[f"/{sensor}"] = kind
            while to_come and START + to_come[0][1] * SECOND <= time:
                start, end = (START + at * SECOND for at in to_come[0][:2])
                told = self._teaching(start, end, *to_come.pop(0)[2:])
                teach.add(Message(topic, time, bytes(self._store.serialize_cdr(told, name))))
                teach.enrolled(start, end, time)
            teach.add(Message(f"/{sensor}", time, bytes(data)))
        writer = BagWriter(self._folder)
        for each, kind in types.items():
            writer.add_topic(each, kind, store=self._store)
        for message in kept:
            writer.write(message.topic, message.time, message.data)
        writer.close()
        return self._folder

    def messages(self, sensors, when=None):
        """Yield time in ns, sensor, type and data of all messages, by time; see `write`."""
        times = np.arange(0, len(self._kinds), 1 / self._rate)
        rows = [
            (at, sensor, int(time))
            for sensor in sensors
            for time in times.tolist()
            if (at := (when or {}).get(sensor, float)(time)) is not None
        ]
        noise, pictures = np.random.default_rng(self._seed), photographs()
        # What is before the sensors stays where it is until it changes.
        since = np.cumsum([0, *(np.diff(self._kinds) != 0)])
        for at, sensor, second in sorted(rows):
            time = START + round(at * SECOND)
            where = np.random.default_rng([self._seed, since[second]])
            kind = self._kinds[second]
            shown = pictures[kind] if sensor == "image" else spots(kind, where)
            message = getattr(self, f"_{sensor}")(self._header(time), shown, noise)
            name = message.__msgtype__
            yield time, sensor, name, self._store.serialize_cdr(message, name)

    def _teaching(self, start, end, label, thing):
        stamp = self._store.types["builtin_interfaces/msg/Time"]
        return self._store.types["omnibind_msgs/msg/Teaching"](
            header=self._header(end),
            action=1,
            label=label,
            new_label="",
            object=thing,
            labels=[],
            sensors=["image", "thermal"],
            start=stamp(sec=start // SECOND, nanosec=start % SECOND),
            end=stamp(sec=end // SECOND, nanosec=end % SECOND),
        )

    def _header(self, time):
        types = self._store.types
        stamp = types["builtin_interfaces/msg/Time"](sec=time // SECOND, nanosec=time % SECOND)
        return types["std_msgs/msg/Header"](stamp=stamp, frame_id="sensor")

    def _picture(self, header, encoding, rows):
        return self._store.types["sensor_msgs/msg/Image"](
            header=header,
            height=rows.shape[0],
            width=rows.shape[1],
            encoding=encoding,
            is_bigendian=0,
            step=rows.strides[0],
            data=np.ascontiguousarray(rows).reshape(-1).view(np.uint8),
        )

    def _image(self, header, shown, noise):
        noisy = shown + noise.normal(0, 4, shown.shape)
        return self._picture(header, "rgb8", noisy.clip(0, 255).astype(np.uint8))

    def _thermal(self, header, shown, noise):
        celsius = 21 + 9 * shown + noise.normal(0, 0.05, shown.shape)
        return self._picture(header, "mono16", ((celsius + 273.15) * 100).astype(np.uint16))

    def _event(self, header, shown, noise):
        x, y, t, p = event_arrays(shown, noise)
        kind = self._store.types["omnibind_msgs/msg/Events"]
        return kind(header=header, width=64, height=48, x=x, y=y, t=t, p=p)


def labelled_bag(folder, *, objects=4, each=8, labels=tuple(SEEN), sensors=None):
    """Write a bag in which each object of each class is shown for `each` seconds; return it."""
    shown = [(kind, n) for n in range(objects) for kind in range(len(labels))]
    kinds = [kind for kind, _ in shown for _ in range(each)]
    spans = [
        {"start": each * i, "end": each * (i + 1), "label": labels[k], "object": f"{labels[k]}{n}"}
        for i, (k, n) in enumerate(shown)
    ]
    text = yaml.safe_dump({"labels": spans, "period": 1.0})
    return Recording(folder, kinds).write(sensors or ("image", "thermal", "event"), text)


def taught_bag(folder, *, objects=4, each=11):
    """Write a bag in which each object of each class is shown, and enrolled for all but 3 s."""
    shown = [(kind, n) for n in range(objects) for kind in range(len(SEEN))]
    kinds = [kind for kind, _ in shown for _ in range(each)]
    names = tuple(SEEN)
    spans = [
        (each * i + 1, each * (i + 1) - 2, names[kind], f"{names[kind]}{n}")
        for i, (kind, n) in enumerate(shown)
    ]
    return Recording(folder, kinds).write_taught(spans)


def stream_kinds(seconds, seed=0):
    """Return what is seen each second, with changes at random times."""
    rng = np.random.default_rng(seed)
    kinds = []
    while len(kinds) < seconds:
        kinds += [int(rng.integers(len(SEEN)))] * int(rng.integers(2, 7))
    return kinds[:seconds]
