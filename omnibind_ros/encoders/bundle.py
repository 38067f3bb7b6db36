"""Bundles: a folder of exported encoders with a manifest, checked before it is used."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from omnibind_ros.modalities import MODALITIES, part
from omnibind_ros.share import share_folders

from .backend import Model, load_model
from .base import Encoder
from .checked_file import CheckedFile
from .manifest import BundleError, BundleManifest, FileSpec, read_manifest
from .student import StudentEncoder


def resolve_bundle(name_or_path: str) -> Path:
    """Find a bundle.

    Args:
        name_or_path: A bundle's folder, or the name of an installed bundle.

    Raises:
        BundleError: There is no such folder and no such bundle.
    """
    given = Path(name_or_path).expanduser()
    tried = [given]
    if name_or_path and given.name == name_or_path:
        tried.extend(folder / name_or_path for folder in share_folders("models"))
    for folder in tried:
        if (folder / "bundle.yaml").is_file():
            return folder.resolve()
    raise BundleError(
        f"there is no bundle '{name_or_path}' (looked for bundle.yaml in "
        f"{', '.join(map(str, tried))}); set the parameter bundle to a bundle's name or folder"
    )


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal.

    Raises:
        OSError: The file cannot be read.
    """
    return CheckedFile(path).sha256


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files have been checked.

    It stays what it was when it was checked: its files are kept open, so that a bundle that takes
    its place on the disk changes nothing, and a file that is written into is not used any more.

    Attributes:
        root: Its folder.
        manifest: Its bundle.yaml.
        problems: By modality, why an encoder cannot be used, in one sentence; and under `fusion`
            and `matching` why the fusion network and the statistics of enrolled labels cannot.
    """

    root: Path
    manifest: BundleManifest
    problems: dict[str, str]
    _loaded: dict[tuple[Any, ...], Encoder] = field(default_factory=dict, repr=False)
    _locks: dict[tuple[Any, ...], threading.Lock] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _files: dict[str, CheckedFile] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what the checks have found; the process that reads it opens files by their path.

        Open files, loaded models and locks stay in this process.
        """
        return Bundle, (self.root, self.manifest, self.problems)

    @classmethod
    def load(cls, folder: Path) -> Bundle:
        """Read the manifest and check every file; the models are loaded by `encoder`.

        Args:
            folder: The bundle's folder.

        Raises:
            BundleError: bundle.yaml is missing or broken. A broken encoder is no error here but
                an entry in `problems`, so that the others can be used.
        """
        manifest = read_manifest(folder)
        networks = {"fusion": manifest.fusion, "matching": manifest.matching}
        others = {role: spec for role, spec in networks.items() if spec is not None}
        wanted = [
            (role, file)
            for role, spec in {**manifest.encoders, **others}.items()
            for file in (spec, *spec.extra.values())
        ]
        problems: dict[str, str] = {}
        files: dict[str, CheckedFile] = {}
        with ThreadPoolExecutor(thread_name_prefix="check") as pool:
            checks = [pool.submit(cls._checked, folder, file) for _, file in wanted]
        for (role, file), check in zip(wanted, checks, strict=True):
            try:
                files[file.path] = check.result()
            except BundleError as error:
                problems[role] = str(error)
        return cls(folder, manifest, problems, _files=files)

    @staticmethod
    def _checked(folder: Path, spec: FileSpec) -> CheckedFile:
        try:
            file = CheckedFile(folder / spec.path)
        except OSError as error:
            raise BundleError(
                f"{spec.path} of bundle {folder.name} cannot be read ({error.strerror}); "
                "restore it from where the bundle came"
            ) from error
        if file.sha256 != spec.sha256:
            raise BundleError(
                f"{spec.path} of bundle {folder.name} has SHA-256 {file.sha256[:12]}... but the "
                f"manifest says {spec.sha256[:12]}...; restore it from where the bundle came"
            )
        return file

    def place(self, spec: FileSpec) -> Path:
        """Return a path of one of the files, under which it is the file that was checked.

        Args:
            spec: An entry of the manifest.

        Raises:
            BundleError: Something was written into the file since it was checked.
        """
        file = self._files.get(spec.path)
        if file is None:
            return self.root / spec.path
        try:
            unchanged, why = file.unchanged(), "its content is another one"
        except OSError as error:
            unchanged, why = False, str(error.strerror)
        if not unchanged:
            raise BundleError(
                f"{spec.path} of bundle {self.root.name} was changed after it had been checked "
                f"({why}); configure the node again, or restore the file"
            )
        return file.place()

    def encoder(
        self, modality: str, threads: int = 1, providers: Sequence[str] | None = None
    ) -> Encoder:
        """Return the encoder of a modality, loaded once for all calls with the same arguments.

        Args:
            modality: Its name.
            threads: CPU threads that one encoding may use.
            providers: ONNX Runtime execution providers; None for the best that are available.

        Raises:
            BundleError: There is none, or its files are broken or differ from the manifest.
        """
        if modality in self.problems:
            raise BundleError(self.problems[modality])
        spec = self.manifest.encoders.get(modality)
        if spec is None or modality not in MODALITIES:
            raise BundleError(
                f"bundle {self.manifest.model} has no encoder for modality '{modality}' but only "
                f"for {', '.join(self.manifest.encoders)}; choose another bundle"
            )
        size = spec.outputs[0].shape[-1] if spec.outputs else 0
        if size != self.manifest.embedding_size:
            raise BundleError(
                f"{spec.path} gives {size} values but bundle {self.manifest.model} has embeddings "
                f"of {self.manifest.embedding_size}; restore both from where the bundle came"
            )
        key = (modality, threads, tuple(providers or ()))
        with self._lock:
            one_at_a_time = self._locks.setdefault(key, threading.Lock())
        with one_at_a_time:
            if key not in self._loaded:
                model = load_model(self.place(spec), spec, threads, providers)
                self._loaded[key] = self._make_encoder(modality, model, spec)
            return self._loaded[key]

    def begin_loading(self, modalities: Iterable[str], threads: int = 1) -> None:
        """Begin to load encoders at the same time, in threads; `encoder` waits for each of them.

        Args:
            modalities: Their names; what is wrong with one is told by `encoder`.
            threads: As of `encoder`.
        """

        def load(modality: str) -> None:
            with contextlib.suppress(BundleError):  # `encoder` raises it again
                self.encoder(modality, threads)

        pool = ThreadPoolExecutor(thread_name_prefix="load")
        for modality in dict.fromkeys(modalities):
            pool.submit(load, modality)
        pool.shutdown(wait=False)

    def _make_encoder(self, modality: str, model: Model, spec: FileSpec) -> Encoder:
        try:
            module = part("encoders", modality)
        except ImportError as error:
            raise BundleError(
                f"the encoder of modality '{modality}' cannot be imported ({error}); install what "
                "it needs"
            ) from error
        if not MODALITIES[modality].teacher:
            return StudentEncoder(modality, module.prepare, model, self.manifest.model, spec)
        # Absolute paths, which the folder that is put before them does not change.
        places = {role: str(self.place(s).absolute()) for role, s in spec.extra.items()}
        extra = {role: replace(s, path=places[role]) for role, s in spec.extra.items()}
        spec = replace(spec, extra=extra)
        encoder: Encoder = module.make_encoder(model, self.manifest.model, spec, self.root)
        return encoder
