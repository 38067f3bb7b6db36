"""What `omnibind recognise` prints of a folder with classes."""

from omnibind_ros.files.tables import score_lines

LONG = "a_class_whose_name_has_more_characters_than_a_column_of_34"


def test_a_long_name_of_a_class_is_shown_whole():
    of = {"n": 3, "top1": 100.0, "known": 0.0, "labels": [], "said": {"unknown": 3}}
    figures = {"n": 6, "top1": 50.0, "balanced": 50.0, "known": 0.0, "wrong_known": 0.0}
    figures |= {"results": [], "labelled": 6, "by_class": {LONG: of, "cup": of}}
    head, first, second, *_ = score_lines(figures)
    assert first.startswith(f"{LONG}     3")
    assert head.index("most") == first.index("unknown") == second.index("unknown")
