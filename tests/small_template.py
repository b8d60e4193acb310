"""A template of few files, in which each kind of promise is given: what a test breaks, it breaks here."""

from pathlib import Path
from typing import Any

QUESTIONS = """
_subdirectory: template
_templates_suffix: ""
_envops: {block_start_string: "# {%", block_end_string: "%}", variable_start_string: "{=", variable_end_string: "=}"}
_exclude:
  - |
    # {% if "par" not in features %}
    /{=package=}/par.py
    # {% endif %}
package: {type: str, default: authserver}
profile: {type: str, choices: [oidc, everything, custom], default: oidc}
features:
  type: str
  multiselect: true
  choices: [openid, par]
  when: "{= profile == 'custom' =}"
  default: "{= ['openid', 'par'] if profile == 'everything' else ['openid'] =}"
database: {type: str, choices: [sqlite, postgresql], default: sqlite}
demo: {type: bool, default: false}
"""
NOTHING: dict[str, dict[str, Any]] = {"files": {}, "questions": {}}
"""What `moved.yml` says where nothing moved."""

FILES = {
    "copier.yml": QUESTIONS,
    "template/{=_copier_conf.answers_file=}": "{=_copier_answers | to_nice_yaml=}",
    "template/README.md": "How to run it.\n",
    "template/{=package=}/core/errors.py": "class OAuthError(Exception): ...\n",
    "template/{=package=}/par.py": "LIFETIME = 60\n",
    "template/{=package=}/policy/scopes.py": "SCOPES = ('openid',)\n",
    "template/{=package=}/stores/migrations/0001_first.py": "def upgrade() -> None: ...\n",
    "template/{=package=}/tests/test_errors.py": "def test_nothing() -> None: ...\n",
}


def write_template(folder: Path) -> Path:
    """Write the small template; return its folder."""
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder
