"""Rendering into a repo that a team has: what is there already stays, unless somebody says otherwise."""
