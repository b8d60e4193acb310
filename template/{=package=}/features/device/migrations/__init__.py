"""The revisions of device, in the order of their names."""
