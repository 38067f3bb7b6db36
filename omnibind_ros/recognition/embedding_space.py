"""Which encoders and fusion made an embedding: those of others cannot be compared with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from omnibind_ros.encoders.bundle import Bundle
from omnibind_ros.encoders.manifest import FileSpec

FUSION = "fusion"
"""Key of the fusion in `EmbeddingSpace.parts`."""


@dataclass(frozen=True)
class EmbeddingSpace:
    """What the values of a node's fused embeddings depend on.

    Attributes:
        model: Name and version of the bundle, for messages.
        size: Values in an embedding.
        parts: By modality, the hash of its encoder; and under `FUSION` that of the fusion network,
            or the name of a fusion rule without one.
    """

    model: str
    size: int
    parts: Mapping[str, str]

    @classmethod
    def of(cls, bundle: Bundle, fusion: str) -> EmbeddingSpace:
        """Return the space of a bundle.

        Args:
            bundle: The bundle.
            fusion: Name of the fusion rule in use, a key of `FUSIONS`.
        """
        manifest = bundle.manifest
        parts = {modality: _hash(spec) for modality, spec in manifest.encoders.items()}
        network = manifest.fusion if fusion == "adaptive" else None
        parts[FUSION] = fusion if network is None else _hash(network)
        return cls(manifest.model, manifest.embedding_size, parts)

    def key(self, modalities: Iterable[str]) -> str:
        """Return a hash that two embeddings have in common if their values can be compared.

        It depends on the encoders of the embedding's own modalities alone, and on the fusion, so
        that another encoder of one modality leaves the embeddings of the other modalities valid.

        Args:
            modalities: The modalities that were fused.

        Returns:
            SHA-256 in hexadecimal; '' if there is no encoder of one of the modalities.
        """
        names = sorted({*modalities, FUSION})
        if any(name not in self.parts for name in names):
            return ""
        text = "\n".join(f"{name} {self.parts[name]}" for name in names)
        return hashlib.sha256(text.encode()).hexdigest()


def _hash(spec: FileSpec) -> str:
    """Return a hash of a network and of all files that it needs."""
    files = [spec.sha256, *(f"{role} {file.sha256}" for role, file in sorted(spec.extra.items()))]
    return hashlib.sha256("\n".join(files).encode()).hexdigest()
