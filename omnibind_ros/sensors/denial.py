"""What an English sentence denies is no evidence: 'there is no cup here' names no cup.

Sentence embeddings hardly heed a negation, so what is denied is left out. Rules for the common ways
of English, no grammar: where they are in doubt, they leave out more.
"""

from __future__ import annotations

import re

_AUXILIARY = (
    r"(?:am|is|are|was|were|be|been|do|does|did|have|has|had|can|could|will|would|shall|should|"
    r"may|might|must|need|ought|dare)"
)
_NOT = (
    r"(?:not|never|cannot|ain['\u2019]?t|"
    r"(?:is|are|was|were|do|does|did|have|has|had|ca|could|wo|would|sha|should|might|must|need)"
    r"n['\u2019]?t)"
)
_NONE = r"(?:no|nothing|nobody|no-one|none|nowhere|neither|nor|rather than|instead of)"
_SUBJECT = (
    r"(?:it|this|that|there|here|these|those|i|we|you|they|he|she)(?:['\u2019](?:s|re|m|ve|d|ll)\b|"
    rf"\s+(?:{_AUXILIARY}|see|saw|hear|want|mean|think|found|feel)\b)"
)
"""A pronoun and its verb: a clause of its own begins."""

_NEGATION = re.compile(rf"(?<![\w-])(?:{_NOT}|{_NONE})(?![\w-])", re.IGNORECASE)
_PARTS = ("no", "nt", "n't", "n\u2019t", "never", "neither", "rather than", "instead of")
"""Every negation contains one of these, which is looked for faster."""

_NO_NEGATION = re.compile(
    r"(?<![\w-])(?:no\.?\s?\d+|not (?:only|just|merely|simply)|no doubt|nothing (?:but|other than)|"
    r"none other than|no other than|whether or not|forget me not|(?:a|an|the|one|this|that) no|"
    r"no (?:\w+ )?(?:entry|smoking|parking|littering|trespassing|swimming)|no \w+ signs?)(?![\w-])",
    re.IGNORECASE,
)
"""Phrases that have such a word and deny nothing."""

_END = re.compile(
    rf"(?P<stop>[.;:!?]+(?=\s|$)|\s[-\u2013\u2014]+\s)|(?P<comma>,)|"
    rf"(?P<but>\b(?:but|however|although|though|yet)\b)|"
    rf"(?P<other>\b(?:and|or|so|because)\s+(?={_SUBJECT}|{_NOT}\b|{_NONE}\b))",
    re.IGNORECASE,
)
"""What stands between two clauses."""

_NO_REPLY = re.compile(
    rf"(?:(?:oh|uh|um|well|but|and)\s+)*(?:no|nope)(?:\s+(?:no|nope))*"
    rf"(?=\s*$|\s+(?:{_SUBJECT}|thanks|thank|sorry|wait))",
    re.IGNORECASE,
)
"""'No' as a reply: what follows is affirmed."""

_RELATIVE = re.compile(r"\s(?:that|which|who|whose|where|when)\s", re.IGNORECASE)
_NEXT_SUBJECT = re.compile(rf"(?<=\s)(?<!\bof\s){_SUBJECT}", re.IGNORECASE)
_NOUN = re.compile(r"(?:a|an|the|any|some|this|that|my|your)\s", re.IGNORECASE)
_VERB = re.compile(rf"(?:\b{_AUXILIARY}|['\u2019](?:s|re|m|ve|d|ll))\s*$", re.IGNORECASE)
_WORD = re.compile(r"[^\W_](?:[\w'\u2019-]*\w)?")
_REPORTING = re.compile(
    r"\b(?:think|thought|believe|suppose|guess|say|says|said|claim|true|sure|certain|know|knew|see|"
    r"mean|expect|imagine|feel|look|looks|seem|seems|how|why|if|whether|that)\b",
    re.IGNORECASE,
)
"""Between a negation and a clause, these make the clause a part of what is denied."""

_EMPTY_WORDS = frozenset(
    re.findall(
        r"\S+",
        "a an the it its it's this that that's there there's here here's these those i i'm "
        "i've i'd we we've you they he she and or but so also too yes no is are was were am "
        "be been being do does did have has had can could will would shall should may might "
        "must see saw seen hear heard feel find found want mean think know believe say said "
        "guess got get look looks looking sure please now just really still even at all of to "
        "in on for with any some anything me my us our well oh uh um okay ok then because if "
        "as thanks thank sorry wait",
    )
)
"""Words that name nothing."""

_SAW = re.compile(r"\b(?:a|the|my|your)\s+saw\b", re.IGNORECASE)
"""The tool: the one label among the verbs of `_EMPTY_WORDS`."""

_TRAILING = frozenset(
    re.findall(
        r"\S+",
        "a an the and or but so with of that which who there is are was were am be been has have "
        "had do does did",
    )
)
"""Words that are left over where a clause was cut."""

_Span = tuple[int, int]


def affirmed(sentence: str) -> str:
    """Return a sentence without what it denies.

    Args:
        sentence: With single spaces.

    Returns:
        The sentence as it is if it denies nothing; else what is left of it, which is empty if that
        names nothing.
    """
    lower = sentence.lower()
    if not any(part in lower for part in _PARTS) or not _NEGATION.search(sentence):
        return sentence
    harmless = [match.span() for match in _NO_NEGATION.finditer(sentence)]
    clauses = _clauses(sentence, harmless)
    kept: list[_Span] = []
    denied = denied_names = False
    waiting: list[_Span] = []
    for start, end, before in clauses:
        if _is_correction(sentence, clauses, (start, end, before)) and kept:
            kept.pop()  # 'a cup? No.' and 'a cup, no, a bowl'
        if denied and before == "comma" and not _has_subject(sentence, start, end):
            if not denied_names:
                continue  # 'it is not, in fact, a cup'
            # 'not a cup, a bowl or a plate', 'not a cup, a bowl, but a plate', or a correction.
            waiting.append((start, end))
            if re.search(r"\b(?:n?or)\b", sentence[start:end], re.IGNORECASE):
                waiting = []
            continue
        if before != "but":
            kept += waiting
        waiting = []
        left = _affirmed_of_clause(sentence, start, end, harmless)
        denied = left[-1:] != [(start, end)]
        denied_names = _names(_NEGATION.sub(" ", sentence[start:end]))
        kept += left
    kept += waiting
    whole = kept == [(start, end) for start, end, _ in clauses]
    return sentence if whole else _joined(sentence, kept, {end for _, end, _ in clauses})


def _clauses(sentence: str, harmless: list[_Span]) -> list[tuple[int, int, str]]:
    """Return start and end of each clause, and the kind of what stands before it."""
    found = []
    start, before = 0, "stop"
    for match in _END.finditer(sentence):
        if _inside(match.start(), harmless):
            continue
        found.append((start, match.start(), before))
        start, before = match.end(), str(match.lastgroup)
    found.append((start, len(sentence), before))
    return [clause for clause in found if sentence[clause[0] : clause[1]].strip()]


def _is_correction(
    sentence: str, clauses: list[tuple[int, int, str]], clause: tuple[int, int, str]
) -> bool:
    """Return whether a clause is a bare 'no' that takes back the clause before it."""
    start, end, before = clause
    if not _NO_REPLY.fullmatch(sentence[start:end].strip()):
        return False
    if before == "comma":
        following = next((kind for begin, _, kind in clauses if begin >= end), "")
        return following == "comma"
    return "?" in sentence[max(start - 2, 0) : start]


def _inside(at: int, spans: list[_Span]) -> bool:
    return any(start <= at < end for start, end in spans)


def _has_subject(sentence: str, start: int, end: int) -> bool:
    clause = sentence[start:end]
    return bool(re.match(rf"\s*{_SUBJECT}", clause, re.IGNORECASE) or _NEGATION.search(clause))


def _affirmed_of_clause(sentence: str, start: int, end: int, harmless: list[_Span]) -> list[_Span]:
    """Return the parts of a clause that are not denied."""
    text = sentence[start:end]
    indent = len(text) - len(text.lstrip())
    reply = _NO_REPLY.match(text, indent)
    if reply:
        rest = start + reply.end()
        return _affirmed_of_clause(sentence, rest, end, harmless) if rest < end else []
    for match in _NEGATION.finditer(sentence, start, end):
        if _inside(match.start(), harmless):
            continue
        parts = [(start, _where_denial_begins(sentence, start, match))]
        after = _NEXT_SUBJECT.search(sentence, match.end(), end)
        between = sentence[match.end() : after.start()] if after else ""
        if after and between.strip() and not _REPORTING.search(between):
            parts += _affirmed_of_clause(sentence, after.start(), end, harmless)
        return [part for part in parts if _names(sentence[slice(*part)])]
    return [(start, end)]


def _where_denial_begins(sentence: str, start: int, negation: re.Match[str]) -> int:
    before = sentence[start : negation.start()]
    relative = list(_RELATIVE.finditer(before))
    if relative and _names(before[: relative[-1].start()]):
        return start + relative[-1].start()  # 'a cup that is not red'
    if re.fullmatch(_NONE, negation[0], re.IGNORECASE):
        return negation.start()  # 'the table has no cup'
    noun = negation[0].lower() == "not" and _NOUN.match(sentence, negation.end() + 1)
    return negation.start() if noun and not _VERB.search(before) else start  # 'a cup not a bowl'


def _names(text: str) -> bool:
    """Return whether a text names anything."""
    return bool(_SAW.search(text)) or any(
        word.lower().replace("\u2019", "'") not in _EMPTY_WORDS for word in _WORD.findall(text)
    )


def _joined(sentence: str, kept: list[_Span], ends: set[int]) -> str:
    parts = []
    for span in kept:
        words = sentence[slice(*span)].strip(" ,;:-\u2013\u2014").split()
        while words and words[0].lower() in ("but", "and", "or", "so", "also"):
            words = words[1:]
        while words and span[1] not in ends and words[-1].lower() in _TRAILING:
            words = words[:-1]
        parts.append(" ".join(words))
    return ", ".join(part for part in parts if _names(part))
