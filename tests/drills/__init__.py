"""Drills: releases of the template, teams that edit what they rendered, and what an update makes of both.

`python -m tests.drills` runs the cells and prints the table.
"""
