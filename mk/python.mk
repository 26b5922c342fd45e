# The Python environment: .venv at the root, and the stubs of every schema.

PYTHON ?= python3
VENV_PYTHON := .venv/bin/python

.PHONY: python
python: ## Set up .venv and the generated Python stubs (does nothing when they are current)
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  printf 'error: $(PYTHON) is not installed\n\nhint: apt-get install python3 python3-venv\n' >&2; exit 3; }
	@$(PYTHON) python/setup_env.py

# Locks the versions of python/*.in with their hashes. pip-tools lives in a folder
# of its own, as nothing else needs it; no address of an index gets into the lock.
PIP_TOOLS := target/pip-tools
PIP_COMPILE := CUSTOM_COMPILE_COMMAND='make python-lock' ../$(PIP_TOOLS)/bin/pip-compile --quiet \
  --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links

.PHONY: python-lock
python-lock: ## Lock the Python packages again after a change of python/*.in
	@test -x $(PIP_TOOLS)/bin/pip-compile || { \
	  $(PYTHON) -m venv $(PIP_TOOLS) && $(PIP_TOOLS)/bin/pip install --quiet pip-tools; }
	cd python && $(PIP_COMPILE) requirements.in && $(PIP_COMPILE) requirements-dev.in

.PHONY: python-lint
python-lint: python ## Check the style of the Python code
	@.venv/bin/ruff check python bench examples interop-tests
	@.venv/bin/ruff format --check python bench examples interop-tests
