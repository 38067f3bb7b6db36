"""Runs the command `omnibind recognise`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.recognition.class_names import class_text, right_labels
from omnibind_ros.recognition.embedding_space import EmbeddingSpace
from omnibind_ros.recognition.enrolled_labels import EnrolledLabels
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import Label, LabelFile, read_labels
from omnibind_ros.recognition.matching import Matching
from omnibind_ros.recognition.vocabulary import Vocabulary

from .answers import Answer, score
from .errors import FileError
from .file_encoder import FileEncoder
from .folder import FolderFile
from .perceiver import EncodedFile
from .tables import answer_lines, left_out_lines, score_lines

SOME_LEFT_OUT = 3
"""Exit status where some files could not be used and others could."""

FOLDERS = "folders"
"""Value of --labels for the names of the classes."""


def run_recognise(options: argparse.Namespace) -> int:
    """Recognise files and folders, print what they show, and return the exit status.

    Args:
        options: As `commands.add_recognise` adds them.

    Returns:
        0 if every file was used, 1 if none could be, 3 if some were left out.

    Raises:
        ValueError: The bundle, the labels or an option cannot be used.
        OSError: The file of figures cannot be written.
    """
    folders = [Path(path) for path in options.paths if Path(path).is_dir()]
    singles = [path for path in options.paths if not Path(path).is_dir()]
    recognition = FileRecognition(options)
    answers = recognition.of_files(singles) if singles else []
    for folder in folders:
        recognition.add_folder(folder)
    sets = recognition.of_folders()
    figures = recognition.figures(answers, sets)
    text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
    if options.json == "-":
        sys.stdout.write(text)
    else:
        _print(answers, sets, figures)
        if options.json:
            Path(options.json).write_text(text, encoding="utf-8")
    for line in (*recognition.notes, *left_out_lines(recognition.left_out)):
        print(f"omnibind recognise: {line}", file=sys.stderr)
    if not answers and not sets:
        return 1
    return SOME_LEFT_OUT if recognition.left_out else 0


def _print(answers: Sequence[Answer], sets: Sequence[Answer], figures: dict[str, Any]) -> None:
    classes = any(answer.label for answer in sets)
    for answer in (*answers, *(() if classes else sets)):
        print("\n".join(answer_lines(answer)))
    if classes:
        print("\n".join(score_lines(figures)))


class FileRecognition:
    """Recognises files and folders with one bundle and one list of labels."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Load the bundle.

        Args:
            options: As `run_recognise` takes them.

        Raises:
            ValueError: The bundle or an option cannot be used.
        """
        self._labels = options.labels or ""
        bundle = Bundle.load(resolve_bundle(options.bundle))
        self._encoder = FileEncoder(bundle, options)
        self._perceiver = self._encoder.perceiver
        self._vocabulary, problems = Vocabulary.load(bundle, [], 1)
        if options.enrolled:
            problems += self._use_enrolled(bundle, Path(options.enrolled).expanduser())
        for problem in (*problems, self._perceiver.warning):
            if problem:
                print(f"omnibind recognise: {problem}", file=sys.stderr)
        file = read_labels(bundle.root / bundle.manifest.labels.path)
        self._known, self._taxonomy = file.labels, file.taxonomy
        self._templates = file.templates
        self._folders: list[tuple[Path, list[FolderFile]]] = []

    @property
    def left_out(self) -> list[FileError]:
        """Why files are left out."""
        return self._encoder.left_out

    @property
    def notes(self) -> list[str]:
        """Sentences on how folders were read."""
        return self._encoder.notes

    def _use_enrolled(self, bundle: Bundle, folder: Path) -> list[str]:
        """Add the labels of a folder; return a sentence for each problem."""
        if not folder.is_dir():
            raise ValueError(f"--enrolled {folder} is no folder; give that of a node's labels")
        enrolled = EnrolledLabels()
        space = EmbeddingSpace.of(bundle, "mean" if self._perceiver.warning else "adaptive")
        problems = enrolled.open(folder, space, read_only=True)
        matching = Matching.load(bundle)
        self._vocabulary.set_enrolled(enrolled.views(), matching.match(enrolled.parts()))
        return [*problems, *([matching.problem] if matching.problem else [])]

    def of_files(self, paths: Sequence[str]) -> list[Answer]:
        """Fuse files that were named, and recognise them; no answer if none can be used."""
        encoded = [self._encoder.named(path) for path in paths]
        used = tuple(file for file in encoded if file is not None)
        return [self._answer(used, "", self._bank([]))] if used else []

    def add_folder(self, folder: Path) -> None:
        """Take the files of a folder."""
        self._folders.append((folder, self._encoder.files_of(folder)))

    def of_folders(self) -> list[Answer]:
        """Recognise the folders' files; those of one moment are fused."""
        if not any(files for _, files in self._folders):
            return []
        moments: dict[tuple[Path, str, str], list[EncodedFile]] = {}
        for folder, listed in self._folders:
            for file, encoded in self._encoder.listed(listed):
                moments.setdefault((folder, file.label, file.moment), []).append(encoded)
        bank = self._bank(sorted({label for _, label, _ in moments if label}))
        return [self._answer(tuple(files), label, bank) for (_, label, _), files in moments.items()]

    def figures(self, answers: Sequence[Answer], sets: Sequence[Answer]) -> dict[str, Any]:
        """Return everything as an object of JSON."""
        scored = [answer for answer in sets if answer.label]
        figures: dict[str, Any] = {"bundle": self._perceiver.bundle.manifest.model}
        if scored:
            heard = {
                answer.label
                for answer in scored
                if any(file.source.modality == "audio" for file in answer.files)
            }
            right = {name: self._right(name, name in heard) for name in {a.label for a in scored}}
            figures |= score(scored, right)
        figures["results"] = [answer.to_json() for answer in (*answers, *sets)]
        figures["left_out"] = [
            {"path": str(error.path), "reason": error.reason} for error in self.left_out
        ]
        return figures

    def _right(self, name: str, sound: bool) -> tuple[str, ...]:
        names = {label.name for label in self._known}
        enrolled = [Label(each) for each in self._vocabulary.bank.labels if each not in names]
        return right_labels(name, (*self._known, *enrolled), self._taxonomy, sound=sound)

    def _bank(self, classes: Sequence[str]) -> LabelBank:
        """Return the bank of the labels that were asked for; it is made once."""
        names: Iterable[str] = ()
        if self._labels.endswith((".yaml", ".yml")):
            given = read_labels(Path(self._labels).expanduser(), self._templates)
            return self._replaced(given)
        if self._labels == FOLDERS:
            if not classes:
                raise ValueError(
                    "--labels folders needs a folder per class; name a folder that has some"
                )
            names = map(class_text, classes)
        elif self._labels:
            names = (name.strip() for name in self._labels.split(",") if name.strip())
        wanted = list(names)
        if self._labels and not wanted:
            raise ValueError("--labels names no label; give some, such as cup,plate")
        if wanted:
            return self._replaced(LabelFile((), tuple(map(Label, wanted))))
        return self._vocabulary.bank

    def _replaced(self, given: LabelFile) -> LabelBank:
        """Replace the bundle's labels, and return the bank."""
        done = self._vocabulary.set_labels(given.labels, given.templates, given.taxonomy)
        for remark in (*done.notes, *done.sentences()):
            print(f"omnibind recognise: {remark}", file=sys.stderr)
        texts = {label.name: label for label in given.labels}
        self._known = tuple(texts.get(name, Label(name)) for name in done.bank.labels)
        self._taxonomy = done.bank.taxonomy
        return done.bank

    def _answer(self, files: tuple[EncodedFile, ...], label: str, bank: LabelBank) -> Answer:
        return Answer(files, self._perceiver.recognise(files, bank), label)
