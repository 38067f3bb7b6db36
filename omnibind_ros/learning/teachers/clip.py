"""Teachers of OpenCLIP and of Hugging Face's transformers."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.framing import structure
from omnibind_ros.encoders.picture import STRUCTURE, ramp
from omnibind_ros.learning.config import TrainingError

from .interface import Anchors, ImageEmbeddings
from .torchvision_import import import_torchvision

TOKENIZERS = ("tokenizer.json", "spiece.model", "tokenizer.model", "vocab.json", "vocab.txt")
"""Files of a folder of transformers of which one holds the tokens."""

BATCH = 32
"""Pictures or sentences that go through a model at a time."""


def load_library(name: str, group: str) -> Any:
    """Import a library, or raise a TrainingError that names the group of requirements with it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise TrainingError(
            f"this teacher needs the Python module {name} ({error}); install it with "
            f"`pip install -c constraints.txt -r requirements/{group}.txt`"
        ) from error


def _weights_key(state: Mapping[str, Any]) -> str:
    """Return a hash of a network's weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()


def _unit(tensor: Any) -> Floats:
    # Of transformers 5, the features come in a structure.
    values = getattr(tensor, "pooler_output", tensor).detach().cpu().float().numpy()
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), np.float32)


def _batches(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


class _ClipTeacher:
    """Embeds in batches; a subclass embeds one batch.

    Attributes:
        name: What was loaded, and by which library.
        key: Hash of its weights.
        model: The library's network, in fp32 and in evaluation mode.
        tokenizer: The library's tokenizer.
    """

    name: str
    key: str
    model: Any
    tokenizer: Any

    def _images(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> Floats:
        raise NotImplementedError

    def _texts(self, texts: Sequence[str]) -> Floats:
        raise NotImplementedError

    def embed_images(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> ImageEmbeddings:
        """Embed N pictures, each uint8 [H, W, 3], RGB; the features are the embeddings."""
        values = np.concatenate([self._images(batch) for batch in _batches(pictures)])
        quality = [ramp(structure(picture), STRUCTURE) for picture in pictures]
        return ImageEmbeddings(values, np.array(quality, np.float32), values)

    def encode_batch(self, texts: Sequence[str]) -> Floats:
        """Embed N sentences: unit vectors, float32 [N, D]."""
        return np.concatenate([self._texts(batch) for batch in _batches(list(texts))])

    def anchors(self) -> Anchors:
        """Return none: it was trained on sentences, not on classes."""
        return Anchors.none()


class OpenClipTeacher(_ClipTeacher):
    """A model of OpenCLIP."""

    def __init__(self, name: str) -> None:
        """Load a model.

        Args:
            name: As OpenCLIP takes it: `local-dir:FOLDER`, `hf-hub:ORGANISATION/MODEL`, or the
                name of an architecture and of its weights, joined by a slash.

        Raises:
            TrainingError: OpenCLIP is missing, or cannot load the model.
        """
        import_torchvision()
        library = load_library("open_clip", "teachers-openclip")
        pretrained = None
        if ":" not in name:
            name, _, pretrained = name.partition("/")
            if not pretrained:
                raise TrainingError(
                    f"openclip:{name} names no weights; write openclip:{name}/WEIGHTS, such as "
                    "openclip:ViT-B-32/laion2b_s34b_b79k"
                )
        try:
            self.model, self._prepare = library.create_model_from_pretrained(
                name, pretrained=pretrained
            )
            self.tokenizer = library.get_tokenizer(name)
        except Exception as error:
            raise TrainingError(
                f"OpenCLIP cannot load the teacher {name} ({' '.join(str(error).split())[:200]}); "
                "check its name or folder"
            ) from error
        self.model = self.model.float().eval()
        self._torch = load_library("torch", "train")
        self._pictures = load_library("PIL.Image", "teachers-openclip")
        self.name = f"openclip:{name}"
        self.key = _weights_key(self.model.state_dict())

    def _images(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> Floats:
        prepared = [self._prepare(self._pictures.fromarray(picture)) for picture in pictures]
        with self._torch.inference_mode():
            return _unit(self.model.encode_image(self._torch.stack(prepared)))

    def _texts(self, texts: Sequence[str]) -> Floats:
        with self._torch.inference_mode():
            return _unit(self.model.encode_text(self.tokenizer(list(texts))))


class HuggingFaceTeacher(_ClipTeacher):
    """A CLIP or SigLIP model of Hugging Face's transformers.

    Attributes:
        processor: The library's preparation of pictures.
        length: Largest number of tokens of a sentence.
    """

    def __init__(self, name: str) -> None:
        """Load a model.

        Args:
            name: A folder that `save_pretrained` wrote, or a name on the hub.

        Raises:
            TrainingError: transformers is missing, or cannot load the model, or it is of a kind
                that does not embed both images and texts.
        """
        import_torchvision()
        library = load_library("transformers", "teachers-transformers")
        loaded, state = self._load(
            lambda: library.AutoModel.from_pretrained(name, output_loading_info=True), name
        )
        if not (hasattr(loaded, "get_image_features") and hasattr(loaded, "get_text_features")):
            raise TrainingError(
                f"the teacher {name} is a {type(loaded).__name__}, which does not put images "
                "and sentences into one space; give a CLIP or SigLIP model"
            )
        if missing := sorted(state.get("missing_keys", ())):
            raise TrainingError(
                f"the teacher {name} lacks {len(missing)} of its weights, such as {missing[0]}; "
                "restore its files from where it came"
            )
        self.model = loaded.float().eval()
        self.processor = self._load(lambda: library.AutoImageProcessor.from_pretrained(name), name)
        _check_tokenizer_files(name)
        self.tokenizer = self._load(lambda: library.AutoTokenizer.from_pretrained(name), name)
        _check_vocabulary(name, len(self.tokenizer), self.model.config.text_config.vocab_size)
        self._torch = load_library("torch", "train")
        self.length = self.model.config.text_config.max_position_embeddings
        self.name = f"huggingface:{name}"
        self.key = _weights_key(self.model.state_dict())

    @staticmethod
    def _load(load: Callable[[], Any], name: str) -> Any:
        """Let the library load a part of a model, or raise a TrainingError that says why not."""
        try:
            return load()
        except Exception as error:
            raise TrainingError(
                f"transformers cannot load the teacher {name} "
                f"({' '.join(str(error).split())[:200]}); check its name or folder"
            ) from error

    def _images(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> Floats:
        inputs = self.processor(images=list(pictures), return_tensors="pt")
        with self._torch.inference_mode():
            return _unit(self.model.get_image_features(**inputs))

    def _texts(self, texts: Sequence[str]) -> Floats:
        # SigLIP was trained on texts filled up to their full length; CLIP masks the filling.
        with self._torch.inference_mode():
            return _unit(self.model.get_text_features(**self.tokens(texts)))

    def tokens(self, texts: Sequence[str]) -> Any:
        """Return what the text network takes for N sentences: input_ids, int64 [N, length]."""
        return self.tokenizer(
            list(texts),
            padding="max_length",
            max_length=self.length,
            truncation=True,
            return_tensors="pt",
        )


def _check_tokenizer_files(name: str) -> None:
    """Check that a folder has a tokenizer: transformers makes an empty one where there is none.

    Raises:
        TrainingError: It has none.
    """
    folder = Path(name).expanduser()
    if folder.is_dir() and not any((folder / file).is_file() for file in TOKENIZERS):
        raise TrainingError(
            f"{folder} has no tokenizer (none of {', '.join(TOKENIZERS)}); copy the model's own "
            "into it"
        )


def _check_vocabulary(name: str, tokens: int, rows: int) -> None:
    """Check that a tokenizer is that of its model, which may have some rows more than tokens.

    Raises:
        TrainingError: It is not.
    """
    if not rows / 2 <= tokens <= rows:
        raise TrainingError(
            f"the tokenizer of {name} has {tokens} tokens, but its text network {rows} rows; copy "
            "the model's own tokenizer beside it"
        )
