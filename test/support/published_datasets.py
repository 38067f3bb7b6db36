"""Makes tiny copies of published sets, in the layouts that their authors publish."""

from __future__ import annotations

import json

import cv2
import numpy as np
import soundfile

OFF = "{header}3 1 0\n0 0 0\n2 0 0\n0 1 1\n3 0 1 2\n"
OBJ = "v 0 0 0\nv 2 0 0\nv 0 1 1\nf 1 2 3\n"
SYNSETS = {"n02084071": "dog, domestic dog", "n02121808": "cat"}


def put(path, data=b""):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, str):
        path.write_text(data, encoding="utf-8")
    else:
        path.write_bytes(data)
    return path


def picture(path, colour=(200, 100, 50), size=(48, 64)):
    """Write a picture of one RGB colour, with a lighter square in the middle."""
    pixels = np.full((*size, 3), colour[::-1], np.uint8)
    pixels[size[0] // 3 : -size[0] // 3, size[1] // 3 : -size[1] // 3] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return path


def sound(path, rate=44_100, seconds=0.5, channels=1):
    time = np.arange(int(rate * seconds)) / rate
    tone = np.tile((0.5 * np.sin(2 * np.pi * 440 * time))[:, None], (1, channels))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone, rate)
    return path


def atis(path, events):
    """Write events (x, y, polarity, microseconds) as the ATIS camera's 5 bytes each."""
    data = bytearray()
    for x, y, polarity, time in events:
        data += bytes((x, y, polarity << 7 | time >> 16, time >> 8 & 0xFF, time & 0xFF))
    return put(path, bytes(data))


def imagenet(root):
    lines = [f"{synset} {names}" for synset, names in SYNSETS.items()]
    put(root / "LOC_synset_mapping.txt", "\n".join(lines) + "\n")
    for part in ("train", "val"):
        for synset in SYNSETS:
            picture(root / part / synset / f"{synset}_{part}.JPEG")
    return root


def touch_and_go(root):
    recording = root / "dataset" / "20220601_182052"
    for number in range(40):
        name = f"{number:010}.jpg"
        picture(recording / "video_frame" / name)
        picture(recording / "gelsight_frame" / name, (250 if number >= 30 else 90, 90, 90))
    put(root / "category_reference.txt", "'Concrete': 0 (1)\n'Wood': 3\n'Inconclusive': -1\n")
    lines = [f"20220601_182052/{number:010}.jpg,3" for number in (35, 36)]
    lines += ["20220601_182052/0000000037.jpg,-1", "20220601_182052/0000000099.jpg,0", "no line"]
    put(root / "label.txt", "\n".join(lines) + "\n")
    return root


def llvip(root):
    for part, name in (("train", "010001"), ("test", "190001")):
        picture(root / "visible" / part / f"{name}.jpg", size=(96, 128))
        picture(root / "infrared" / part / f"{name}.jpg", (60, 60, 60), size=(96, 128))
        box = "<xmin>32</xmin><ymin>16</ymin><xmax>64</xmax><ymax>80</ymax>"
        put(
            root / "Annotations" / f"{name}.xml",
            "<annotation><size><width>128</width><height>96</height><depth>3</depth></size>"
            f"<object><name>person</name><bndbox>{box}</bndbox></object></annotation>",
        )
    return root


def yolo(root):
    put(root / "data.yaml", "train: ../train/images\nnc: 2\nnames: ['dog', 'person']")
    picture(root / "train" / "images" / "IMG_1_jpg.rf.0123ab.jpg", (1, 88, 222))
    put(
        root / "train" / "labels" / "IMG_1_jpg.rf.0123ab.txt",
        "1 0.5 0.5 0.5 0.8\n0 0.2 0.2 0.2 0.2\n",
    )
    picture(root / "valid" / "images" / "IMG_2_jpg.rf.4567cd.jpg")
    put(root / "valid" / "labels" / "IMG_2_jpg.rf.4567cd.txt", "7 0.5 0.5 0.5 0.8\nno box\n")
    picture(root / "test" / "images" / "IMG_3_jpg.rf.89abef.jpg", (249, 38, 2))
    put(root / "test" / "labels" / "IMG_3_jpg.rf.89abef.txt", "0 0.5 0.5 1.0 1.0\n")
    return root


def hituav(root):
    frames = {"person": (10, 11, 12, 13, 250, 251, 470), "othervehicle": (30,)}
    for label, numbers in frames.items():
        for number in numbers:
            name = f"0_60_30_0_{number:05d}"
            picture(root / label / name / "crop_1_2_3x4.png", (number % 250,) * 3)
    picture(root / "_full_frames" / "0_60_30_0_00010.jpg")
    put(root / "person" / "0_60_30_0_00010" / "notes.txt", "none")
    return root


def nmnist(root):
    for part in ("Train", "Test"):
        atis(root / part / "7" / "00001.bin", [(3, 4, 1, 10), (5, 6, 0, 70_000)])
    return root


def nmnist_lists(root):
    atis(root / "1.bs2", [(3, 4, 1, 10), (5, 6, 0, 70_000)])
    atis(root / "60001.bs2", [(33, 33, 0, 5)])
    put(root / "train1K.txt", "#sample #class\n1\t5\n2\t0\nx y z\n")
    put(root / "test100.txt", "#sample #class\n60001\t7\n")
    return root


def ncaltech101(root):
    top = root / "Caltech101"
    atis(
        top / "cougar_body" / "image_0001.bin", [(200, 100, 1, 8000), (0, 240, 0, 0), (9, 9, 0, 5)]
    )
    atis(top / "BACKGROUND_Google" / "image_0001.bin", [(1, 1, 1, 1)])
    return root


def nimagenet(root):
    events = np.array(
        [(600, 400, 2_000, True), (1, 2, 1_000, False)],
        [("x", "u2"), ("y", "u2"), ("t", "i8"), ("p", "?")],
    )
    for part in ("train", "val"):
        path = root / f"extracted_{part}" / "n02084071" / f"{part}.npz"
        path.parent.mkdir(parents=True)
        np.savez_compressed(path, event_data=events)
        lines = [
            f"/home/them/N_Imagenet/extracted_{part}/n02084071/{name}.npz"
            for name in (part, "gone")
        ]
        put(root / f"{part}_list.txt", "\n".join(lines))
    put(root / "LOC_synset_mapping.txt", "n02084071 dog, domestic dog\n")
    return root


def modelnet40(root):
    for part in ("train", "test"):
        put(root / "night_stand" / part / "night_stand_0001.off", OFF.format(header="OFF\n"))
        put(root / "chair" / part / "chair_0001.off", OFF.format(header="OFF"))
    np.save(root / "chair" / "train" / "chair_0002.npy", np.eye(6, dtype=np.float32))
    return root


def modelnet40_h5(root):
    import h5py  # noqa: PLC0415 - only this layout needs it

    put(root / "shape_names.txt", "airplane\nnight_stand\n")
    for part in ("train", "test"):
        with h5py.File(root / f"ply_data_{part}0.h5", "w") as file:
            file["data"] = np.random.default_rng(0).normal(size=(3, 16, 3)).astype(np.float32)
            file["label"] = np.array([[1], [0], [9]], np.uint8)
    return root


def shapenet(root):
    put(root / "taxonomy.json", json.dumps([{"synsetId": "02691156", "name": "airplane,plane"}]))
    put(root / "02691156" / "10155655" / "models" / "model_normalized.obj", OBJ)
    put(root / "02691156" / "gone" / "models" / "model_normalized.json", "{}")
    return root


def esc10(root):
    sound(root / "001 - Dog bark" / "1-100032-A.ogg")
    sound(root / "005 - Clock tick" / "5-194930-A.ogg")
    put(
        root / "README.md",
        "- **[1-100032-A.ogg](there)**:  clip derived from [rose_bark.wav](there) by *nfrae* "
        "([CC0](there))\n",
    )
    return root


def esc50(root):
    sound(root / "audio" / "1-100032-A-0.wav")
    rows = ["1-100032-A-0.wav,1,0,dog,True,100032,A", "4-1-A-5.wav,4,5,washing_machine,False,1,A"]
    header = "filename,fold,target,category,esc10,src_file,take\n"
    put(root / "meta" / "esc50.csv", header + "\n".join(rows) + "\n")
    return root


def fsdd(root):
    for name in ("7_theo_3.wav", "7_theo_12.wav", "0_jackson_5.wav"):
        sound(root / "recordings" / name, rate=8_000)
    put(root / "recordings" / "notes.wav")
    return root


def audioset(root):
    put(
        root / "class_labels_indices.csv",
        'index,mid,display_name\n0,/m/0bt9lr,"Dog"\n1,/m/x,"Horn, honking"\n',
    )
    put(
        root / "balanced_train_segments.csv",
        "# Segments csv created\n# YTID, start_seconds, end_seconds, positive_labels\n"
        '--aE2O5G5WE, 0.000, 1.000, "/m/0bt9lr,/m/x"\nAbc, 30.000, 31.000, "/m/x"\n'
        'gone, 0.000, 10.000, "/m/x"\nodd, 0.000, 10.000, "/m/none"\nbroken\n',
    )
    sound(root / "wav" / "Y--aE2O5G5WE.wav", seconds=3)
    sound(root / "wav" / "Abc_30.000_31.000.flac", seconds=1, channels=2)
    return root


def digits(root, recordings=40):
    """Make nmnist and fsdd, with each digit in each split."""
    lines = {"train1K.txt": [], "test100.txt": []}
    for digit in range(10):
        for number in range(recordings):
            name = digit * recordings + number + 1
            atis(root / "nmnist" / f"{name}.bs2", [(digit, number % 34, 1, 10), (0, 0, 0, 90)])
            lines["test100.txt" if number < 2 else "train1K.txt"].append(f"{name}\t{digit}")
        for speaker in ("anna", "ben", "carl"):
            path = root / "fsdd" / "recordings" / f"{digit}_{speaker}_0.wav"
            sound(path, rate=8_000, seconds=0.1)
    for name, rows in lines.items():
        put(root / "nmnist" / name, "#sample #class\n" + "\n".join(rows) + "\n")
    return root
