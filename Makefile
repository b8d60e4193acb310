# `make demo` shows the server, `make test` proves it. Both need Python 3.11 or newer, git and make, nothing else.

PROFILE := oidc
PORT := 8000
WORKERS := 2

PROFILES := oidc m2m everything custom
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
TOOLS := .venv/bin
SUPERSET := build/superset/pyproject.toml
DEMO := build/demo
PYTEST = $(TOOLS)/python -m pytest --numprocesses $(WORKERS)

# Tests start many processes, and each would compile every library again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test test-all test-fast lint format bench mutation release clean
help:
	@echo 'make demo [PROFILE=oidc|m2m|everything|custom] [PORT=8000]   render a server, install it, start it'
	@echo 'make test        every test, on every database, and of every set of answers'
	@echo 'make test-all    the same, and the own tests of every set of the pairwise cover'
	@echo 'make test-fast   the tests of the server on SQLite, and one render'
	@echo 'make lint        Ruff, mypy and the import contracts'
	@echo 'make format      let Ruff rewrite what it can'
	@echo 'make bench       requests per second and CPU per request'
	@echo 'make mutation    which test notices when a check is gone'
	@echo 'make release VERSION=1.2.0   check that a version can be released, and record it'
	@echo 'make clean       remove build/ and .venv/'

ifneq ($(filter demo,$(MAKECMDGOALS)),)
ifeq ($(filter $(PROFILE),$(PROFILES)),)
$(error PROFILE=$(PROFILE) is not a profile: choose one of $(PROFILES))
endif
ifneq ($(shell [ '$(PORT)' -ge 1 ] 2>/dev/null && [ '$(PORT)' -le 65535 ] && echo yes),yes)
$(error PORT=$(PORT) is not a port: give a number from 1 to 65535)
endif
endif

demo: .venv/demo
	@$(TOOLS)/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT)))' 2>/dev/null || \
		{ echo 'port $(PORT) is taken: stop what listens there, or give another PORT' >&2; exit 1; }
	@rm -rf $(DEMO)
	@PYTHONWARNINGS=ignore $(TOOLS)/copier copy --quiet --defaults --vcs-ref HEAD \
		--data profile=$(PROFILE) --data demo=$(if $(filter m2m,$(PROFILE)),false,true) \
		--data issuer=http://localhost:$(PORT) '$(CURDIR)' $(DEMO)
	@$(TOOLS)/uv venv --quiet --python $(TOOLS)/python $(DEMO)/.venv
	@$(TOOLS)/uv pip install --quiet --python $(DEMO)/.venv --editable $(DEMO)
	@cd $(DEMO) && exec .venv/bin/authserver dev --port $(PORT)

test: .venv/dev
	$(PYTEST)

test-all: export EVERY_SUITE = 1
test-all: test

test-fast: .venv/dev
	$(PYTEST) -m 'not slow' -k 'not postgresql and not redis'

lint: .venv/dev $(SUPERSET)
	$(TOOLS)/ruff check
	$(TOOLS)/ruff format --check
	$(TOOLS)/mypy
	cd dev && ../$(TOOLS)/mypy --config-file ../$(SUPERSET) --cache-dir ../build/mypy
	cd dev && PYTHONPATH=. ../$(TOOLS)/lint-imports --no-logo --config ../$(SUPERSET)

format: .venv/dev
	$(TOOLS)/ruff check --fix
	$(TOOLS)/ruff format

bench: .venv/dev
	$(TOOLS)/python dev/bench/run.py

mutation: .venv/dev
	$(TOOLS)/python dev/mutation.py

release: .venv/dev
	$(TOOLS)/python dev/release.py $(VERSION)

clean:
	rm -rf build .venv

# The superset's own pyproject.toml: the template's, with every marked line in it.
$(SUPERSET): template/pyproject.toml
	@mkdir -p $(@D)
	@sed 's/{=package=}/authserver/g; s/{=project_name=}/Auth server/g' $< > $@

# One environment; each stamp says what is in it.
.venv/bin/uv:
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed, and none was found on the path.' >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(TOOLS)/python -m pip install --quiet --disable-pip-version-check uv

.venv/demo: pyproject.toml | .venv/bin/uv
	@$(TOOLS)/uv pip install --quiet --python .venv --group demo
	@touch $@

.venv/dev: pyproject.toml $(SUPERSET) | .venv/bin/uv
	@$(TOOLS)/uv pip install --quiet --python .venv --group dev --requirements $(SUPERSET) --group $(SUPERSET):dev
	@touch $@ .venv/demo
