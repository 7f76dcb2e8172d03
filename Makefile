PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
FIG_ENV ?= $(shell test -f configs/environments/demo.json && echo demo || echo local)

.PHONY: demo test nightly bench dev check lock clean

# The main job on the embedded default: made-up sign-ins to scored requests.
demo: $(INSTALLED)
	$(BIN)/fig demo

# Everything that must hold before a change lands.
test: $(INSTALLED) check
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# The properties with fifty times as many examples, 3,000 random projects, and some of them and the demo on Spark: two
# hours on one core.
# Every test is named as it ends; what fails is named with its seed, and the others still run.
nightly: $(INSTALLED)
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -v -n 2 --dist worksteal tests/language tests/generated tests/test_demo.py

# Every claim about speed: measures, writes results.json and docs/performance.md; takes two hours and 20 GB of disk.
bench: $(INSTALLED)
	$(BIN)/python -m benchmarks.run --work data/benchmarks --report

# The asset graph, on what `make demo` built if it has run.
dev: export DAGSTER_HOME ?= $(CURDIR)/data/dagster/$(FIG_ENV)
dev: $(INSTALLED)
	$(BIN)/python -c 'import os, pathlib; from fig_assets.assets.home import prepare_home; prepare_home(pathlib.Path(os.environ["DAGSTER_HOME"]))'
	FIG_ENV=$(FIG_ENV) $(BIN)/dagster dev -h 127.0.0.1 -p $${PORT:-3000}

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Resolves anew and writes the lock file; names no index and no host.
lock: $(INSTALLED)
	$(BIN)/uv pip compile --universal --no-strip-extras --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate pyproject.toml --extra dev -o requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("fig-assets needs Python 3.11 to 3.13, this is " + sys.version.split()[0] if not (3, 11) <= sys.version_info[:2] <= (3, 13) else 0)'
	@echo "installing into .venv; this takes some minutes the first time"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q -j 2 .venv/lib || true
	touch $@

clean:
	rm -rf .venv data
