# Everything is installed into .venv at the versions of constraints.txt, once, and again only when
# the list of packages changes. `make` alone lists what can be done.

VENV = .venv
BIN = $(VENV)/bin
LOG = $(VENV)/install.log
PROMPT = A plain blue background, "HELLO" in the center in white
ARGS =
TORCH_INDEX =
WORKERS = 2
PYTHON =
PYTHONS = $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3 python
REQUIRED = import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))

.DEFAULT_GOAL = help
.DELETE_ON_ERROR:
.PHONY: help demo test soak check format size quality parity bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  PROMPT='...'     words of the demo"
	@echo "  WORKERS=N        processes that test side by side, 2"
	@echo "  ARGS='...'       further arguments of test, quality, parity and bench"
	@echo "  TORCH_INDEX=URL  further package index that holds torch builds for your device"
	@echo "  PYTHON=...       interpreter for $(VENV), 3.11 or newer"

demo: export WORDS = $(PROMPT)
demo: $(VENV)/.runtime ## Draw a picture with the bundled model
	@picture=$$($(BIN)/glm-image generate "$$WORDS" --output outputs/) \
		&& echo "The picture is $$PWD/$$picture"

test: $(VENV)/.dev ## Run the tests
	@$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

soak: $(VENV)/.dev ## Run the long tests of the service, two hours or more
	@$(BIN)/pytest -m soak tests/service $(ARGS)

check: $(VENV)/.dev ## Check format, style, types and layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

size: ## Count files and lines, with the longest file of each folder
	@find src tests scripts benchmarks -name '*.py' -exec wc -l {} + | awk ' \
		$$2 == "total" { next } \
		{ folder = $$2; sub("/[^/]*$$", "", folder); files[folder]++; lines[folder] += $$1; \
		  top = folder; sub("/.*", "", top); all[top]++; sum[top] += $$1; \
		  if ($$1 > most[folder]) most[folder] = $$1 } \
		END { printf "%-30s %5s %6s %8s\n", "folder", "files", "lines", "longest"; \
		  for (f in files) printf "%-30s %5d %6d %8d\n", f, files[f], lines[f], most[f] | "sort"; \
		  close("sort"); \
		  for (f in all) printf "%-30s %5d %6d\n", "all of " f, all[f], sum[f] | "sort" }'

quality: $(VENV)/.dev ## Measure what the bundled model draws
	@$(BIN)/glm-image evaluate nano $(ARGS)

parity: $(VENV)/.dev ## Compare with the reference libraries, number by number
	@$(BIN)/python scripts/parity.py $(ARGS)

bench: $(VENV)/.dev ## Measure speed beside the reference libraries, some twenty minutes
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## Remove the environment, caches and builds; pictures stay
	@rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis
	@find src tests scripts benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.made:
	@for python in $(PYTHONS); do \
		if "$$python" -c '$(REQUIRED)' >/dev/null 2>&1; then \
			echo "Making $(VENV) with $$("$$python" --version)"; \
			"$$python" -m venv $(VENV) && touch $@; exit; \
		fi; \
	done; \
	echo 'error: no Python 3.11 or newer with venv and ensurepip was found' >&2; \
	echo '  fix: install one (Debian: python3 and python3-venv), or name it: make PYTHON=...' >&2; \
	exit 1

# All that pip says goes to a log, which is shown if it fails.
define install
	@echo 'Installing $(1) into $(VENV); this takes minutes the first time'
	@{ $(BIN)/pip install --constraint constraints.txt \
			$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) setuptools torch \
		&& $(BIN)/pip install --constraint constraints.txt --no-build-isolation \
			--editable '$(1)'; } >$(LOG) 2>&1 \
		|| { tail -n 40 $(LOG) >&2; echo 'error: the installation failed, see $(LOG)' >&2; exit 1; }
endef

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/.made
	$(call install,.)
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/.made
	$(call install,.[dev])
	@touch $@ $(VENV)/.runtime
