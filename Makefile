# Thin names for commands anyone could type. Each sets up what it needs; a second call is quick.
.PHONY: demo test check bench clean
PYTHON ?= python3
BIN := .venv/bin
SOURCES := Cargo.toml pyproject.toml $(shell find src -type f)

$(BIN)/python:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip

# An editable install of the release build, with everything the tests and the demo import.
.venv/installed: $(SOURCES) | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

.venv/bench-installed: pyproject.toml | .venv/installed
	$(BIN)/pip install --quiet '.[bench]' --no-build-isolation
	@touch $@

demo: .venv/installed
	$(BIN)/yttria demo --out out/demo

test: .venv/installed
	cargo test --quiet
	$(BIN)/pytest --quiet

check: .venv/installed
	cargo fmt --check
	cargo clippy --quiet --all-targets -- -D warnings
	cargo clippy --quiet --all-targets --features python -- -D warnings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest yttria._core

bench: .venv/installed
	$(BIN)/python benches/side_by_side.py

clean:
	rm -rf .venv target out dist
