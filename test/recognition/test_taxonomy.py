"""Taxonomy: ancestors, what a node contains, the finest node that is sure, and bad groups."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.recognition.labels import LabelError, read_labels
from omnibind_ros.recognition.taxonomy import (
    MAX_GROUPS,
    NO_GROUPS,
    Categories,
    Group,
    Taxonomy,
    TaxonomyError,
)

LABELS = ("chair", "armchair", "stool", "sofa", "knife", "fork", "car", "dog")
GROUPS = (
    Group("chair", ("armchair", "stool")),
    Group("furniture", ("seating",)),
    Group("seating", ("chair", "sofa")),
    Group("cutlery", ("knife", "fork")),
    Group("metal thing", ("knife", "car")),
)
SURE = 0.5003
EXAMPLES = int(os.environ.get("OMNIBIND_EXAMPLES", "150"))


@pytest.fixture
def taxonomy():
    return Taxonomy.checked(GROUPS, LABELS)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("armchair", ("chair", "seating", "furniture")),
        ("sofa", ("seating", "furniture")),
        ("knife", ("cutlery", "metal thing")),
        ("dog", ()),
        ("ARM chair", ()),
        (" Armchair ", ("chair", "seating", "furniture")),
        ("seating", ("furniture",)),
        ("a thing that nobody knows", ()),
    ],
)
def test_ancestors_come_nearest_first(taxonomy, label, expected):
    assert taxonomy.ancestors(label) == expected


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("chair", ("chair", "armchair", "stool")),
        ("furniture", ("chair", "armchair", "stool", "sofa")),
        ("metal thing", ("knife", "car")),
        ("dog", ("dog",)),
        ("plants", ()),
    ],
)
def test_a_node_contains_labels(taxonomy, node, expected):
    assert taxonomy.labels_in(node, LABELS) == expected


def shares(**given_shares):
    return np.array([given_shares.get(label, 0.0) for label in LABELS])


@pytest.mark.parametrize(
    ("probabilities", "threshold", "expected", "probability"),
    [
        # A label that is sure by itself.
        (shares(dog=0.6, car=0.4), 0.5, "dog", 0.6),
        (shares(armchair=0.5, chair=0.5), 0.5, "armchair", 0.5),
        # No label is sure, but one that contains others, or a group.
        (shares(armchair=0.3, chair=0.3, dog=0.4), 0.5, "chair", 0.6),
        (shares(armchair=0.2, stool=0.2, sofa=0.2, dog=0.4), 0.5, "seating", 0.6),
        (shares(knife=0.3, fork=0.4, car=0.3), 0.5, "cutlery", 0.7),
        # Two groups of equally many labels: the more probable one.
        (shares(knife=0.4, fork=0.2, car=0.4), 0.5, "metal thing", 0.8),
        # A label that contains others counts with all of them.
        (shares(chair=0.6, armchair=0.2, dog=0.2), 0.5, "chair", 0.8),
        # None is sure.
        (shares(dog=0.3, car=0.3, sofa=0.3), 0.5, "", 0.0),
        (shares(armchair=0.3, chair=0.3, dog=0.4), 0.7, "", 0.0),
        (shares(), 0.5, "", 0.0),
    ],
)
def test_the_finest_node_that_is_sure(taxonomy, probabilities, threshold, expected, probability):
    found = Categories(LABELS, taxonomy).finest_sure(probabilities, threshold)

    assert found[0] == expected
    assert found[1] == pytest.approx(probability)


def test_without_groups_a_label_is_its_own_category():
    categories = Categories(("cup", "pen"), NO_GROUPS)

    assert categories.finest_sure(np.array([0.3, 0.7])) == ("pen", 0.7)
    assert categories.finest_sure(np.array([0.4, 0.4])) == ("", 0.0)
    assert Categories((), NO_GROUPS).finest_sure(np.zeros(0)) == ("", 0.0)


def test_other_labels_keep_the_ancestors_that_are_known(taxonomy):
    categories = Categories(("Armchair", "sofa", "spaceship"), taxonomy)

    assert categories.finest_sure(np.array([0.4, 0.4, 0.2])) == ("seating", 0.8)
    assert categories.finest_sure(np.array([0.2, 0.2, 0.6])) == ("spaceship", 0.6)


def test_right_answers_contain_the_label_and_cover_few():
    labels = ("animal", "cat", "dog", "cow", "hen", "pig", "pet")
    groups = (
        Group("animal", ("pet", "cow", "hen", "pig")),  # covers seven labels
        Group("pet", ("cat", "dog")),
    )
    right = Categories(labels, Taxonomy.checked(groups, labels)).right_answers

    for i, label in enumerate(labels):
        accepted = {labels[j] for j in np.flatnonzero(right[i])}
        assert accepted == ({label, "pet"} if label in ("cat", "dog") else {label})


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        ([("a", ["b"]), ("b", ["a"])], r"'a' contains itself \(a > b > a\)"),
        ([("a", ["a"])], r"'a' contains itself \(a > a\)"),
        ([("a", ["b"]), ("b", ["c"]), ("c", ["a", "cup"])], r"contains itself \(a > b > c > a\)"),
        ([("a", ["cupp"])], "contains 'cupp', which is neither a label nor a group"),
        ([("a", ["cup"]), ("A", ["pen"])], "group 'A' is there twice"),
        ([("a", ["cup", "Cup"])], "contains 'cup' twice"),
        ([("a", [])], "group 'a' contains nothing"),
        ([("", ["cup"])], "a group text is empty"),
    ],
)
def test_bad_groups_are_refused_in_one_sentence(tmp_path, groups, sentence):
    lines = [f"  - {{name: '{name}', contains: {below}}}" for name, below in groups]
    path = tmp_path / "labels.yaml"
    path.write_text(
        "templates: ['a {}']\nlabels: [{name: cup}, {name: pen}]\ngroups:\n" + "\n".join(lines)
    )

    with pytest.raises(LabelError, match=sentence) as error:
        read_labels(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("groups", ["5", "[cup]", "[{name: a}]", "[{name: a, contains: cup}]"])
def test_groups_of_another_form_are_refused(tmp_path, groups):
    path = tmp_path / "labels.yaml"
    path.write_text(f"templates: ['a {{}}']\nlabels: [{{name: cup}}]\ngroups: {groups}\n")

    with pytest.raises(LabelError, match="`groups`, each with `name` and `contains`"):
        read_labels(path)


def test_too_many_groups_are_refused():
    groups = [Group(f"group {i}", ("cup",)) for i in range(MAX_GROUPS + 1)]

    with pytest.raises(TaxonomyError, match="1001 groups are more than 1000"):
        Taxonomy.checked(groups, ["cup"])


def test_a_renamed_label_stays_in_its_groups(taxonomy):
    renamed = taxonomy.renamed("Chair", "seat").renamed("sofa", "couch")

    assert renamed.ancestors("armchair") == ("seat", "seating", "furniture")
    assert renamed.ancestors("couch") == ("seating", "furniture")
    assert renamed.ancestors("sofa") == ()


@st.composite
def graphs(draw):
    """Return numbers of labels and groups, and for each group what it contains, as numbers.

    Groups contain labels and groups of higher numbers, so that there is no cycle.
    """
    labels, groups = draw(st.integers(1, 6)), draw(st.integers(0, 5))
    below = []
    for number in range(groups):
        choices = [*range(labels), *range(labels + number + 1, labels + groups)]
        below.append(draw(st.lists(st.sampled_from(choices), min_size=1, unique=True)))
    return labels, below


@settings(max_examples=EXAMPLES, deadline=None)
@given(graphs(), st.data())
def test_categories_agree_with_reachability(graph, data):
    """Compared with the closure of the relation by powers of its matrix."""
    count, below = graph
    nodes = count + len(below)
    names = [f"label {i}" for i in range(count)] + [f"group {i}" for i in range(len(below))]
    reach = np.eye(nodes, dtype=bool)
    for number, contained in enumerate(below):
        reach[count + number, contained] = True
    reach = np.linalg.matrix_power(reach.astype(int), nodes) > 0
    groups = [Group(names[count + i], tuple(names[j] for j in of)) for i, of in enumerate(below)]
    taxonomy = Taxonomy.checked(groups, names[:count])

    for node in range(nodes):
        inside = [names[i] for i in range(count) if reach[node, i]]
        assert taxonomy.labels_in(names[node], names[:count]) == tuple(inside)
        above = {names[i] for i in range(nodes) if reach[i, node] and i != node}
        assert set(taxonomy.ancestors(names[node])) == above

    weights = np.array(data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count)))
    probabilities = weights / max(weights.sum(), 1)
    # No sum of these fractions is as near to the threshold as rounding errors are.
    found, probability = Categories(names[:count], taxonomy).finest_sure(probabilities, SURE)
    sums = {names[node]: probabilities[reach[node, :count]].sum() for node in range(nodes)}
    sizes = {names[node]: reach[node, :count].sum() for node in range(nodes)}
    sure = [name for name in names if sums[name] >= SURE and sizes[name]]
    if not sure:
        assert found == ""
    else:
        assert sizes[found] == min(sizes[name] for name in sure)
        assert probability == pytest.approx(sums[found])
