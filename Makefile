# Everything there is to run. A new machine needs Python 3.11+ and make: the rest is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BACKENDS ?= torch tensorflow jax
WORKERS ?= 2
TENSORFLOW := $(if $(filter Linux,$(shell uname -s)),tensorflow-cpu,tensorflow)
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: demo docs test test-all test-oldest check generate peers figures exactness speed release-check format clean help

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/ —/'

demo: $(VENV)/.demo  ## the main job on embedded data: six losses on the Belgian telephone calls, and a report
	KERAS_BACKEND=tensorflow $(BIN)/lossary compare --report report.html

docs: .venv-docs/.dev  ## the site of the documents, built into build/docs/html and opened without a network
	KERAS_BACKEND=jax .venv-docs/bin/python tools/site.py

test: $(VENV)/.dev  ## the tests that everybody runs: each loss on each backend, and each law for each form
	@set -e; marks=""; for backend in $(BACKENDS); do \
		echo "== $$backend"; \
		KERAS_BACKEND=$$backend $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "$$marks"; \
		marks="not backendless and not once"; \
	done

test-all: $(VENV)/.dev  ## every law for every loss, and longer rows; what needs no backend runs with the first only
	@set -e; marks=""; for backend in $(BACKENDS); do \
		echo "== $$backend"; \
		KERAS_BACKEND=$$backend $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal --full -m "$$marks"; \
		marks="not backendless"; \
	done

# What leans on Keras most, over the oldest versions that pyproject.toml allows. Left out: the sum that this Keras took of
# activity regularizers where newer ones take the mean over rows, and files that a newer Keras has written.
test-oldest: .venv-oldest/.dev  ## what leans on Keras, over the oldest Keras that is allowed, on JAX
	KERAS_BACKEND=jax .venv-oldest/bin/python -m pytest -q -n $(WORKERS) tests/numerics tests/objective tests/keras \
		tests/training/test_train.py tests/checking/test_check.py \
		-k "not activity and not unequal_size and not saved_before and not file_of_before and not former_name"

check: $(VENV)/.dev  ## format, lint, types, import contracts, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	KERAS_BACKEND=jax $(BIN)/python tools/generate.py --check

generate: $(VENV)/.dev  ## write what follows from the declarations: catalogue, façade, tables of the documents
	KERAS_BACKEND=jax $(BIN)/python tools/generate.py

figures: $(VENV)/.dev  ## docs/pictures.md and its figures, made by running the code that the page shows
	KERAS_BACKEND=jax $(BIN)/python tools/figures.py

exactness: $(VENV)/.dev  ## docs/exactness.md: every loss against the truth, beside other libraries (LOSSES=Huber,... for a look)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[benchmarks]'
	$(BIN)/python benchmarks/exactness.py --losses '$(LOSSES)'

speed: $(VENV)/.dev  ## docs/speed.md: every loss beside other libraries; hours (LOSSES=Huber,... measures a few anew)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[benchmarks]'
	$(BIN)/python benchmarks/losses.py --keep --only '$(LOSSES)'
	KERAS_BACKEND=jax $(BIN)/python tools/generate.py

# The wheels of these libraries ask for much that their losses do not need.
peers: .venv-peers/.dev  ## tests/peers/frozen: numbers of libraries that `make test` does not install
	KERAS_BACKEND=torch .venv-peers/bin/python tools/peers.py

release-check: .venv-release/.dev  ## a wheel and an sdist: built, looked into, installed and used in an empty environment
	.venv-release/bin/python tools/release.py

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .venv-oldest .venv-peers .venv-docs .venv-release build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache out report.html

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lossary needs Python 3.11 or newer; name one with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# The demo needs one backend only; the page of `lossary explore` is what one tries next. torch comes from wherever pip is
# set up to look; see CONTRIBUTING for CPU builds.
$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[explorer]' $(TENSORFLOW)
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.demo

.venv-peers/.dev: pyproject.toml
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -e '.[peers]'
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps monai==1.6.1 kornia kornia_rs \
		segmentation-models-pytorch==0.6.0 timm torchvision==0.28.0 'xgboost>=3.0' \
		dlordinal==2.7.0 skorch deprecated wrapt entmax==1.3
	@touch $@

.venv-docs/.dev: pyproject.toml
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

.venv-release/.dev: pyproject.toml
	$(PYTHON) -m venv .venv-release
	.venv-release/bin/python -m pip install --quiet --disable-pip-version-check build twine check-wheel-contents
	@touch $@

.venv-oldest/.dev: pyproject.toml
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check keras==3.12.0 numpy==2.0.2 jax==0.7.2 \
		scipy matplotlib pytest pytest-xdist hypothesis mpmath -e .
	@touch $@
