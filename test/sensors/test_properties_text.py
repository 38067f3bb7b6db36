"""Properties of texts: what is read is what was sent, in whatever characters."""

import os
import re
import unicodedata
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.sensors import NoEvidenceError, RejectedSampleError
from omnibind_ros.sensors.denial import _NEGATION, _PARTS
from omnibind_ros.sensors.text import decode_text

EXAMPLES = int(os.environ.get("OMNIBIND_EXAMPLES", "200"))

JOINED = ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0915\u094d\u200d\u0937")
"""A Persian word with a non-joiner, a Hindi conjunct with a joiner."""

NEGATIONS = (
    *("no", "not", "never", "cannot", "ain't", "isn't", "isnt", "don\u2019t", "won't", "can't"),
    *("couldn't", "nothing", "nobody", "none", "nowhere", "neither", "nor", "wouldn't", "no-one"),
)

words = st.one_of(
    st.text(st.sampled_from("abcdefgkmpqrsuvwxyzABCDEF0123456789"), min_size=1, max_size=9),
    st.text(
        st.characters(min_codepoint=0x0400, max_codepoint=0x9FFF, categories=("Lo", "Ll")),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(JOINED),
)
gaps = st.text(st.sampled_from(" \t\n\r\x00\x07\x1b\x7f\x85"), min_size=1, max_size=3)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.tuples(words, gaps), min_size=1, max_size=12), gaps)
def test_words_are_kept_and_control_characters_part_them(parts, before):
    sent = before + "".join(word + gap for word, gap in parts)
    by_hand = "".join(" " if unicodedata.category(c) == "Cc" else c for c in sent).split(" ")
    expected = " ".join(word for word in by_hand if word)
    assert decode_text(SimpleNamespace(data=sent)) == expected


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_a_sentence(sent):
    try:
        got = decode_text(SimpleNamespace(data=sent))
    except (RejectedSampleError, NoEvidenceError):
        return
    assert got == " ".join(got.split())
    assert not any(unicodedata.category(c) == "Cc" for c in got)


@pytest.mark.parametrize("sentence", ["isnt it", "It Isn't", "NEITHER one", "rather than a cup"])
def test_a_negation_is_not_passed_over(sentence):
    assert _NEGATION.search(sentence)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.sampled_from(NEGATIONS),
    st.booleans(),
)
def test_the_fast_test_passes_over_no_negation(word, upper):
    word = word.upper() if upper else word
    assert re.search(_NEGATION, f"it {word} a")
    assert any(part in f"it {word} a".lower() for part in _PARTS)
