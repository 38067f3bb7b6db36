"""`omnibind embed` against the embeddings of the perceiver, read back by other libraries."""

import numpy as np
import pytest
from test_recognise import of_each_modality, picture, sound

from omnibind_ros.cli import main
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.files.opening import find_source
from omnibind_ros.files.perceiver import FilePerceiver


@pytest.fixture
def embed(seven_bundle, capsys):
    """Return a call of the command; it gives the exit status and what was printed."""

    def call(*arguments):
        status = main(["embed", *map(str, arguments), "--bundle", str(seven_bundle)])
        return status, capsys.readouterr()

    return call


def test_files_of_every_modality_are_rows(embed, seven_bundle, tmp_path):
    files = of_each_modality(tmp_path / "files")
    out = tmp_path / "out.npz"
    status, printed = embed(*files.values(), "--out", out)
    assert status == 0, printed.err
    assert printed.out.startswith(f"{out}: 7 embeddings of ")
    table = np.load(out)
    assert list(table["modality"]) == list(files)
    perceiver = FilePerceiver(Bundle.load(seven_bundle))
    for number, (modality, given) in enumerate(files.items()):
        path = given.split(":")[1] if isinstance(given, str) else given
        wanted = perceiver.encode(find_source(type(tmp_path)(path), modality)).embedding
        np.testing.assert_allclose(table["values"][number], wanted.values, atol=1e-6)
        assert table["quality"][number] == pytest.approx(wanted.quality, abs=1e-6)
        assert table["distance"][number] == pytest.approx(wanted.distance, abs=1e-5)
        if wanted.features is not None:
            assert list(table[f"rows_{modality}"]) == [number]
            np.testing.assert_allclose(
                table[f"features_{modality}"][0], wanted.features, rtol=1e-4, atol=1e-5
            )
    assert str(table["model"]) == perceiver.bundle.manifest.model


def test_features_of_the_shipped_encoders_are_written(tmp_path):
    files = [picture(tmp_path / "a.png", 1), "text:a cup", picture(tmp_path / "b.png", 2)]
    out = tmp_path / "out.npz"
    assert main(["embed", *map(str, files), "--out", str(out)]) == 0
    table = np.load(out)
    assert list(table["rows_image"]) == [0, 2]
    perceiver = FilePerceiver(Bundle.load(resolve_bundle("household")))
    for row, path in zip(table["features_image"], (files[0], files[2]), strict=True):
        wanted = perceiver.encode(find_source(path)).embedding.features
        np.testing.assert_allclose(row, wanted, rtol=1e-4, atol=1e-5)
    assert "features_text" not in table.files


def test_folders_of_classes_and_moments(embed, tmp_path):
    root = tmp_path / "set"
    for name, seed in (("cup", 1), ("plate", 2)):
        picture(root / "rgb" / name / "one" / "1.png", seed)
        picture(root / "thermal" / name / "one" / "1.png", seed, (60, 80), np.uint16, 29000, 31000)
    (root / "rgb" / "cup" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    out = tmp_path / "each.npz"
    status, printed = embed(root, "--out", out)
    assert status == 3
    assert printed.err.count("broken.png") == 1
    table = np.load(out)
    assert sorted(zip(table["modality"], table["label"], table["object"], strict=True)) == [
        ("image", "cup", "one"),
        ("image", "plate", "one"),
        ("thermal", "cup", "one"),
        ("thermal", "plate", "one"),
    ]
    fused = tmp_path / "fused.npz"
    assert embed(root, "--out", fused, "--fuse")[0] == 3
    table = np.load(fused)
    assert list(table["modality"]) == ["image+thermal"] * 2
    assert np.allclose(np.linalg.norm(table["values"], axis=1), 1, atol=1e-5)


def test_parquet_holds_the_same(embed, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra sim is not installed")
    files = [picture(tmp_path / "a.png", 1), sound(tmp_path / "b.wav"), "text:a cup"]
    for ending in ("npz", "parquet"):
        assert embed(*files, "--out", tmp_path / f"t.{ending}")[0] == 0
    table, arrays = parquet.read_table(tmp_path / "t.parquet"), np.load(tmp_path / "t.npz")
    assert table.column("path").to_pylist() == list(arrays["path"])
    assert np.array_equal(
        np.array(table.column("values").to_pylist(), np.float32), arrays["values"]
    )
    assert table.schema.metadata[b"model"].decode() == str(arrays["model"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{file}", "--out", "{folder}/out.csv"), "written as .npz or .parquet"),
        (("{folder}/missing.png", "--out", "{folder}/out.npz"), "check the path"),
        (("{file}", "--out", "{folder}/no/such/out.npz"), "No such file"),
        (("{file}", "--out", "{folder}/o.npz", "--roi", "2,0,1,1"), "outside the picture"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(embed, tmp_path, arguments, words):
    file = picture(tmp_path / "a.png")
    status, printed = embed(*(a.format(file=file, folder=tmp_path) for a in arguments))
    assert status == 1
    assert words in printed.err
    assert printed.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png"]
