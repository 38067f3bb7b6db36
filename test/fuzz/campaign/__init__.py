"""Campaigns: many inputs for everything that reads what comes from outside.

`targets.py` names the targets, `run.py` is the command, docs/reliability.md has the results.
"""
