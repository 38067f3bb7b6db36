"""Errors of a speech recogniser: homophones, misheard names, dropped words.

The three kinds of word error are those that recognition is scored by: substitutions, deletions and
insertions (here: a filler word). Capitals and punctuation are left out, too.
"""

from __future__ import annotations

import re

import numpy as np

SOUND_ALIKE: dict[str, tuple[str, ...]] = {
    # function words and verbs
    "a": ("the", "uh"),
    "and": ("an", "end"),
    "for": ("four",),
    "has": ("as",),
    "in": ("and",),
    "it": ("eat",),
    "its": ("it's",),
    "made": ("maid",),
    "need": ("knead",),
    "of": ("off",),
    "one": ("won",),
    "see": ("sea",),
    "the": ("a",),
    "their": ("there",),
    "there": ("their",),
    "this": ("these",),
    "to": ("two", "too"),
    "two": ("to",),
    "used": ("use",),
    "with": ("width",),
    "you": ("ewe",),
    "by": ("buy",),
    "hear": ("here",),
    "write": ("right",),
    "read": ("reed",),
    "sit": ("set",),
    "eat": ("heat",),
    "wait": ("weight",),
    "warm": ("worm",),
    "keep": ("keeps",),
    # materials and sizes
    "wooden": ("wouldn't", "woollen"),
    "wood": ("would",),
    "metal": ("medal",),
    "steel": ("steal",),
    "glass": ("gloss", "class"),
    "plastic": ("plaster",),
    "leather": ("lather",),
    "tall": ("tell",),
    "ceramic": ("symmetric",),
    "stone": ("stow",),
    "fabric": ("fabrics",),
    "high": ("hi",),
    "wide": ("why'd",),
    "centimetres": ("centimetre",),
    "metres": ("meters", "meets"),
    # names that are easily misheard, alone or as parts of longer ones
    "animal": ("enamel",),
    "bag": ("back",),
    "ball": ("bawl",),
    "bath": ("path",),
    "bathtub": ("bath up",),
    "bed": ("bad",),
    "bench": ("branch",),
    "bicycle": ("by sickle",),
    "bike": ("like",),
    "bin": ("been",),
    "bookcase": ("book ace",),
    "bottle": ("battle",),
    "bowl": ("bold",),
    "box": ("fox",),
    "cabinet": ("carbonate",),
    "camera": ("cameo",),
    "car": ("card",),
    "chair": ("share",),
    "clock": ("clog",),
    "clothes": ("close",),
    "computer": ("commuter",),
    "couch": ("coach",),
    "cup": ("cop",),
    "cutlery": ("cut every",),
    "door": ("daw",),
    "fan": ("van",),
    "fence": ("hence",),
    "fireplace": ("fire plays",),
    "food": ("mood",),
    "fridge": ("bridge",),
    "instrument": ("in statement",),
    "knife": ("night",),
    "lamp": ("lamb",),
    "loudspeaker": ("loud sneaker",),
    "machine": ("mush in",),
    "mug": ("mud",),
    "oven": ("of an",),
    "outlet": ("outlook",),
    "person": ("parson",),
    "phone": ("foam",),
    "plant": ("planned",),
    "pot": ("part",),
    "radiator": ("radio later",),
    "refrigerator": ("refrigerate a",),
    "rug": ("rock",),
    "shoe": ("shoo",),
    "sink": ("think",),
    "sofa": ("so far",),
    "stairs": ("stares",),
    "table": ("cable",),
    "telephone": ("tell a phone",),
    "television": ("tell a vision",),
    "toilet": ("toy let",),
    "tool": ("two'll",),
    "toy": ("toil",),
    "truck": ("track",),
    "vase": ("face",),
    "washbasin": ("wash basing",),
    "window": ("widow",),
}
"""By word, what it may be taken for: homophones first, then similar words."""

_DROPPED = frozenset({"a", "an", "the", "of", "is", "it", "and", "to", "in", "with", "that"})
_FILLERS = ("uh", "um", "er", "like")


def misheard(sentence: str, rng: np.random.Generator, rate: float = 0.25) -> str:
    """Return what a recogniser might write for a spoken sentence.

    Args:
        sentence: The sentence.
        rng: Random generator.
        rate: Probability of an error at each word that can be misheard or dropped.

    Returns:
        Small letters without punctuation, at least one word wrong where any word can be.
    """
    words = re.findall(r"[a-z0-9']+", sentence.lower())
    likely = [index for index, word in enumerate(words) if word in SOUND_ALIKE or word in _DROPPED]
    if not likely:
        return " ".join([str(rng.choice(_FILLERS)), *words])
    hit = {index for index in likely if rng.random() < rate} or {int(rng.choice(likely))}
    result: list[str] = []
    for index, word in enumerate(words):
        if index not in hit:
            result.append(word)
        elif word in SOUND_ALIKE and (word not in _DROPPED or rng.random() < 0.5):
            result.append(str(rng.choice(SOUND_ALIKE[word])))
        elif word not in _DROPPED:
            result.append(word)
        if rng.random() < rate / 10:
            result.append(str(rng.choice(_FILLERS)))
    return " ".join(result)
