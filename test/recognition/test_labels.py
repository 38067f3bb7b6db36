"""Label texts and the file labels.yaml."""

import pytest

from omnibind_ros.recognition.labels import (
    MAX_CHARACTERS,
    MAX_LABELS,
    Label,
    LabelError,
    check_labels,
    merge_names,
    read_labels,
)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "list of labels is empty"),
        ([Label("  ")], "a label text is empty"),
        ([Label("cup", ("",))], "a label text is empty"),
        ([Label("x" * (MAX_CHARACTERS + 1))], "more than 200"),
        ([Label("\u200d\x00")], r"empty \('.u200d.x00' shows nothing\)"),
        ([Label("cup"), Label(" cup ")], "'cup' is in the list twice; remove"),
        ([Label("Coffee cup"), Label("coffee\tcup")], r"twice \(as 'Coffee cup'\)"),
        ([Label(str(i)) for i in range(MAX_LABELS + 1)], "more than 20000"),
    ],
)
def test_bad_labels_give_one_sentence(labels, message):
    with pytest.raises(LabelError, match=message) as error:
        check_labels(labels)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "3",
        "templates: ['a {}']",
        "templates: ['a {}']\nlabels:",
        "templates: ['a {}']\nlabels: []",
        "templates: ['a {}']\nlabels: [cup]",
        "templates: ['a {}']\nlabels: cup",
        "templates: ['a {}']\nlabels: [{name: 3}]",
        "templates: ['a {}']\nlabels: [{name: yes}]",
        "templates: ['a {}']\nlabels: [{nam: cup}]",
        "templates: ['a {}']\nlabels: [{name: cup, synonyms: mug}]",
        "templates: ['a {}']\nlabels: [{name: cup, synonyms: [3]}]",
        "templates: ['a {}']\nlabels: [{name: cup}, {name: cup}]",
        "templates: 'a {}'\nlabels: [{name: cup}]",
        "templates: []\nlabels: [{name: cup}]",
        "templates: ['a cup']\nlabels: [{name: cup}]",
        "templates: [3]\nlabels: [{name: cup}]",
    ],
)
def test_a_bad_labels_file_is_a_label_error(tmp_path, text):
    (tmp_path / "labels.yaml").write_text(text)
    with pytest.raises(LabelError):
        read_labels(tmp_path / "labels.yaml")


def test_labels_that_are_missing_or_no_text(tmp_path):
    with pytest.raises(LabelError, match="cannot be read"):
        read_labels(tmp_path / "labels.yaml")
    (tmp_path / "labels.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LabelError):
        read_labels(tmp_path / "labels.yaml")


def test_names_that_look_the_same_are_one_label():
    names, left_out = merge_names(
        ["Cup", "bowl", "cup", " CUP\x07", "caf\u00e9", "cafe\u0301", "bowl"]
    )
    assert names == ("Cup", "bowl", "caf\u00e9")
    assert left_out == (
        "'cup' is the same label as 'Cup'",
        "' CUP\\x07' is the same label as 'Cup'",
        "'cafe\u0301' is the same label as 'caf\u00e9'",
        "'bowl' is the same label as 'bowl'",
    )


def test_joiners_stay_in_names():
    persian, family = "\u0645\u06cc\u200c\u062e", "\U0001f469\u200d\U0001f467"
    assert merge_names([persian, family]) == ((persian, family), ())
    assert check_labels([Label(persian), Label(family)])[0].name == persian


def test_a_name_of_which_nothing_remains_is_refused():
    for name in ("", "\x00", "\u200d", " \t\u00a0"):
        with pytest.raises(LabelError, match=r"is empty.*give it a name"):
            merge_names(["cup", name])
