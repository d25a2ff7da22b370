# make run      set everything up and start the appliance on 127.0.0.1:5300 with its starter lists
# make test     set up and run every test that needs neither root nor a browser
# make browser  the page in a real Chromium (Debian: chromium, fonts-noto-core)
# make screenshots  every page in two sizes, into build/screenshots
# make coverage branches of model..engine, at least 90 %
# make check    ruff, mypy --strict, import-linter
# make bench    ours beside an echo, dnsmasq and unbound on the same list (absent ones are skipped, and said); publishing
# make soak     the long runs: fuzzing ten minutes each, load
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
SEED ?= 1
FUZZ_SECONDS ?= 600
SOAK_SECONDS ?= 600
# test processes at once: many tests wait for a clock or a child process, so a few more than cores do
JOBS ?= 3

.PHONY: install run test browser screenshots coverage check bench soak fuzz clean lock

install: $(STAMP)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "filterd needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; on Debian: apt install python3-venv" >&2; exit 1; }

$(STAMP): $(VENV)/bin/python pyproject.toml .ci/requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/requirements.lock -e .
	@touch $@

$(DEV_STAMP): $(VENV)/bin/python pyproject.toml .ci/requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/requirements.lock -e '.[dev]'
	@touch $@ $(STAMP)

run: $(STAMP)
	@exec $(BIN)/filterd up --state var

test: $(DEV_STAMP)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not system and not slow and not browser"

browser: $(DEV_STAMP)
	@$(BIN)/python -m pytest -m browser tests/browser

screenshots: $(DEV_STAMP)
	@$(BIN)/python -m tests.browser.screenshots build/screenshots

# lines and branches of model..engine, by their own tests and those of the use cases that speak their words
coverage: $(DEV_STAMP)
	@$(BIN)/coverage run -m pytest -q -m "not slow" -p no:cacheprovider tests/unit/model tests/unit/wire tests/unit/config \
		tests/unit/lists tests/unit/policy tests/unit/resolve tests/unit/fast tests/unit/engine tests/property \
		tests/differential $(wildcard tests/flow/test_engine_*.py) tests/unit/presence \
		$(patsubst %,tests/unit/control/test_%.py,ask week now watch seen explain check_household activity alerts accounts)
	@$(BIN)/coverage report --fail-under=90 --include='filterd/model/*,filterd/wire/*,filterd/lists/*,filterd/policy/*,filterd/resolve/*,filterd/fast/*,filterd/engine/*'

check: $(DEV_STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache

bench: $(DEV_STAMP)
	@$(BIN)/python -m tests.bench.run
	@$(BIN)/python -m tests.bench.publish

fuzz: $(DEV_STAMP)
	@$(BIN)/python -m tests.fuzz.fuzz_wire --seconds $(FUZZ_SECONDS) --seed $(SEED)
	@$(BIN)/python -m tests.fuzz.fuzz_lists --seconds $(FUZZ_SECONDS) --seed $(SEED)

soak: fuzz
	@FILTERD_SOAK_S=$(SOAK_SECONDS) FILTERD_EXAMPLES=20 $(BIN)/python -m pytest -m "slow or not slow" tests/flow tests/system tests/property tests/faults

# the versions that CI installs; `dependencies` in pyproject.toml has the lower bounds
lock: $(DEV_STAMP)
	@$(BIN)/python -m pip freeze --exclude-editable | grep -v '^filterd' > .ci/requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
