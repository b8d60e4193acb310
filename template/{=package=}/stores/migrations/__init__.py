"""The revisions of core, in the order of their names."""
