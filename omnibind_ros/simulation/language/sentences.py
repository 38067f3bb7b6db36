"""Sentences that people might say of an object, with and without its name.

Half of the sentences about an object have neither its class's name nor a synonym, so that words
alone do not give the answer away, and some have the errors of a speech recogniser. What is known of
each class is in descriptions.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cache

import numpy as np

from .descriptions import Description, DescriptionError
from .speech_errors import misheard

NAMED = (
    "this is {a_name}",
    "I see {a_name} {place}",
    "there is {a_name} with {part}",
    "{a_material_name}",
    "{a_material_name} {place}",
    "bring me to the {name} {place}",
    "the {name} is used to {use}",
    "{a_name} that is {size}",
    "please look for {a_name}, it is {material}",
    "{a_name} with {part} and {part2}",
)
"""Sentences with the class's name, a synonym, or the object's own name."""

UNNAMED = (
    "{a_kind} that is used to {use}",
    "it has {part}, and it is {material}",
    "it is used to {use} or to {use2}",
    "you find it {place}, and you need it to {use}",
    "{a_kind} with {part} and {part2}",
    "something {material} that is {place}",
    "{a_kind}, {material}, {size}, with {part}",
    "it is {size} and has {part}",
    "I need something to {use}",
    "the thing {place} that has {part}",
    "{a_kind} {place}, {size}",
    "what I mean has {part} and serves to {use}",
)
"""Sentences without any of these."""

MATERIALS: dict[str, tuple[str, ...]] = {
    "wood": ("wooden", "made of wood"),
    "metal": ("metal", "made of metal", "metallic"),
    "fabric": ("covered with fabric", "made of cloth"),
    "ceramic": ("ceramic", "made of china"),
    "plastic": ("plastic", "made of plastic"),
    "glass": ("made of glass",),
    "leaf": ("leafy",),
    "leather": ("made of leather",),
    "paper": ("made of paper",),
    "stone": ("made of stone",),
    "skin": ("alive",),
    "rubber": ("made of rubber",),
    "food": ("edible",),
}
"""Words for a substance; another one is 'made of' and its name."""

MISHEARD = 0.35
"""Share of the sentences that have the errors of a speech recogniser."""


def describe(
    label: str,
    description: Description,
    rng: np.random.Generator,
    *,
    size: Sequence[float],
    materials: Sequence[str],
    synonyms: Sequence[str] = (),
    name: str = "",
    count: int = 6,
) -> list[str]:
    """Describe an object in several sentences.

    Args:
        label: What it is called: its class, or a finer name.
        description: What is known of the class.
        rng: Random generator.
        size: Its extents in metres: length, width, height.
        materials: The substances it is made of, the chief one first.
        synonyms: The class, other words for it, or for some of its objects; none appears where it
            may not be named, and elsewhere only those that are in the object's own name.
        name: The object's own name, if it has one.
        count: How many sentences.

    Returns:
        `count` different sentences; half of them (rounded up) have neither the label nor a
        synonym. About a third have the errors of a speech recogniser.

    Raises:
        DescriptionError: No sentence can be made without the class's name.
    """
    description = description.of(name)
    own = {stem(word) for word in _words(name)}
    fitting = [s for s in synonyms if own and own >= {stem(word) for word in _words(s)}]
    names = [label, label, *description.also, *fitting] + ([name.lower()] if name else [])
    unused = "{use" if not description.use else "{none}"
    hidden = -(-count // 2)
    sentences: list[str] = []
    for index in range(count):
        named = index >= hidden
        for _ in range(50):
            template = str(rng.choice(NAMED if named else UNNAMED))
            if unused in template:
                continue
            sentence = _fill(template, str(rng.choice(names)), description, size, materials, rng)
            result = misheard(sentence, rng) if rng.random() < MISHEARD else sentence
            telling = any(gives_away(each, label, synonyms) for each in (sentence, result))
            if result not in sentences and (named or not telling):
                sentences.append(result)
                break
        else:
            raise DescriptionError(
                f"no sentence about '{label}' does without its name: add entries to the class in "
                "descriptions.yaml that use neither it nor a synonym."
            )
    return [sentences[index] for index in rng.permutation(count)]


def _fill(
    template: str,
    name: str,
    description: Description,
    size: Sequence[float],
    materials: Sequence[str],
    rng: np.random.Generator,
) -> str:
    use = rng.permutation(description.use or ("", ""))
    part = rng.permutation(description.parts)
    # The chief material is what one names first.
    material = materials[0] if rng.random() < 0.7 else str(rng.choice(materials))
    adjective = str(rng.choice(MATERIALS.get(material, (f"made of {material}",))))
    qualified = f"{name} {adjective}" if " " in adjective else f"{adjective} {name}"
    kind = description.kind
    return template.format(
        a_name=_article(name, name),
        name=name,
        a_material_name=_article(qualified, name),
        material=adjective,
        a_kind=_article(kind, kind),
        use=use[0],
        use2=use[-1],
        part=part[0],
        part2=part[1],
        place=rng.choice(description.place),
        size=_size(size, rng),
    )


def _article(phrase: str, name: str) -> str:
    """Put an article before a phrase about a name ('wooden chair', 'chair')."""
    if name in {"cutlery", "food"} or (name.endswith("s") and not name.endswith("ss")):
        return f"some {phrase}"
    return f"{'an' if phrase[0] in 'aeio' else 'a'} {phrase}"


def _size(size: Sequence[float], rng: np.random.Generator) -> str:
    """Return how large it is, in words or roughly in figures."""
    largest, height = max(size), size[2]
    words = (
        (0.12, "small enough to close a hand around"),
        (0.35, "easy to lift with one hand"),
        (0.8, "as long as an arm"),
        (1.3, "as long as open arms"),
        (2.2, "as large as a grown-up"),
    )
    word = next((text for limit, text in words if largest < limit), "larger than a grown-up")
    which, metres = ("tall", height) if rng.random() < 0.5 else ("across", max(size[:2]))
    metres *= rng.uniform(0.9, 1.1)  # an estimate by eye
    if metres < 1:
        figure = f"about {max(round(metres * 20) * 5, 1)} centimetres {which}"
    else:
        figure = f"about {metres:.1f} metres {which}"
    return str(rng.choice((word, figure)))


def gives_away(sentence: str, label: str, synonyms: Collection[str] = ()) -> bool:
    """Return whether a sentence has a class's name or a synonym, in any form of the word.

    Every word of the label counts; of a synonym of several words its head ('floor lamp': lamp;
    'chest of drawers': chest), and the words side by side. Words are compared by their stems, and a
    word that begins or ends with a stem of four letters or more counts too (armchair, tablecloth):
    strict, so that now and then a sentence is rejected without need, but none gives the class away.
    """
    single, phrases = _telling(label, tuple(synonyms))
    stems = [stem(word) for word in _words(sentence)]
    for word in stems:
        if word in single:
            return True
        if any(len(s) > 3 and (word.startswith(s) or word.endswith(s)) for s in single):
            return True
    joined = f" {' '.join(stems)} "
    return any(f" {phrase} " in joined for phrase in phrases)


def stem(word: str) -> str:
    """Return a word without its English ending: washer, washes, washed, washing are all wash."""
    word = word.removesuffix("'s")
    for ending in ("ings", "ing", "ers", "er", "ors", "or", "ies", "es", "ed", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            if ending.startswith(("ing", "er", "ed")) and word[-1:] == word[-2:-1]:
                word = word[:-1]  # sitting, sit
            break
    return word


@cache
def _telling(label: str, synonyms: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the stems that give a class away alone, and the phrases of stems."""
    single = {stem(word) for word in _words(label)}
    phrases = set()
    for synonym in synonyms:
        words = _words(synonym)
        single.add(stem(_head(words)))
        phrases.add(" ".join(stem(word) for word in words))
    return frozenset(single), frozenset(phrases)


def _head(words: Sequence[str]) -> str:
    return words[words.index("of") - 1] if "of" in words[1:] else words[-1]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())
