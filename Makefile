# One command a need; each makes what it lacks, in .venv (or .venv-PY for another Python).
#   make demo        simulated data through the whole template in a Scipion project; DEMO=small is quick
#   make test        the test suite; PY=python3.8 runs it on that Python
#   make test-all    with what takes a minute or more a test
#   make test-fast   what needs no Scipion project and no patience
#   make check       format, lint, types, import directions
#   make bench       measurements, beside IMOD where it is installed; ONLY=tilt for one subject
#   make quality     how good tomograms are against a known specimen, into docs/quality.md
#   make docs        the documentation as a site, into site/; broken links are errors
#   make docs-pictures   the pictures in it, from Scipion's window; half an hour
#   make gui         Scipion's window, with the demo's project
#   make clean       away with everything that these made

PY ?= python3
VENV := $(if $(filter python3,$(PY)),.venv,.venv-$(subst /,_,$(PY)))
BIN := $(VENV)/bin
DEMO ?= demo
OUT ?= demo-project
# the specimens of the large demo are thicker than the tutorial's; the small one runs every branch
DEMO_OPTIONS ?= $(if $(filter demo,$(DEMO)),--thickness 420 --kept-thickness 380 --segment,--all-branches)

.PHONY: docs-pictures demo test test-all test-fast check bench quality docs gui clean format

demo: $(VENV)/.has-app
	$(BIN)/etomotut demo-data $(OUT)/data --preset $(DEMO)
	$(BIN)/etomotut run --tilt-series '$(OUT)/data/*.mrc' --project $(OUT)/project \
		--export $(OUT)/results --pictures $(OUT)/pictures --report $(OUT)/report.html \
		$(DEMO_OPTIONS)
	@echo 'What came of it, for any browser: $(OUT)/report.html'

test: $(VENV)/.has-test
	$(BIN)/python -m pytest

test-all: $(VENV)/.has-test
	$(BIN)/python -m pytest -m "long or not long"

test-fast: $(VENV)/.has-test
	$(BIN)/python -m pytest -m "not slow and not long and not scipion"

check: $(VENV)/.has-check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config importlinter.ini

format: $(VENV)/.has-check
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.has-app
	$(BIN)/python -m benchmarks $(ONLY)

quality: $(VENV)/.has-app
	$(BIN)/python -m benchmarks.quality --out docs/quality.md

docs: $(VENV)/.has-docs
	$(BIN)/sphinx-build -W --keep-going -n -q -b html docs site

docs-pictures: $(VENV)/.has-app
	tools/docs-pictures $(BIN)/python demo-pictures docs/pictures

gui: $(VENV)/.has-app
	$(BIN)/etomotut gui $(OUT)/project

clean:
	rm -rf .venv .venv-* demo-pictures $(OUT) site build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	rm -rf .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.has-%: pyproject.toml constraints.txt
	tools/venv $(VENV) $(PY) $*
