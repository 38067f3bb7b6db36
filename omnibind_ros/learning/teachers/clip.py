"""Teachers of OpenCLIP and of Hugging Face's transformers."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from omnibind_ros.arrays import Floats
from omnibind_ros.encoders.image import structure
from omnibind_ros.encoders.picture import STRUCTURE, ramp
from omnibind_ros.learning.config import TrainingError

from .interface import Anchors, ImageEmbeddings
from .torchvision_import import import_torchvision

BATCH = 32
"""Pictures or sentences that go through a model at a time."""


def _library(name: str, group: str) -> Any:
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
    """Embeds in batches; a subclass embeds one batch."""

    name: str
    key: str

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
        library = _library("open_clip", "teachers-openclip")
        pretrained = None
        if ":" not in name:
            name, _, pretrained = name.partition("/")
            if not pretrained:
                raise TrainingError(
                    f"openclip:{name} names no weights; write openclip:{name}/WEIGHTS, such as "
                    "openclip:ViT-B-32/laion2b_s34b_b79k"
                )
        try:
            self._model, self._prepare = library.create_model_from_pretrained(
                name, pretrained=pretrained
            )
            self._tokenizer = library.get_tokenizer(name)
        except Exception as error:
            raise TrainingError(
                f"OpenCLIP cannot load the teacher {name} ({' '.join(str(error).split())[:200]}); "
                "check its name or folder"
            ) from error
        self._model.eval()
        self._torch = _library("torch", "train")
        self._pictures = _library("PIL.Image", "teachers-openclip")
        self.name = f"openclip:{name}"
        self.key = _weights_key(self._model.state_dict())

    def _images(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> Floats:
        prepared = [self._prepare(self._pictures.fromarray(picture)) for picture in pictures]
        with self._torch.inference_mode():
            return _unit(self._model.encode_image(self._torch.stack(prepared)))

    def _texts(self, texts: Sequence[str]) -> Floats:
        with self._torch.inference_mode():
            return _unit(self._model.encode_text(self._tokenizer(list(texts))))


class HuggingFaceTeacher(_ClipTeacher):
    """A CLIP or SigLIP model of Hugging Face's transformers."""

    def __init__(self, name: str) -> None:
        """Load a model.

        Args:
            name: A folder that `save_pretrained` wrote, or a name on the hub.

        Raises:
            TrainingError: transformers is missing, or cannot load the model, or it is of a kind
                that does not embed both images and texts.
        """
        import_torchvision()
        library = _library("transformers", "teachers-transformers")
        try:
            self._model = library.AutoModel.from_pretrained(name)
            self._tokenizer = library.AutoTokenizer.from_pretrained(name)
            self._processor = library.AutoImageProcessor.from_pretrained(name)
        except Exception as error:
            raise TrainingError(
                f"transformers cannot load the teacher {name} "
                f"({' '.join(str(error).split())[:200]}); check its name or folder"
            ) from error
        if not hasattr(self._model, "get_image_features"):
            raise TrainingError(
                f"the teacher {name} is a {type(self._model).__name__}, which does not put images "
                "and sentences into one space; give a CLIP or SigLIP model"
            )
        self._model.eval()
        self._torch = _library("torch", "train")
        self._length = self._model.config.text_config.max_position_embeddings
        self.name = f"huggingface:{name}"
        self.key = _weights_key(self._model.state_dict())

    def _images(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> Floats:
        inputs = self._processor(images=list(pictures), return_tensors="pt")
        with self._torch.inference_mode():
            return _unit(self._model.get_image_features(**inputs))

    def _texts(self, texts: Sequence[str]) -> Floats:
        # SigLIP was trained on texts filled up to their full length; CLIP masks the filling.
        inputs = self._tokenizer(
            list(texts),
            padding="max_length",
            max_length=self._length,
            truncation=True,
            return_tensors="pt",
        )
        with self._torch.inference_mode():
            return _unit(self._model.get_text_features(**inputs))
