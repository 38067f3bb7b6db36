"""`omnibind recognise` on files of every modality, with a bundle of all seven."""

import json
import subprocess
import sys
import wave

import cv2
import numpy as np
import pytest

from omnibind_ros.cli import main
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.files.opening import find_source
from omnibind_ros.files.perceiver import FilePerceiver


@pytest.fixture
def recognise(seven_bundle, tmp_path, capsys):
    """Return a call of the command; it gives exit status, figures, and what was printed."""

    def call(*arguments):
        out = tmp_path / "figures.json"
        out.unlink(missing_ok=True)
        status = main(
            ["recognise", *map(str, arguments), "--bundle", str(seven_bundle), "--json", str(out)]
        )
        printed = capsys.readouterr()
        figures = json.loads(out.read_text()) if out.exists() else None
        return status, figures, printed

    return call


def picture(path, seed=0, shape=(120, 160, 3), dtype=np.uint8, low=0, high=255):
    path.parent.mkdir(parents=True, exist_ok=True)
    small = np.random.default_rng(seed).integers(low, high, (5, 5, *shape[2:]), dtype)
    large = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    cv2.imwrite(str(path), large.astype(dtype))
    return path


def sound(path, seconds=1.5):
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = np.sin(np.arange(int(seconds * 16_000)) * 0.2) * 9000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(tone.astype("<i2").tobytes())
    return path


def of_each_modality(folder):
    rng = np.random.default_rng(2)
    picture(folder / "reference.png", 9)
    np.save(folder / "a.npy", rng.normal((2, 0, 0), 0.2, (600, 3)).astype(np.float32))
    count = 9000
    np.savez(
        folder / "a.npz",
        x=np.clip(rng.normal(60, 9, count), 0, 127).astype(int),
        y=np.clip(rng.normal(60, 9, count), 0, 127).astype(int),
        t=np.sort(rng.integers(0, 120_000, count)),
        p=rng.integers(0, 2, count),
        width=128,
        height=128,
    )
    (folder / "a.txt").write_text("there is a cup on the table")
    heat = picture(folder / "heat.png", 4, (120, 160), np.uint16, 29000, 31000)
    return {
        "image": picture(folder / "a.jpg", 1),
        "text": folder / "a.txt",
        "touch": f"touch:{picture(folder / 'gel.png', 3)}",
        "thermal": f"thermal:{heat}",
        "event": folder / "a.npz",
        "points": folder / "a.npy",
        "audio": sound(folder / "a.wav"),
    }


def test_a_file_of_each_modality_alone_and_all_fused(recognise, tmp_path):
    files = of_each_modality(tmp_path / "in") if (tmp_path / "in").mkdir() is None else {}
    for modality, file in files.items():
        status, figures, printed = recognise(file)
        assert status == 0
        (result,) = figures["results"]
        assert [member["modality"] for member in result["files"]] == [modality]
        assert len(result["labels"]) == len(result["probabilities"]) == 5
        assert result["labels"][0] in printed.out
        assert printed.err == ""
    status, figures, _ = recognise(*files.values())
    (result,) = figures["results"]
    assert [member["modality"] for member in result["files"]] == list(files)
    assert sum(member["weight"] for member in result["files"]) == pytest.approx(1, abs=0.01)
    doubts = {member["modality"]: member["doubts"] for member in result["files"]}
    assert "read as centikelvin" in doubts["thermal"][0]
    assert not doubts["image"]


def test_the_embedding_is_the_encoders(seven_bundle, tmp_path):
    path = picture(tmp_path / "a.png", 7)
    bundle = Bundle.load(seven_bundle)
    found = FilePerceiver(bundle).encode(find_source(path)).embedding
    want = bundle.encoder("image").encode(cv2.imread(str(path))[..., ::-1].copy())
    assert np.allclose(found.values, want.values, atol=1e-6)
    assert found.quality == pytest.approx(want.quality)


def test_a_folder_per_class_gives_a_table(recognise, tmp_path):
    for name in ("cup", "Easy-Chair", "flux capacitor"):
        for number in range(3):
            picture(tmp_path / "set" / name / f"{number}.png", number)
    status, figures, printed = recognise(tmp_path / "set")
    assert status == 0
    assert figures["n"] == 9
    assert figures["labelled"] == 6
    assert set(figures["by_class"]) == {"cup", "Easy-Chair", "flux capacitor"}
    for of in figures["by_class"].values():
        assert of["n"] == sum(of["said"].values()) == 3
    # Counted by hand from the single results.
    right = {"cup": "cup", "Easy-Chair": "armchair", "flux capacitor": None}
    hits = {name: [] for name in right}
    known = wrong = 0
    for result in figures["results"]:
        hit = result["labels"][0] == right[result["class"]]
        hits[result["class"]].append(hit)
        known += result["known"]
        wrong += result["known"] and not hit
    assert figures["top1"] == pytest.approx(100 * sum(map(sum, hits.values())) / 9, abs=0.01)
    means = [100 * np.mean(of) for of in hits.values()]
    assert figures["balanced"] == pytest.approx(np.mean(means), abs=0.01)
    assert figures["known"] == pytest.approx(100 * known / 9, abs=0.01)
    assert figures["wrong_known"] == pytest.approx(100 * wrong / 9, abs=0.01)
    assert "3 samples have a class without a label" in printed.out
    assert "9 samples (image) of 3 classes: right" in printed.out


def test_pictures_beside_a_reference_that_are_taken_for_photographs(recognise, tmp_path):
    folder = tmp_path / "mine"
    picture(folder / "reference.png", 9)
    for name in ("cup", "plate"):
        picture(folder / name / "0.png", 1)
    note = f"{folder} has a reference.png, as touch pictures do"
    status, _, printed = recognise(folder)
    assert status == 0
    assert note in printed.err
    assert "2 samples (image) of 2 classes" in printed.out
    assert note not in recognise(folder, "--modality", "image")[2].err
    (folder / "folder.yaml").write_text("modality: touch\n")
    status, _, printed = recognise(folder)
    assert status == 0
    assert note not in printed.err
    assert "2 samples (touch) of 2 classes" in printed.out


def test_labels_of_the_folders_and_of_the_user(recognise, tmp_path):
    for name in ("tea_pot", "Flux-Capacitor"):
        picture(tmp_path / "set" / name / "1.png")
    _, figures, _ = recognise(tmp_path / "set", "--labels", "folders")
    assert figures["labelled"] == 2
    assert {label for r in figures["results"] for label in r["labels"]} == {
        "tea pot",
        "Flux Capacitor",
    }
    _, figures, printed = recognise(tmp_path / "set", "--labels", "tea pot, kettle, Tea  Pot")
    assert figures["labelled"] == 1
    assert set(figures["results"][0]["labels"]) == {"tea pot", "kettle"}
    assert "is the same label as" in printed.err


def test_labels_with_synonyms_from_a_file(recognise, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("labels:\n  - {name: my mug, synonyms: [cup, tea cup]}\n  - {name: kettle}\n")
    picture(tmp_path / "set" / "tea_cup" / "1.png")
    _, figures, _ = recognise(tmp_path / "set", "--labels", file)
    assert set(figures["results"][0]["labels"]) == {"my mug", "kettle"}
    assert figures["by_class"]["tea_cup"]["labels"] == ["my mug"]  # by its synonym
    file.write_text("labels: 3")
    status, _, printed = recognise(tmp_path / "set", "--labels", file)
    assert status == 1
    assert "mine.yaml is not a valid list of labels" in printed.err


def test_files_of_one_moment_are_fused(recognise, tmp_path):
    picture(tmp_path / "set" / "rgb" / "cup" / "a" / "1.png")
    heat = tmp_path / "set" / "thermal" / "cup" / "a" / "1.png"
    picture(heat, 1, (60, 80), np.uint16, 29000, 31000)
    _, figures, _ = recognise(tmp_path / "set")
    (result,) = figures["results"]
    assert [member["modality"] for member in result["files"]] == ["image", "thermal"]
    _, figures, _ = recognise(tmp_path / "set", "--modality", "thermal")
    assert [m["modality"] for r in figures["results"] for m in r["files"]] == ["thermal"]


def test_bad_files_are_a_sentence_and_the_others_go_on(recognise, tmp_path):
    picture(tmp_path / "set" / "cup" / "1.png")
    (tmp_path / "set" / "cup" / "empty.png").write_bytes(b"")
    (tmp_path / "set" / "cup" / "lie.wav").write_bytes(
        (tmp_path / "set" / "cup" / "1.png").read_bytes()
    )
    status, figures, printed = recognise(tmp_path / "set")
    assert status == 3
    assert figures["n"] == 1
    assert {entry["path"].rsplit("/", 1)[1] for entry in figures["left_out"]} == {
        "empty.png",
        "lie.wav",
    }
    assert len(printed.err.splitlines()) == 2
    status, figures, printed = recognise(tmp_path / "set" / "cup" / "empty.png")
    assert status == 1
    assert figures["results"] == []
    status, _, printed = recognise(tmp_path / "no.png", tmp_path / "set" / "cup" / "1.png")
    assert status == 3
    assert "no.png: it cannot be read" in printed.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--labels", ","], "--labels names no label"),
        (["--labels", "folders"], "--labels folders needs a folder per class"),
        (["--roi", "1,2"], "is not x,y,w,h"),
        (["--roi", "0,0,2,2"], "lies outside the picture"),
    ],
)
def test_options_that_cannot_be_used(recognise, tmp_path, arguments, says):
    status, _, printed = recognise(picture(tmp_path / "a.png"), *arguments)
    assert status == 1
    assert says in printed.err


def test_a_sentence_and_a_region(recognise, tmp_path):
    _, figures, _ = recognise("text:I see a cup", picture(tmp_path / "a.png"), "--roi", "0,0,0.5,1")
    assert figures["results"][0]["files"][0]["path"] == "I see a cup"
    status, _, printed = recognise("text:there is no cup")
    assert status == 1
    assert "negation" in printed.err


def test_neither_torch_nor_ros_is_imported(seven_bundle, tmp_path):
    files = of_each_modality(tmp_path)
    code = (
        "import sys\nfrom omnibind_ros.cli import main\nstatus = main(sys.argv[1:])\n"
        "bad = [m for m in ('torch', 'rclpy', 'scipy', 'sklearn', 'pandas') if m in sys.modules]\n"
        "assert not bad, bad\nsys.exit(status)"
    )
    arguments = ["recognise", *map(str, files.values()), "--bundle", str(seven_bundle)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_files_of_two_folders_are_of_different_moments(recognise, tmp_path):
    for day, seeds in (("monday", (1, 2)), ("tuesday", (2, 1))):
        for name, seed in zip(("cat", "cup"), seeds, strict=True):
            picture(tmp_path / day / name / "1.png", seed)
    days = [tmp_path / "monday", tmp_path / "tuesday"]
    alone = [recognise(day)[1] for day in days]
    _, both, _ = recognise(*days)
    assert both["n"] == 4
    assert [r["labels"] for r in both["results"]] == [
        r["labels"] for figures in alone for r in figures["results"]
    ]
