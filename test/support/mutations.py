"""Valid documents, changed at random: what a file may be after an edit, a merge or a bad disk."""

from __future__ import annotations

import copy
import datetime

import yaml
from hypothesis import strategies as st

NESTED = "[" * 2000 + "]" * 2000
"""Deeper than Python's stack."""

JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([2**63, -(2**70), 10**400, 0, -1]),
        st.floats(),
        st.text(max_size=20),
        st.sampled_from(["", "../../etc/passwd", "/dev/zero", "\x00", "a" * 5000, "nan", "1e999"]),
        st.just(datetime.date(2026, 1, 1)),
        st.binary(max_size=8),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def places(value, path=()):
    """Return the path of every node of a document."""
    found = [path]
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(inner, (*path, key))
    return found


@st.composite
def documents(draw, good):
    """Draw the text of a YAML document with some nodes replaced, removed or added."""
    document = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(document)))
        if not path:
            if draw(st.integers(0, 9)) == 0:
                document = draw(JUNK)
            continue
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        how = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if how == "replace":
            parent[path[-1]] = draw(JUNK)
        elif how == "remove":
            del parent[path[-1]]
        elif isinstance(parent, dict):
            parent[draw(st.text(max_size=8))] = draw(JUNK)
        else:
            parent.append(draw(JUNK))
        if not isinstance(document, (dict, list)):
            break
    return yaml.safe_dump(document, allow_unicode=True).encode()


@st.composite
def damaged(draw, good):
    """Draw bytes with some changed, cut off, inserted or doubled."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        how = draw(st.sampled_from(["set", "set", "cut", "insert", "double"]))
        if how == "set" and data:
            data[place] = draw(st.integers(0, 255))
        elif how == "cut":
            del data[place : place + draw(st.integers(1, 64))]
        elif how == "insert":
            data[place:place] = draw(st.binary(min_size=1, max_size=16))
        else:
            data[place:place] = data[place : place + 64]
    return bytes(data)
