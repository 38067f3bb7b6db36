"""Texts lose what cannot be seen, and nothing else."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibind_ros.plain_text import JOINERS, clean_text, same_text


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0641\u0646\u062c\u0627\u0646",
        "\u0915\u094d\u200d\u0937",
        "\u0915\u094d\u200d",
        "\U0001f469\u200d\U0001f680",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\u2615\ufe0f",
        "caf\u00e9 cafe\u0301 \u676f\u5b50",
    ],
    ids=["Persian", "Hindi", "half letter", "astronaut", "flag", "hot drink", "accents"],
)
def test_letters_and_emoji_stay(text):
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tcup \n of\x00coffee ", "a cup of coffee"),
        ("\u3000a\u2003cup\u00a0", "a cup"),
        ("\ufeffcup", "cup"),
        ("co\u00adffee \u202acup\u202c", "coffee cup"),
        ("\u200b \u200d\u200c \x07", ""),
        ("cup\x85\u2028bowl", "cup bowl"),
    ],
)
def test_what_cannot_be_seen_goes(text, expected):
    assert clean_text(text) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Cup", " cUP\x00", True),
        ("coffee mug", "Coffee\t\u00a0Mug", True),
        ("caf\u00e9", "CAFE\u0301", True),
        ("Stra\u00dfe", "STRASSE", True),
        ("cup", "cups", False),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u062e", False),
        ("cup\u200d", "cup", True),
    ],
)
def test_texts_that_look_the_same_are_the_same(one, other, same):
    assert (same_text(one) == same_text(other)) is same


@given(st.text(max_size=40))
def test_any_text_is_clean_after_one_pass(text):
    out = clean_text(text)
    assert clean_text(out) == out
    assert same_text(out) == same_text(text)
    assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") for c in out)
    for joiner in JOINERS:
        assert out.count(joiner) <= text.count(joiner)
    visible = [c for c in text if unicodedata.category(c)[0] in "LNPSM"]
    assert [c for c in out if c in visible] == visible
