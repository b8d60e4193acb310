"""Which answers leave a file out: what `_exclude` in `copier.yml` comes to, one answer at a time."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from copier._main import Worker
from pathspec import PathSpec

Answers = Mapping[str, Any]


class LeftOut:
    """Looks at each answer alone: all features are on and all else is such that the file is there.

    `defaults` are the answers where nothing was given.
    """

    def __init__(self, worker: Worker, defaults: Answers) -> None:
        asked = {name: question for name, question in worker.template.questions_data.items() if name != "profile"}
        self._patterns = [worker.jinja_env.from_string(patterns) for patterns in worker.all_exclusions]
        self._several = {name: choices_of(each) for name, each in asked.items() if each.get("multiselect")}
        self._bools = [name for name, each in asked.items() if each["type"] == "bool"]
        self._one_of = {
            name: choices_of(each) for name, each in asked.items() if "choices" in each and name not in self._several
        }
        self._answers = {**defaults, **self._several, **dict.fromkeys(self._bools, True), "_copier_operation": "update"}
        self._matchers: dict[str, PathSpec[Any]] = {}

    def find(self, path: str) -> list[str]:
        """Return the answers that leave out the file at `path` below the template; of one never rendered, `always`."""
        combinations = itertools.product(*self._one_of.values())
        bases = (dict(zip(self._one_of, values, strict=True)) for values in combinations)
        base = next((each for each in bases if not self._is_out(path, each)), None)
        if base is None:
            return ["always"]
        return [answer for answer, others in self._variations() if self._is_out(path, base | others)]

    def _variations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        features = self._several["features"]
        for feature in features:
            yield f"without {feature}", {"features": [each for each in features if each != feature]}
        for name in self._bools:
            yield f"{name}=false", {name: False}
        for name, values in self._one_of.items():
            yield from ((f"{name}={value}", {name: value}) for value in values)

    def _is_out(self, path: str, answers: Answers) -> bool:
        key = repr(sorted(answers.items()))
        if key not in self._matchers:
            told = {**self._answers, **answers}
            lines = [line for patterns in self._patterns for line in patterns.render(told).splitlines()]
            self._matchers[key] = PathSpec.from_lines("gitignore", lines)
        return self._matchers[key].match_file(path.replace("{=package=}", self._answers["package"]))


def choices_of(question: Mapping[str, Any]) -> list[Any]:
    """Return what a question may be answered with."""
    choices = question["choices"]
    return list(choices.values() if isinstance(choices, dict) else choices)
