# Ringside: the field's names for what package.json's scripts do. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# npm ci leaves a stamp, so that it runs once per lock file.
node_modules/.stamp: package.json package-lock.json
	npm ci --no-fund --no-audit
	@touch $@

SOURCES := $(shell find cli debug-adapter emulator extension -name '*.ts' 2>/dev/null) scripts/build.mjs
# Sources are made by nobody: without this line, run-% below would claim run-loop.ts.
$(SOURCES): ;
dist/cli.js: node_modules/.stamp $(SOURCES)
	npm run --silent build

.PHONY: help build test check guest grade grade-qemu bench fuzz package e2e clean

help: ## list the targets
	@grep -hE '^[a-z0-9%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16
	@echo "run-PROGRAM     boot the guest on the embedded PC and run one user program: make run-rustshim"

build: dist/cli.js ## bundle command line, adapter and extension into dist/

run-%: dist/cli.js
	@node dist/cli.js run $*

test: dist/cli.js ## all tests
	npm test

check: node_modules/.stamp ## types, lint, format, tidy
	npm run check

guest: ## rebuild the guest image from source (needs Rust with library source, see guest/README.md)
	bash scripts/build-guest.sh

grade: dist/cli.js ## run every grading case on the embedded PC
	@node dist/cli.js grade

grade-qemu: dist/cli.js ## the same cases under qemu-system-i386
	@node dist/cli.js grade --qemu

bench: dist/cli.js ## named workloads, one line of history each
	npm run --silent bench

fuzz: node_modules/.stamp ## the long fuzz runs: DAP messages, processes, damaged ELF files
	npm run --silent fuzz

package: node_modules/.stamp ## one VSIX with the guest inside
	npm run package

e2e: node_modules/.stamp ## the scenario in the real editor (installs code-server below test/e2e)
	bash test/e2e/run.sh

clean: ## remove what was built
	rm -rf dist guest/target
