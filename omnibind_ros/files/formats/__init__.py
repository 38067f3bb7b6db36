"""Formats of files: one module a kind, from the bytes to messages."""
