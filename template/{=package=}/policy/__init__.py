"""Yours: the decisions this server cannot make for you. One question per file, one safe answer each, as shipped.

A class marked `@stub` is the shipped answer. Decide, edit, and remove the mark; `doctor` lists what is left. Updates
never overwrite these files. Each states the `contract` it was written for, so that a changed seam is noticed.
"""
