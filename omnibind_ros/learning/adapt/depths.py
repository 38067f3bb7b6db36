"""How much of a student an adaptation may train; without torch, as the command line names them."""

DEPTHS = ("auto", "projection", "last", "all")
"""Its projection; with it the last stage of its layers; all; auto decides by the number of
samples."""
