"""A training run is configured in YAML, and wrong values are refused in one sentence."""

import pytest
from paths import ROOT

from omnibind_ros.learning.config import TrainingConfig, TrainingError
from omnibind_ros.learning.config_file import parse_config, read_config, write_config

SHIPPED = sorted((ROOT / "config" / "training").glob("*.yaml"))


def write(folder, text):
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_not_said_has_its_default(tmp_path):
    config = read_config(write(tmp_path, "seed: 3\nschedule: {epochs: 7}\n"))
    assert config.seed == 3
    assert config.schedule.epochs == 7
    assert config.schedule.batch_size == TrainingConfig().schedule.batch_size
    assert read_config(write(tmp_path, "")) == read_config(None) == TrainingConfig()


def test_a_modality_may_differ(tmp_path):
    text = "schedule: {epochs: 7}\noverrides: {touch: {epochs: 9, distil: 0}}\n"
    config = read_config(write(tmp_path, text))
    loss, schedule = config.of("touch")
    assert (loss.distil, schedule.epochs) == (0.0, 9)
    loss, schedule = config.of("audio")
    assert (loss.distil, schedule.epochs) == (1.0, 7)


def test_what_is_written_reads_the_same(tmp_path):
    text = "left_out: [lamp]\nshares: {touch: 10}\noverrides: {audio: {tau: 0.1}}\n"
    config = read_config(write(tmp_path, text))
    write_config(config, tmp_path / "again.yaml")
    assert read_config(tmp_path / "again.yaml") == config


def test_the_key_follows_all_that_decides_and_nothing_else(tmp_path):
    key = TrainingConfig().key("touch")
    others = [
        "seed: 1",
        "schedule: {epochs: 7}",
        "loss: {tau: 0.1}",
        "shares: {touch: 10}",
        "adapt: {epochs: 1}",
        "left_out: [lamp]",
    ]
    for text in others:
        assert read_config(write(tmp_path, text)).key("touch") != key, text
    for text in ("modalities: [touch]", "accelerator: cpu", "overrides: {audio: {epochs: 1}}"):
        assert read_config(write(tmp_path, text)).key("touch") == key, text
    assert TrainingConfig().key("audio") != key


def test_keys_of_older_versions_stay_the_same():
    """Students of older runs are recognised by this hash."""
    assert TrainingConfig().key("touch").startswith("581ed043ea6ff8f2287cf248462fa529")
    audio = parse_config({"schedule": {"look": 5}}).key("audio")
    assert audio.startswith("3aafbaf2106eadb722040fef9883e4f9")


def test_the_older_name_of_a_parameter_is_read(tmp_path):
    text = "schedule: {look: 5}\noverrides: {touch: {look: 3}}\n"
    config = read_config(write(tmp_path, text))
    assert config.schedule.validate_every == 5
    assert config.of("touch")[1].validate_every == 3
    both = write(tmp_path, "schedule: {look: 5, validate_every: 5}\n")
    with pytest.raises(TrainingError, match=r"schedule\.look is the older name of"):
        read_config(both)


@pytest.mark.parametrize(
    ("objective", "start"), [("cad", "image"), ("omnibind", "teacher"), ("infonce", "teacher")]
)
def test_what_a_student_begins_with_follows_from_its_objective(objective, start):
    pytest.importorskip("torch", reason="which networks there are is in modules of torch")
    assert parse_config({"loss": {"objective": objective}}).initialisation("event") == start


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epoch: 3", "no parameter epoch; use one of teacher, labels, seed"),
        ("loss: {taus: 3}", "no parameter loss.taus"),
        ("loss: [1]", "loss holds '\\[1\\]', but must be"),
        ("schedule: {epochs: 0}", "schedule.epochs is '0', but must be in 1"),
        ("schedule: {epochs: many}", "schedule.epochs is 'many', but must be of type int"),
        ("loss: {objective: best}", "must be one of: cad, omnibind, cross_entropy"),
        ("schedule: {architecture: best}", "must be one of: empty, picture, pair, three_views"),
        ("modalities: [image]", "'image', which is no student modality"),
        ("overrides: {smell: {epochs: 1}}", "'smell', which is no student modality"),
        ("shares: {touch: 0}", "shares.touch is '0', but must be a percentage"),
        ("- a", "must be `key: value` lines"),
        ("a: [", "is not YAML"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, text, sentence):
    with pytest.raises(TrainingError, match=sentence):
        read_config(write(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(TrainingError, match="cannot be read"):
        read_config(tmp_path / "none.yaml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_configurations_are_good(path):
    assert read_config(path).modalities
