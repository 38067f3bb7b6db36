"""The campaigns' targets in short, without atheris: whole inputs, and some that are damaged."""

import pytest
from campaign import targets
from campaign.checks import TooMuchMemoryError, attempt, check_sentence
from campaign.run import NOTHING, counted, findings, joined, row
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damaged

SLOW = ("bags", "networks")
"""Families of which a tenth of the inputs is tried."""

fuzz = settings.get_profile("fuzz")


def examples(name):
    return max(fuzz.max_examples // (10 if name.partition(".")[0] in SLOW else 2), 3)


@pytest.mark.parametrize("name", targets.names())
def test_whole_and_damaged_inputs_are_read_or_refused(name):
    target = targets.load(name)
    seeds = list(target.seeds())
    assert seeds
    for seed in seeds:
        assert len(seed) <= max(target.longest, 1 << 18)
        target.run(seed)
    small = [seed for seed in seeds if len(seed) <= 1 << 16] or [seed[: 1 << 12] for seed in seeds]

    @settings(fuzz, max_examples=examples(name))
    @given(st.one_of(st.sampled_from(small).flatmap(damaged), st.binary(max_size=64)))
    def damage(data):
        target.run(data)

    damage()


def test_a_check_finds_what_is_no_sentence_and_what_took_too_much_memory():
    for text in ("", "a line\nand another one", "red: \x1b[31m is a colour", "x" * 2000):
        with pytest.raises(AssertionError):
            check_sentence(text)
    check_sentence("it is cut off; restore the file")

    def read():
        try:
            raise MemoryError  # noqa: TRY301 - as a library does
        except MemoryError as error:
            raise ValueError("it is damaged, restore it") from error

    with pytest.raises(TooMuchMemoryError):
        attempt(read, ValueError)


def test_targets_are_named_by_family_and_name():
    assert targets.names(["bags"]) == [f"bags.{name}" for name in targets.FAMILIES["bags"]]
    assert targets.names(["files.wav"]) == ["files.wav"]
    with pytest.raises(ValueError, match="there is no target nothing"):
        targets.names(["nothing"])
    assert targets.inputs_asked("messages.text") == 1_000_000
    assert targets.inputs_asked("networks.student") == 20_000


def test_figures_of_processes_are_joined(tmp_path):
    first = joined(dict(NOTHING), {"inputs": 5, "seconds": 1.5, "slowest_s": 0.2, "peak_mb": 90})
    both = joined(first, {"inputs": 7, "seconds": 0.5, "slowest_s": 0.1, "peak_mb": 99})
    assert (both["inputs"], both["seconds"]) == (12, 2.0)
    assert (both["slowest_s"], both["peak_mb"]) == (0.2, 99)
    for name in ("raised-1.input", "raised-1.txt", "ended-oom", "slowest.input", "state.json"):
        (tmp_path / name).touch()
    found = findings(tmp_path)
    assert found == ["ended-oom", "raised-1.input"]
    assert "12" in row("bags.mcap", both, len(found))
    assert joined(both, {}) == both
    status = tmp_path / "status.json"
    status.write_text('{"inputs": 8, "seconds": 1}')
    assert counted(both, status)["inputs"] == 20
    assert counted(both, status) == both  # what is counted is not counted again
