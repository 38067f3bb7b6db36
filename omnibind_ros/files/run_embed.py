"""Runs the command `omnibind embed`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.recognition.vocabulary import Vocabulary

from .embedding_table import EmbeddingRow, check_format, write_table
from .file_encoder import FileEncoder
from .folder import FolderFile
from .perceiver import EncodedFile
from .run_recognise import SOME_LEFT_OUT
from .tables import left_out_lines


def run_embed(options: argparse.Namespace) -> int:
    """Encode files and folders, write their embeddings, and return the exit status.

    Args:
        options: As `commands.add_embed` adds them.

    Returns:
        0 if every file was used, 1 if none could be, 3 if some were left out.

    Raises:
        ValueError: The bundle or an option cannot be used.
        OSError: The file cannot be written.
        ImportError: pyarrow is missing, for Parquet.
    """
    out = Path(options.out)
    check_format(out)
    bundle = Bundle.load(resolve_bundle(options.bundle))
    encoder = FileEncoder(bundle, options)
    moments = _moments(encoder, options.paths, fuse=options.fuse)
    if options.fuse:
        bank = Vocabulary.load(bundle, [], 1)[0].bank
        rows = [
            _fused(files, encoder.perceiver.recognise([e for _, e in files], bank).values)
            for files in moments
        ]
    else:
        rows = [_row(*file) for files in moments for file in files]
    for line in (*encoder.notes, *left_out_lines(encoder.left_out)):
        print(f"omnibind embed: {line}", file=sys.stderr)
    if not rows:
        return 1
    write_table(out, bundle.manifest.model, rows)
    print(
        f"{out}: {len(rows)} embeddings of {len(rows[0].values)} values, of {bundle.manifest.model}"
    )
    return SOME_LEFT_OUT if encoder.left_out else 0


Member = tuple[FolderFile | None, EncodedFile]


def _moments(encoder: FileEncoder, paths: Sequence[str], *, fuse: bool) -> Iterator[list[Member]]:
    """Yield the files of each moment: those that are named, then those of folders."""
    named: list[Member] = []
    for path in paths:
        if not Path(path).is_dir():
            encoded = encoder.named(path)
            named += [(None, encoded)] if encoded is not None else []
    if named:
        yield named
    by_moment: dict[tuple[str, str, str], list[Member]] = {}
    for folder in (Path(path) for path in paths if Path(path).is_dir()):
        for file, encoded in encoder.listed(encoder.files_of(folder)):
            if not fuse:
                yield [(file, encoded)]
            else:
                key = (str(folder), file.label, file.moment)
                by_moment.setdefault(key, []).append((file, encoded))
    yield from by_moment.values()


def _row(file: FolderFile | None, encoded: EncodedFile) -> EmbeddingRow:
    stored = encoded.embedding
    return EmbeddingRow(
        path=encoded.source.text or str(encoded.source.path),
        modality=encoded.source.modality,
        label=file.label if file is not None else "",
        object=file.object if file is not None else "",
        values=stored.values,
        features=stored.features,
        quality=stored.quality,
        distance=stored.distance,
        samples=encoded.samples,
    )


def _fused(files: Sequence[Member], values: npt.NDArray[np.float32]) -> EmbeddingRow:
    rows = [_row(*file) for file in files]
    if len(rows) == 1:
        return replace(rows[0], values=values)
    return EmbeddingRow(
        path=" + ".join(row.path for row in rows),
        modality="+".join(row.modality for row in rows),
        label=rows[0].label,
        object=rows[0].object,
        values=values,
        features=None,
        quality=sum(row.quality for row in rows) / len(rows),
        distance=max(row.distance for row in rows),
        samples=sum(row.samples for row in rows),
    )
