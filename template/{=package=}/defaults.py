"""What was answered when this server was rendered: the only place where the answers are written.

Settings override most of it per environment; the table prefix and what there is to choose from are decided here.
"""

ISSUER = "{=issuer=}"
"""The `iss` of every token, unless the settings say otherwise."""

PREFIX = "{=prefix=}"
"""Where the endpoints live, unless the settings say otherwise."""

# {% if signing_algorithms | length == 1 %}
SIGNING_ALGORITHMS: tuple[str, ...] = ("{=signing_algorithms[0]=}",)
# {% else %}
SIGNING_ALGORITHMS = ("{=signing_algorithms | join('", "')=}")
# {% endif %}
"""The algorithms tokens are signed with; the first signs access tokens."""

TABLE_PREFIX = "{=table_prefix=}"
"""What the name of every table begins with. The migrations use it, so it never changes."""

DATABASES = {
    "sqlite": "sqlite:///./{=package=}.db",
    # {% if database == "postgresql" %}
    "postgresql": "postgresql://localhost/{=package=}",
    # {% endif %}
}
"""What a database URL may begin with, each with an example; `database/` has a module of that name."""

# {% if database == "postgresql" %}
DATABASE_URL = "postgresql://localhost/{=package=}"
# {% else %}
DATABASE_URL = "sqlite:///./{=package=}.db"
# {% endif %}
"""Where everything is kept, unless the settings say otherwise."""
# {% from "questions/features.jinja" import use_ephemeral_store %}
# {% if use_ephemeral_store | select("in", features) | list %}

EPHEMERAL_STORES = {
    # {% if ephemeral_store == "database" %}
    "database": "database:",
    # {% else %}
    "memory": "memory:",
    # {% endif %}
    # {% if ephemeral_store == "redis" %}
    "redis": "redis://localhost:6379/0",
    # {% endif %}
}
"""What the URL of an ephemeral store may begin with, each with an example; `ephemeral/` has a module of that name."""

# {% if ephemeral_store == "redis" %}
EPHEMERAL_URL = "redis://localhost:6379/0"
# {% else %}
EPHEMERAL_URL = "{=ephemeral_store=}:"
# {% endif %}
"""Where what may be used once is remembered, unless the settings say otherwise."""
# {% endif %}
# {% if ephemeral_store == "redis" %}

EPHEMERAL_URL_ALONE = "memory:"
"""Where it is remembered in development and in tests, which need no Redis."""
# {% endif %}
# {% if false %}

# Nothing is rendered here: this is the template, where these answers hold.
ISSUER = "http://localhost:8000"
PREFIX = "/oauth"
SIGNING_ALGORITHMS = ("ES256",)
TABLE_PREFIX = "oauth_"
DATABASES = {"sqlite": "sqlite:///./authserver.db", "postgresql": "postgresql://localhost/authserver"}
DATABASE_URL = DATABASES["sqlite"]
EPHEMERAL_STORES = {"database": "database:", "redis": "redis://localhost:6379/0", "memory": "memory:"}
EPHEMERAL_URL = EPHEMERAL_URL_ALONE = EPHEMERAL_STORES["database"]
# {% endif %}
