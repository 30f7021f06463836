# Thin names for commands anyone could type. Each sets up what it needs; a second call is quick.
.PHONY: demo test parallel check check-types check-core check-files docs bench validation floors wheels wheels-cross clean
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python
EXTRAS := cli nifti nrrd plot dicom batch report cluster zarr outcomes
SOURCES := Cargo.toml Cargo.lock $(shell find src -type f)

# A virtual environment that can build. uv installs in parallel and compiles no bytecode beforehand.
.venv/build: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8'
	$(INSTALL) --group build
	@touch $@

# The release build (a minute or two), installed so that edits of the Python files show at once.
.venv/release: .venv/build $(SOURCES)
	$(INSTALL) -r pyproject.toml $(EXTRAS:%=--extra %)
	$(BIN)/maturin develop --quiet --uv --release --group build
	@touch $@

# The tools of the checks and the tests, which the demo does not need.
.venv/tools: .venv/build
	$(INSTALL) --group dev
	@touch $@

# Any build will do here: the checks look at the extension module as it was last built.
.venv/module: | .venv/tools
	$(MAKE) .venv/release
	@touch $@

.venv/bench: .venv/build | .venv/release
	$(INSTALL) --group bench
	@touch $@

.venv/docs: .venv/build | .venv/release
	$(INSTALL) --group docs
	@touch $@

.venv/wheels: .venv/build
	$(INSTALL) --group wheels
	@touch $@

# zig is found as a module of the environment, and links against the C library of an old system.
WHEEL = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/maturin build --quiet --profile wheel --zig
# maturin checks each wheel itself; auditwheel would take the C library of this system for that of a musl wheel.
define look_at
$(BIN)/twine check --strict $(1)/*
$(BIN)/abi3audit --strict $(1)/*.whl
for each in $(1)/*manylinux*.whl; do $(BIN)/auditwheel show $$each || exit; done
endef

demo: .venv/release
	$(BIN)/yttria demo --overwrite --out out/demo

test: .venv/tools .venv/release
	cargo test --quiet
	$(BIN)/pytest --quiet -n logical --maxprocesses 8 --dist loadfile

# Every test that can, in four threads at once.
parallel: .venv/tools .venv/release
	$(INSTALL) --group parallel
	$(BIN)/pytest --quiet --parallel-threads 4 --skip-thread-unsafe true -rfE

# Two at a time, because types are checked by one processor.
check: .venv/tools .venv/module
	$(MAKE) --no-print-directory --jobs 2 --output-sync=target check-types check-core check-files

check-types:
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest yttria._core
	PATH="$(CURDIR)/$(BIN):$$PATH" pyright --ignoreexternal --verifytypes yttria

check-core:
	cargo fmt --check
	cargo clippy --quiet --all-targets --features python -- -D warnings

check-files:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/vermin --quiet --no-tips --violations --eval-annotations -t=3.10- python/yttria
	$(BIN)/python tools/third_party_licenses.py --check
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	PATH="$(CURDIR)/$(BIN):$$PATH" actionlint .github/workflows/*.yml
	$(BIN)/zizmor --quiet --offline --min-severity medium .github/workflows

# The manual, into out/site/html; tutorials and gallery are run, and a warning is an error.
docs: .venv/release .venv/docs
	$(BIN)/python tools/site/build.py

# Speed is measured on what is distributed.
bench: .venv/release .venv/bench
	$(BIN)/maturin develop --quiet --uv --profile wheel --group build
	$(BIN)/python benches/side_by_side.py $(BENCH)

# Every figure of VALIDATION.md and docs/validation, measured by the tests that check the claims.
validation: .venv/tools .venv/release
	mkdir -p out
	$(BIN)/pytest --quiet --claims --measured out/measured.json
	$(BIN)/python tools/validation.py out/measured.json

# A wheel with the lowest declared version of every dependency, on the oldest Python that is there.
floors: .venv/build
	rm -rf dist/floors
	$(BIN)/maturin build --quiet --profile wheel --out dist/floors
	$(BIN)/python tools/floors.py dist/floors/*.whl

# What one job of the release does: a wheel for every Linux since 2014, a source distribution, and what looks at them.
wheels: .venv/wheels
	rm -rf dist/wheels
	$(WHEEL) --out dist/wheels --compatibility manylinux2014
	$(BIN)/maturin sdist --out dist/wheels
	$(call look_at,dist/wheels)

# The other wheels that zig can link here: for the processor aarch64, and for Linux with musl instead of glibc.
wheels-cross: .venv/wheels
	rm -rf dist/wheels-cross
	rustup target add aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl
	$(WHEEL) --out dist/wheels-cross --target aarch64-unknown-linux-gnu --compatibility manylinux2014
	$(WHEEL) --out dist/wheels-cross --target x86_64-unknown-linux-musl --compatibility musllinux_1_2
	$(WHEEL) --out dist/wheels-cross --target aarch64-unknown-linux-musl --compatibility musllinux_1_2
	$(call look_at,dist/wheels-cross)

clean:
	rm -rf .venv .venv-floors target out dist
