"""Sentences are cleaned; recognisers' notes and denials are no evidence."""

from types import SimpleNamespace

import pytest

from omnibind_ros.sensors import NoEvidenceError, RejectedSampleError
from omnibind_ros.sensors.text import decode_text


def decode(text):
    return decode_text(SimpleNamespace(data=text))


def test_sentence_is_cleaned():
    assert decode("  a\tcup \n of\x00coffee ") == "a cup of coffee"


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "\U0001f469\u200d\U0001f680",
        "\u2615",
        "\u676f\u5b50",
        "C++",
        "no. 5 wrench",
        "a cup (red)",
        "the *red* cup",
    ],
)
def test_sentences_stay_as_they_are(text):
    assert decode(text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("\u200d\u200c", "empty"),
        ("\x00\x07", "empty"),
        ("x" * 5000, "5000 characters"),
    ],
)
def test_bad_text(text, words):
    with pytest.raises(RejectedSampleError, match=words):
        decode(text)


@pytest.mark.parametrize(
    "text",
    [
        "[BLANK_AUDIO]",
        " [ Silence ]",
        "(silence)",
        "[MUSIC]",
        "[Music playing] (upbeat music)",
        "*coughs*",
        "{noise}",
        "<unk>",
        "<|nospeech|>",
        "\u266a\u266a",
        "\u3010\u97f3\u697d\u3011",
        "...",
        "-",
    ],
)
def test_the_notes_of_a_recogniser_are_no_evidence(text):
    with pytest.raises(NoEvidenceError, match="like a recogniser's note") as error:
        decode(text)
    assert not error.value.replaces


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("[MUSIC] bring me a cup", "bring me a cup"),
        ("a cup (coughs)", "a cup"),
        ("[SPEAKER_00]: a cup", "a cup"),
        ("[00:00.000 --> 00:02.000] a cup", "a cup"),
        ("\u266a a cup \u266a", "a cup"),
    ],
)
def test_what_was_spoken_between_notes_stays(text, spoken):
    assert decode(text) == spoken


def test_denials_are_no_evidence():
    assert decode("it is not a cup but a bowl") == "a bowl"
    for text in ("there is no cup here", "[MUSIC] it isn't a cup"):
        with pytest.raises(
            NoEvidenceError, match="a negation that leaves nothing to name; say"
        ) as error:
            decode(text)
        assert not error.value.replaces
