"""The revisions of ephemeral, in the order of their names."""
