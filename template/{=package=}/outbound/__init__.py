"""The way out: what others publish is fetched here, and nowhere else, since they choose the address."""
