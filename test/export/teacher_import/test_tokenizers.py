"""tokenizer.json gives the tokens of the libraries' own tokenizers."""

import random
import string

import pytest
from tiny_teachers import libraries

torch, transformers = libraries("transformers")

from tiny_clips import SENTENCES, byte_pairs, sentence_pieces  # noqa: E402
from tokenizers import normalizers  # noqa: E402

from omnibind_ros.encoders.manifest import BundleError  # noqa: E402
from omnibind_ros.export.teacher_import import byte_pairs as converted  # noqa: E402
from omnibind_ros.export.teacher_import.sentence_piece import (  # noqa: E402
    siglip_tokenizer,
    to_tokenizer,
)

TEXTS = [
    *SENTENCES,
    "It's a CUP, isn't it? They'll say I'd've...",
    "  two   spaces\tand\nlines ",
    "na\u00efve caf\u00e9 \u2014 12 m\u00b3, 20 \u00b0C",
    "\u6905\u5b50 \u30c6\u30b9\u30c8",
    "snake_case and {braces} (M8 screws) 3.14",
    "",
    "!!!",
]


def random_texts():
    rng = random.Random(0)
    signs = string.ascii_letters + string.digits + string.punctuation + "     \u00e9\u00df\u00f1"
    return ["".join(rng.choices(signs, k=rng.randrange(60))) for _ in range(200)]


def test_merges_become_clips_tokenizer():
    vocabulary, merges = byte_pairs()
    theirs = transformers.CLIPTokenizer(vocab=vocabulary, merges=merges)
    ours = converted.from_merges(vocabulary, merges, "<|startoftext|>", "<|endoftext|>")
    ours.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    for text in (*TEXTS, *random_texts()):
        if "<|" not in text:
            assert ours.encode(text).ids == theirs(text)["input_ids"], text


def test_openclips_tokenizer():
    _, open_clip = libraries("open_clip")
    for clean in ("lower", "whitespace", "canonicalize"):
        theirs = open_clip.SimpleTokenizer(clean=clean)
        ours = converted.byte_pair_tokenizer(theirs, "tiny")
        for text in (*TEXTS, *random_texts(), "a \u201cred\u201d cup that isn\u2019t"):
            if "&" in text:  # HTML is left as it is
                continue
            begin, end = theirs.sot_token_id, theirs.eot_token_id
            assert ours.encode(text).ids == [begin, *theirs.encode(text), end], (clean, text)
    with pytest.raises(BundleError, match="changes texts in a way"):
        converted.byte_pair_tokenizer(open_clip.SimpleTokenizer(reduction_mask="simple"), "tiny")


@pytest.mark.parametrize("lower", [True, False])
def test_sentence_pieces_become_a_tokenizer(tmp_path, lower):
    model = sentence_pieces()
    (tmp_path / "spiece.model").write_bytes(model)
    theirs = transformers.SiglipTokenizer(str(tmp_path / "spiece.model"), do_lower_case=lower)
    ours = to_tokenizer(theirs, "tiny")
    for text in (*TEXTS, *random_texts()):
        assert ours.encode(text).ids == theirs(text)["input_ids"], text


def test_what_is_no_unigram_model_is_refused():
    with pytest.raises(BundleError, match="is no unigram model"):
        siglip_tokenizer(sentence_pieces("bpe"), "</s>", lower=True, name="tiny")


def test_a_tokenizer_of_another_kind_is_refused():
    with pytest.raises(BundleError, match="the tokenizer of tiny is a object, which cannot"):
        to_tokenizer(object(), "tiny")
