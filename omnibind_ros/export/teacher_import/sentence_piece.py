"""Makes a file tokenizer.json of a tokenizer of transformers, also of one of SentencePiece."""

from __future__ import annotations

import re
import string
from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.learning.teachers.clip import load_library

SPACE = "\u2581"
"""Stands for a space in the pieces of SentencePiece."""

UNIGRAM = 1
"""Number of unigram models in SentencePiece's file format."""


def to_tokenizer(tokenizer: Any, name: str) -> Tokenizer:
    """Return a tokenizer of the library tokenizers that gives the same tokens.

    Args:
        tokenizer: Of transformers: one that is made of such a tokenizer, or SigLIP's of
            SentencePiece.
        name: Of the model, for messages.

    Raises:
        BundleError: It is of another kind.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        return Tokenizer.from_str(backend.to_str())
    if hasattr(tokenizer, "sp_model") and hasattr(tokenizer, "canonicalize_text"):
        return siglip_tokenizer(
            tokenizer.sp_model.serialized_model_proto(),
            eos=tokenizer.eos_token,
            lower=bool(tokenizer.do_lower_case),
            name=name,
        )
    raise BundleError(
        f"the tokenizer of {name} is a {type(tokenizer).__name__}, which cannot be written as "
        "tokenizer.json; give a model whose folder has a tokenizer.json"
    )


def siglip_tokenizer(model: bytes, eos: str, lower: bool, name: str) -> Tokenizer:
    """Return SigLIP's tokenizer: no punctuation, single spaces, unigram pieces, an end of sentence.

    Source of the normalisation: prompt_engineering.py of github.com/google-research/big_vision.

    Args:
        model: A file of SentencePiece, as bytes.
        eos: The piece that ends a sentence.
        lower: Whether capital letters become small ones.
        name: Of the model, for messages.

    Raises:
        BundleError: It is no unigram model.
        TrainingError: The library sentencepiece is missing.
    """
    library = load_library("sentencepiece.sentencepiece_model_pb2", "teachers-transformers")
    said = library.ModelProto.FromString(model)
    if said.trainer_spec.model_type != UNIGRAM:
        raise BundleError(
            f"the SentencePiece model of {name} is no unigram model, which SigLIP's are; give a "
            "model whose folder has a tokenizer.json"
        )
    pieces = [(each.piece, each.score) for each in said.pieces]
    made = Tokenizer(
        models.Unigram(pieces, said.trainer_spec.unk_id, said.trainer_spec.byte_fallback)
    )
    charsmap = said.normalizer_spec.precompiled_charsmap
    made.normalizer = normalizers.Sequence(
        [
            *([normalizers.Lowercase()] if lower else []),
            normalizers.Replace(Regex(f"[{re.escape(string.punctuation)}]"), ""),
            *([normalizers.Precompiled(charsmap)] if charsmap else []),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always")
    end = made.token_to_id(eos)
    made.post_processor = processors.TemplateProcessing(
        single=f"$A {eos}", special_tokens=[(eos, end)]
    )
    return made
