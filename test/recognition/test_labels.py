"""Label texts and the file labels.yaml."""

import pytest

from omnibind_ros.recognition.labels import (
    MAX_CHARACTERS,
    MAX_LABELS,
    Label,
    LabelError,
    check_labels,
    check_templates,
    merge_labels,
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
    names = ["Cup", "bowl", "cup", " CUP\x07", "caf\u00e9", "cafe\u0301", "bowl"]
    labels, notes = merge_labels([Label(name) for name in names])
    assert [label.name for label in labels] == ["Cup", "bowl", "caf\u00e9"]
    assert notes == (
        "'cup' is the same label as 'Cup'",
        "' CUP\\x07' is the same label as 'Cup'",
        "'cafe\u0301' is the same label as 'caf\u00e9'",
        "'bowl' is the same label as 'bowl'",
    )


def test_one_label_has_the_synonyms_of_all_of_its_name():
    given = [Label("Cup", ("mug", "Mug ", "CUP")), Label("pen"), Label("cup", ("tea  cup", "mug"))]
    labels, notes = merge_labels(given)
    assert labels == (Label("Cup", ("mug", "tea cup")), Label("pen"))
    assert notes == ("'cup' is the same label as 'Cup'",)


@pytest.mark.parametrize(
    "given",
    [
        [Label("cup", ("glass",)), Label("glass")],
        [Label("glass"), Label("cup", ("Glass",))],
        [Label("glass", ("beaker",)), Label("cup", ("beaker",))],
    ],
)
def test_a_text_of_two_labels_is_told(given):
    labels, notes = merge_labels(given)
    assert labels == tuple(given)
    assert len(notes) == 1
    assert "'glass'" in notes[0]
    assert "'cup'" in notes[0]
    assert "equally similar" in notes[0]


def test_joiners_stay_in_names():
    persian, family = "\u0645\u06cc\u200c\u062e", "\U0001f469\u200d\U0001f467"
    assert merge_labels([Label(persian), Label(family)])[0] == (Label(persian), Label(family))
    assert check_labels([Label(persian), Label(family)])[0].name == persian


@pytest.mark.parametrize("name", ["", "\x00", "\u200d", " \t\u00a0"])
def test_a_text_of_which_nothing_remains_is_refused(name):
    for label in (Label(name), Label("pen", ("biro", name))):
        with pytest.raises(LabelError, match=r"is empty.*give it a name"):
            merge_labels([Label("cup"), label])


@pytest.mark.parametrize(
    ("templates", "texts", "message"),
    [
        ([], 1, "list of templates is empty"),
        (["a {}", "a cup"], 1, "template 'a cup' lacks {} in the place of the label"),
        ([""], 1, "lacks {}"),
        (["a {}" + "x" * 200], 1, "template 'a {}x+...' has 204 characters, more than 200"),
        (["a {}"] * 80, 5000, "5000 texts in 80 templates are more than 100000 sentences"),
    ],
)
def test_bad_templates_give_one_sentence(templates, texts, message):
    with pytest.raises(LabelError, match=message) as error:
        check_templates(templates, texts)
    assert "\n" not in str(error.value)


def test_templates_are_cleaned():
    assert check_templates(["a  {} \x07", "{}", "{} {}"], 20_000) == ("a {}", "{}", "{} {}")


def test_a_file_may_leave_templates_to_the_bundle(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("labels: [{name: cup, synonyms: [mug]}]")
    assert read_labels(path, ("the {}",)).templates == ("the {}",)
    assert read_labels(path, ("the {}",)).labels == (Label("cup", ("mug",)),)
    with pytest.raises(LabelError, match="templates"):
        read_labels(path)
    path.write_text("templates: []\nlabels: [{name: cup, synonyms: [mug]}]")
    with pytest.raises(LabelError, match="templates"):
        read_labels(path, ("the {}",))
    path.write_text("templates: ['my {}']\nlabels: [{name: cup}]")
    assert read_labels(path, ("the {}",)).templates == ("my {}",)
