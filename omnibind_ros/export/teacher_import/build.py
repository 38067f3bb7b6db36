"""Makes a bundle of a CLIP-like model: built beside its place, checked, and then moved there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.backend import CPU, load_model
from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.image import ImageEncoder
from omnibind_ros.encoders.manifest import BundleError, BundleManifest, Calibration, FileSpec
from omnibind_ros.encoders.manifest_writing import content_version, write_manifest
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.export.atomic_folder import replaced_folder
from omnibind_ros.export.bundle_files import keep_other_files
from omnibind_ros.export.parity import embed
from omnibind_ros.export.verify import verify_bundle
from omnibind_ros.recognition.label_bank import LabelBank

from .open_clip import LOCAL
from .pair import TeacherPair
from .pictures import Picture, make_pictures, read_pictures
from .thresholds import Calibrated, calibrate
from .write_networks import Figures, library_figures, write_image, write_text
from .written_labels import write_labels

RECIPE = "0.1.0"
"""Version of this package: another one means other networks of the same model."""

UNKNOWN = "not stated: ask where the model came from"

SENTENCES = (
    "a photo of a chair.",
    "A Bad Photo of the LAMP",
    "it's a cup, isn't it?",
    "two   spaces and 12 screws (M8)",
    "na\u00efve caf\u00e9, 20 \u00b0C",
    "\u6905\u5b50",
    "a " * 200,
)
"""What tokenizer and text network are compared on, beside the labels."""


@dataclass(frozen=True)
class ImportRequest:
    """What to import.

    Attributes:
        labels: A file of labels, such as a bundle's labels.yaml.
        images: A folder of pictures to set thresholds by; None for none.
        precision: fp32, fp16 or int8.
        licence: Of the weights; empty for what the model's card states.
    """

    labels: Path
    images: Path | None = None
    precision: str = "fp32"
    licence: str = ""


@dataclass(frozen=True)
class ImportReport:
    """An imported bundle.

    Attributes:
        bundle: Loaded and checked.
        figures: What was measured.
        warnings: A sentence for each thing that the user should know.
    """

    bundle: Bundle
    figures: Figures
    warnings: tuple[str, ...]


def import_teacher(
    out: Path,
    pair: TeacherPair,
    request: ImportRequest,
    progress: Callable[[str], None] = lambda _: None,
) -> ImportReport:
    """Make a bundle of a model.

    Args:
        out: Its folder. A bundle in it is replaced when the new one is complete and checked.
        pair: The model.
        request: How.
        progress: Called with the step that is next.

    Raises:
        BundleError: The networks differ from the library's, or a file is too large for ONNX.
        LabelError: The labels cannot be used.
        FileError: There is no folder of pictures.
        OSError: A file cannot be read or written.
    """
    licence = request.licence or pair.licence or UNKNOWN
    origin = f"{_without_folders(pair.name)}, imported with `omnibind bundle import-teacher`"
    progress("pictures")
    measured = (
        make_pictures(pair.image_input)
        if request.images is None
        else read_pictures(request.images, pair.image_input, lambda *_: None)
    )
    with replaced_folder(out) as stage, tempfile.TemporaryDirectory() as scratch:
        labels = write_labels(request.labels, stage / "labels.yaml")
        sentences = [*SENTENCES, *(label.name for label in labels.labels[:50])]
        progress("text encoder")
        tokenizer = FileSpec("tokenizer.json", "", licence, origin)
        text = FileSpec("text.onnx", "", licence, origin, extra={"tokenizer": tokenizer})
        text, of_text = write_text(
            pair, text, request.precision, sentences, stage, Path(scratch) / "text.onnx"
        )
        progress("image encoder")
        image, of_image = write_image(
            pair,
            FileSpec("image.onnx", "", licence, origin),
            request.precision,
            measured,
            stage,
            base := Path(scratch) / "image.onnx",
        )
        manifest = BundleManifest(
            name=out.resolve().name,
            version=content_version(RECIPE, (image, text, _framing(image))),
            embedding_size=image.outputs[0].shape[1],
            encoders={"image": image, "text": text},
            labels=FileSpec("labels.yaml", ""),
            calibration=Calibration(1 / pair.scale, 0.0, {}),
        )
        of_image["library"] = library_figures(pair, measured, _whole(base, image, measured.whole))
        progress("labels and thresholds")
        write_manifest(stage, manifest, "`omnibind bundle import-teacher`")
        bank, encoder = _embed_labels(stage)
        done = calibrate(
            pair,
            bank,
            labels.labels,
            encoder,
            embed(stage / image.path, image, measured.inputs),
            None if request.images is None else measured.labels,
        )
        figures = {
            "image": of_image,
            "text": of_text,
            "calibration": dict(done.figures),
            "logit_scale": round(pair.scale, 4),
        }
        if pair.bias is not None:
            figures["logit_bias"] = round(pair.bias, 4)
        finished = replace(manifest, calibration=done.calibration, figures={"import": figures})
        write_manifest(stage, finished, "`omnibind bundle import-teacher`")
        progress("verification")
        verify_bundle(stage, limited=False)
        keep_other_files(out, stage)
    return ImportReport(
        Bundle.load(out), figures, _warnings(done, licence, measured.left_out, request.images)
    )


def _without_folders(name: str) -> str:
    """Return a model's name; of one in a folder, the folder's own name only."""
    kind, _, rest = name.partition(":")
    path = Path(rest.removeprefix(LOCAL)).expanduser()
    return f"{kind}: folder {path.resolve().name}" if path.is_dir() else name


def _framing(image: FileSpec) -> FileSpec:
    """Return what stands in the version for how pictures are framed, which no file holds."""
    (tensor,) = image.inputs
    return FileSpec("", f"{sorted(tensor.options.items())}{sorted(tensor.parameters.items())}")


def _whole(base: Path, spec: FileSpec, pictures: Sequence[Picture]) -> Floats:
    """Return embeddings [K, D] of pictures by the node's own way and the network in fp32."""
    encoder = ImageEncoder(load_model(base, spec, 1, [CPU]), "import", spec)
    return np.stack([encoder.encode(picture).values for picture in pictures])


def _embed_labels(stage: Path) -> tuple[LabelBank, TextEncoder]:
    """Compute the label embeddings of a bundle in the making."""
    encoder = Bundle.load(stage).encoder("text")
    if not isinstance(encoder, TextEncoder):
        raise BundleError("the text encoder is of another kind")
    labels = stage / "labels.yaml"
    bank = LabelBank.load(stage, labels, encoder)
    bank.save(stage, labels, encoder)
    return bank, encoder


def _warnings(
    done: Calibrated, licence: str, left_out: int, images: Path | None
) -> tuple[str, ...]:
    found = [done.warning] if done.warning else []
    if licence == UNKNOWN:
        found.append(
            "the model states no licence; find it out before you pass the bundle on, and give it "
            "with --licence"
        )
    if left_out:
        found.append(f"{left_out} files of {images} are no pictures that can be read; look at them")
    return tuple(found)
