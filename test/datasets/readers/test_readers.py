"""Readers of published sets, on tiny trees in the published layouts."""

from __future__ import annotations

import pickle
import re

import cv2
import numpy as np
import published_datasets as published
import pytest
import soundfile
from paths import recordings

from omnibind_ros.datasets.errors import DatasetError, SkipError
from omnibind_ros.datasets.readers import READERS, find_reader
from omnibind_ros.datasets.readers.base import ReaderError, item_key
from omnibind_ros.datasets.readers.formats.files import load_audio, load_image
from omnibind_ros.datasets.samples import sample_module
from omnibind_ros.datasets.storage.skip_log import SkipLog


def read(name, root):
    log = SkipLog()
    items = list(READERS[name].read(root, log))
    for item in items:
        # What every item of every set must be.
        assert re.fullmatch(r"[A-Za-z0-9_-]+", item.key)
        assert item.object_id.startswith(f"{name}/")
        assert set(item.modalities) == set(item.origin) <= set(READERS[name].modalities)
        assert item.licence
        pickle.dumps(item)
        for modality, load in item.modalities.items():
            # Datasets can store it, and what they store is what was loaded.
            sample_module(modality).decode(sample_module(modality).encode(load()))
    assert len({item.key for item in items}) == len(items)
    return items, log.to_dict()


def seen(items):
    return sorted((item.label, item.split) for item in items)


def counts(log):
    return {reason: entry["count"] for reason, entry in log.items()}


def test_image_folders_with_and_without_splits(tmp_path):
    published.picture(tmp_path / "a" / "tea_pot" / "1.jpg", (10, 200, 30))
    published.put(tmp_path / "a" / "tea_pot" / "notes.txt", "mine")
    published.picture(tmp_path / "b" / "val" / "mug" / "1.png")
    items, log = read("imagefolder", tmp_path / "a")
    assert seen(items) == [("tea pot", None)]
    assert counts(log) == {"it is no picture": 1}
    image = items[0].modalities["image"]()
    assert image.dtype == np.uint8
    assert np.abs(image[0, 0].astype(int) - (10, 200, 30)).max() < 12
    assert seen(read("imagefolder", tmp_path / "b")[0]) == [("mug", "validation")]


def test_imagenet_names_its_synsets(tmp_path):
    items, _ = read("imagenet", published.imagenet(tmp_path))
    assert seen(items) == [("cat", "test"), ("cat", "train"), ("dog", "test"), ("dog", "train")]
    assert next(item for item in items if item.label == "dog").meta["synonyms"] == ["domestic dog"]


def test_imagenet_as_kaggle_packs_it(tmp_path):
    published.imagenet(tmp_path)
    data = tmp_path / "ILSVRC" / "Data" / "CLS-LOC"
    published.picture(data / "train" / "n02121808" / "n02121808_1.JPEG")
    published.picture(data / "val" / "ILSVRC2012_val_00000001.JPEG")
    published.put(
        tmp_path / "LOC_val_solution.csv",
        "ImageId,PredictionString\nILSVRC2012_val_00000001,n02084071 1 2 3 4 \n"
        "ILSVRC2012_val_00000002,n02084071 1 2 3 4 \nILSVRC2012_val_00000003,\n",
    )
    items, log = read("imagenet", tmp_path)
    assert seen(items) == [("cat", "train"), ("dog", "test")]
    assert sum(counts(log).values()) == 2


def test_touch_and_go_pairs_a_contact_with_the_free_gel(tmp_path):
    items, log = read("touch-and-go", published.touch_and_go(tmp_path))
    assert seen(items) == [("wood", None)] * 2
    assert len({item.object_id for item in items}) == 1
    gel, free = items[0].modalities["touch"]()
    assert gel[0, 0, 0] > 240
    # Frames 30 to 34 show the contact too, but are not labelled: none of them is in the reference.
    assert free[0, 0, 0] < 100
    assert counts(log) == {
        "its material is inconclusive or 'others'": 1,
        "the frame of image and touch is missing": 1,
        "the line is not 'recording/frame,class'": 1,
    }


def test_touch_and_go_follows_published_lists(tmp_path):
    published.touch_and_go(tmp_path)
    published.put(tmp_path / "train.txt", "20220601_182052/0000000035.jpg,3\n")
    published.put(tmp_path / "test.txt", "20220601_182052/0000000036.jpg,3\n")
    items, _ = read("touch-and-go", tmp_path)
    assert seen(items) == [("wood", "test"), ("wood", "train")]
    assert len({item.object_id for item in items}) == 2


def test_llvip_cuts_both_cameras_alike(tmp_path):
    items, _ = read("llvip", published.llvip(tmp_path))
    assert seen(items) == [("person", "test"), ("person", "train")]
    image, thermal = (items[0].modalities[name]() for name in ("image", "thermal"))
    assert image.shape[:2] == thermal.shape
    assert thermal.shape[0] > 64  # the box and its margin
    assert items[0].meta["thermal"]["nominal"]


def test_llvip_counts_what_is_missing(tmp_path):
    published.llvip(tmp_path)
    (tmp_path / "infrared" / "train" / "010001.jpg").unlink()
    published.put(tmp_path / "Annotations" / "190001.xml", "<annotation><size>")
    log = SkipLog()
    with pytest.raises(ReaderError, match="2 left out"):
        list(READERS["llvip"].read(tmp_path, log))


def test_yolo_boxes_become_items(tmp_path):
    items, log = read("yolo-thermal", published.yolo(tmp_path))
    assert seen(items) == [("dog", "test"), ("dog", "train"), ("person", "train")]
    assert {item.object_id for item in items} == {"yolo-thermal/IMG_1", "yolo-thermal/IMG_3"}
    warm = {item.split: item.modalities["thermal"]().min() for item in items if item.label == "dog"}
    assert warm["test"] > warm["train"]  # red is warmer than blue
    assert counts(log) == {
        "a line is not 'class x y w h' of a class in data.yaml": 2,
        "the picture has no boxes": 1,
    }


def test_hituav_divides_a_class_by_stretches_of_the_flight(tmp_path):
    items, log = read("hituav", published.hituav(tmp_path))
    # Frames 0-199 (four pictures), 200-399 (two) and 400-599 (one); one stretch cannot be divided.
    assert seen(items) == [
        ("other vehicle", "train"),
        ("person", "test"),
        *[("person", "train")] * 4,
        *[("person", "validation")] * 2,
    ]
    assert counts(log) == {"it is no picture": 1}
    dark = next(item for item in items if item.meta["picture"].startswith("person/0_60_30_0_00010"))
    # The node reads a grey value as 0.2 degrees.
    grey = load_image(tmp_path / dark.meta["picture"]).mean(axis=2)
    assert dark.modalities["thermal"]() == pytest.approx(0.2 * grey, abs=1e-3)


def test_nmnist_reads_both_editions(tmp_path):
    items, _ = read("nmnist", published.nmnist(tmp_path / "full"))
    assert seen(items) == [("seven", "test"), ("seven", "train")]
    items, log = read("nmnist", published.nmnist_lists(tmp_path / "small"))
    assert seen(items) == [("five", "train"), ("seven", "test")]
    event = next(item for item in items if item.label == "five").modalities["event"]()
    assert event["t"].tolist() == [0, 69_990_000]
    assert [event[name].tolist() for name in "xyp"] == [[3, 5], [4, 6], [1, 0]]
    assert sum(counts(log).values()) == 2


def test_ncaltech101_counts_clock_overflows(tmp_path):
    items, log = read("ncaltech101", published.ncaltech101(tmp_path))
    assert seen(items) == [("cougar body", None)]
    event = items[0].modalities["event"]()
    assert event["t"].tolist() == [0, (8192 + 5 - 8000) * 1000]
    assert counts(log) == {"clutter is no class": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"1234", "cut off"), (b"", "no events"), (b"\xff\xff\x00\x00\x01", "outside the sensor")],
)
def test_broken_event_files_are_skipped(tmp_path, data, reason):
    published.put(tmp_path / "Train" / "1" / "1.bin", data)
    (item,) = READERS["nmnist"].read(tmp_path, SkipLog())
    with pytest.raises(SkipError, match=reason):
        item.modalities["event"]()


def test_nimagenet_finds_what_its_lists_name(tmp_path):
    items, log = read("nimagenet", published.nimagenet(tmp_path))
    assert seen(items) == [("dog", "test"), ("dog", "train")]
    event = items[0].modalities["event"]()
    assert event["x"].tolist() == [1, 600]  # by time
    assert event["t"].tolist() == [0, 1_000_000]
    assert counts(log) == {"the recording is missing": 2}


def test_modelnet40_in_its_editions(tmp_path):
    items, _ = read("modelnet40", published.modelnet40(tmp_path / "off"))
    assert len(items) == 5
    assert {item.label for item in items} == {"chair", "night stand"}
    assert {item.origin["points"] for item in items} == {"simulated"}
    mesh = next(item for item in items if "mesh" in item.meta)
    assert (tmp_path / "off" / mesh.meta["mesh"]).is_file()
    points = mesh.modalities["points"]()
    assert points.shape == (2048, 3)
    assert np.array_equal(points, mesh.modalities["points"]())
    assert 0.9 < np.linalg.norm(np.ptp(points, axis=0)) <= 1.0001
    pytest.importorskip("h5py")
    items, log = read("modelnet40", published.modelnet40_h5(tmp_path / "h5"))
    assert seen(items)[:2] == [("airplane", "test"), ("airplane", "train")]
    assert counts(log) == {"shape_names.txt has no such class": 2}


@pytest.mark.parametrize(
    "text",
    ["", "OFF\n", "OFF\n3 1 0\n0 0 0\n", "OFF\n3 0 0\n0 0 0\n1 0 0\n0 1 0\n"],
)
def test_broken_meshes_are_skipped(tmp_path, text):
    published.put(tmp_path / "chair" / "train" / "chair_0001.off", text)
    (item,) = READERS["modelnet40"].read(tmp_path, SkipLog())
    with pytest.raises(SkipError, match="the mesh"):
        item.modalities["points"]()


def test_shapenet_names_its_synsets_and_stands_upright(tmp_path):
    items, log = read("shapenet", published.shapenet(tmp_path))
    assert seen(items) == [("airplane", None)]
    assert items[0].meta["synonyms"] == ["plane"]
    points = items[0].modalities["points"]()
    assert points[:, 1].min() == pytest.approx(-points[:, 2].max(), abs=0.02)  # z was to the front
    assert counts(log) == {"the model's file is missing": 1}


def test_esc10_credits_its_clips(tmp_path):
    items, _ = read("esc10", published.esc10(tmp_path))
    assert seen(items) == [("clock tick", "test"), ("dog bark", "train")]
    authors = {item.label: (item.author, item.licence) for item in items}
    assert authors["dog bark"] == ("nfrae", "CC0 1.0")
    assert authors["clock tick"] == ("Piczak 2015", "CC BY 3.0")
    assert items[0].modalities["audio"]().size == 8_000


def test_esc50_and_fsdd(tmp_path):
    items, log = read("esc50", published.esc50(tmp_path / "esc50"))
    assert seen(items) == [("dog", "train")]
    assert counts(log) == {"the sound is missing": 1}
    items, _ = read("fsdd", published.fsdd(tmp_path / "fsdd"))
    assert seen(items) == [("seven", "test"), ("seven", "train"), ("zero", "train")]
    assert {item.meta["speaker"] for item in items} == {"theo", "jackson"}


def test_audioset_cuts_whole_videos(tmp_path):
    items, log = read("audioset", published.audioset(tmp_path))
    assert seen(items) == [("dog", "train"), ("horn", "train")]
    assert {item.label: item.modalities["audio"]().size for item in items} == {
        "dog": 16_000,
        "horn": 16_000,
    }
    assert items[0].meta["labels"] == ["Dog", "Horn, honking"]
    assert sum(counts(log).values()) == 3


def test_sounds_of_any_rate_become_16_khz_mono(tmp_path):
    for rate, channels in ((8_000, 1), (48_000, 2), (44_100, 1)):
        audio = load_audio(published.sound(tmp_path / "a.wav", rate, 1.0, channels))
        assert audio.dtype == np.int16
        assert audio.size == 16_000
        spectrum = np.abs(np.fft.rfft(audio[2_000:14_000]))
        assert abs(spectrum.argmax() * 16_000 / 12_000 - 440) < 2
        assert np.abs(audio[2_000:14_000]).max() / 32767 == pytest.approx(0.5, abs=0.01)


def test_broken_files_are_one_sentence(tmp_path):
    broken = published.put(tmp_path / "set" / "broken.jpg", b"no picture")
    with pytest.raises(SkipError, match=r"^set/broken\.jpg: the picture cannot be decoded$"):
        load_image(broken)
    with pytest.raises(SkipError, match="cannot be decoded"):
        load_audio(broken)
    with pytest.raises(SkipError, match="is missing"):
        load_audio(tmp_path / "gone.wav")


@pytest.mark.parametrize("name", sorted(READERS))
def test_nothing_to_read_is_one_sentence(tmp_path, name):
    with pytest.raises(ReaderError, match="is no folder"):
        next(READERS[name].read(tmp_path / "gone", SkipLog()))
    with pytest.raises(ReaderError, match=re.escape(str(tmp_path))) as error:
        next(READERS[name].read(tmp_path, SkipLog()))
    assert "\n" not in str(error.value)


def test_an_unknown_reader_is_named():
    with pytest.raises(DatasetError, match=r"'imagnet'.*imagenet"):
        find_reader("imagnet")


def test_keys_tell_paths_apart_that_look_alike():
    assert item_key("x", "a b.jpg") != item_key("x", "a-b-jpg")


@pytest.mark.parametrize(
    ("name", "folder", "number"),
    [
        ("esc10", "esc10", 398),
        ("fsdd", "fsdd", 3000),
        ("nmnist", "nmnist", 1100),
        ("yolo-thermal", "thermal_dogs_people", 257),
        ("hituav", "real/thermal_hituav_crops", 125),
    ],
)
def test_real_sets_are_read_whole(name, folder, number):
    items = list(READERS[name].read(recordings(folder), SkipLog()))
    assert len(items) == len({item.key for item in items}) == number
    for item in items[:: number // 10]:
        for modality, load in item.modalities.items():
            sample_module(modality).encode(load())


def test_a_folder_by_class_of_any_modality(tmp_path):
    for place in ("rgb/tea_pot/blue/1.png", "rgb/tea_pot/blue/2.png", "rgb/mug/1.png"):
        published.picture(tmp_path / place, (10, 200, 30))
    heat = np.linspace(29_000, 31_000, 48 * 64).reshape(48, 64).astype(np.uint16)
    for place in ("thermal/tea_pot/blue/1.png", "thermal/mug/1.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / place), heat)
    (tmp_path / "rgb" / "mug" / "notes.json").write_text("{}")
    items, log = read("folder", tmp_path)
    assert sorted((i.label, i.object_id, sorted(i.modalities)) for i in items) == [
        ("mug", "folder/mug/mug/1", ["image", "thermal"]),
        ("tea pot", "folder/tea_pot/blue", ["image"]),
        ("tea pot", "folder/tea_pot/blue", ["image", "thermal"]),
    ]
    assert sum(entry["count"] for entry in log.values()) == 1
    (pair,) = (i for i in items if i.label == "mug")
    assert np.abs(pair.modalities["thermal"]() - (heat / 100 - 273.15)).max() < 0.01


def test_a_folder_by_class_with_splits_and_other_files(tmp_path):
    rng = np.random.default_rng(0)
    cloud = rng.normal((1, 0, 0), 0.1, (50, 3)).astype(np.float32)
    for split in ("train", "test"):
        (tmp_path / split / "cup").mkdir(parents=True)
        np.save(tmp_path / split / "cup" / "cloud.npy", cloud)
        soundfile.write(tmp_path / split / "cup" / "tap.wav", rng.normal(0, 0.1, 40_000), 16_000)
    (tmp_path / "test" / "cup" / "broken.npy").write_bytes(b"\x93NUMPY")
    log = SkipLog()
    items = list(READERS["folder"].read(tmp_path, log))
    assert sorted((i.split, *i.modalities) for i in items) == [
        ("test", "audio"),
        ("test", "points"),
        ("train", "audio"),
        ("train", "points"),
    ]
    ((reason, count),) = counts(log.to_dict()).items()
    assert reason.startswith("the array cannot be read")
    assert count == 1
    points = next(i for i in items if "points" in i.modalities)
    assert np.allclose(points.modalities["points"](), cloud)
    audio = next(i for i in items if "audio" in i.modalities)
    assert len(audio.modalities["audio"]()) == 40_000
