"""One use case per file. Each says in a Protocol what it needs of storage and of the team's policy."""
