"""HTTP in, HTTP out. Nothing below this floor knows of requests and responses."""
