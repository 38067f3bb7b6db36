"""Text: descriptions of classes, and the errors of a speech recogniser."""
