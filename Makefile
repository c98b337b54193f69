# SPDX-License-Identifier: Apache-2.0
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

BPF_CLANG ?= clang-19
ARCH := $(shell uname -m | sed -e s/x86_64/x86/ -e s/aarch64/arm64/)
BPF_FLAGS := -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Wall -Werror -Ibpf/include \
	-idirafter /usr/include/$(shell uname -m)-linux-gnu
BPF_OBJECTS := $(patsubst bpf/%.bpf.c,build/bpf/%.bpf.o,$(wildcard bpf/*.bpf.c))
# Kernels with one safeguard taken out. Tests show that they notice.
SABOTAGE_OBJECTS := $(addprefix build/bpf/sabotage/,unclamped.bpf.o second-queue.bpf.o own-last.bpf.o \
	no-ancestors.bpf.o no-inheritance.bpf.o no-units.bpf.o)
# Programs that tests run in the test machine.
GUEST_PROGRAMS := $(patsubst test/vm/guest/programs/%.c,build/vm/programs/%,$(wildcard test/vm/guest/programs/*.c))
# The test machine: make vm CMD='uname -r' KERNEL=6.12 CPUS=4 VM_FLAGS=--icount
VM_OPTIONS = $(if $(KERNEL),--kernel $(KERNEL)) $(if $(CPUS),--cpus $(CPUS)) $(VM_FLAGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: ## install what is missing and build everything; bin/gthulhu runs afterwards
	@scripts/install build
	@$(MAKE) --no-print-directory compile

compile: bpf addon bundle

bpf: $(BPF_OBJECTS)

sabotage: $(SABOTAGE_OBJECTS)

addon:
	@test ! -e packages/bpf/Makefile || $(MAKE) --no-print-directory -C packages/bpf

types:
	@tsc -b packages/cli

# One file to read at start instead of hundreds: starts faster and takes less memory.
bundle: types
	@rolldown --config rolldown.config.ts >/dev/null
	@cp packages/scheduler/src/trace/recorded.trace build/cli/
	@echo '{ "type": "commonjs" }' >build/cli/package.json

build/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	@mkdir -p $(@D)
	$(BPF_CLANG) $(BPF_FLAGS) -MMD -MP -c -o $@ $<

build/bpf/sabotage/unclamped.bpf.o: SABOTAGE = SABOTAGE_UNCLAMPED
build/bpf/sabotage/second-queue.bpf.o: SABOTAGE = SABOTAGE_SECOND_QUEUE
build/bpf/sabotage/own-last.bpf.o: SABOTAGE = SABOTAGE_OWN_LAST
build/bpf/sabotage/no-ancestors.bpf.o: SABOTAGE = SABOTAGE_NO_ANCESTORS
build/bpf/sabotage/no-inheritance.bpf.o: SABOTAGE = SABOTAGE_NO_INHERITANCE
build/bpf/sabotage/no-units.bpf.o: SABOTAGE = SABOTAGE_NO_UNITS
$(SABOTAGE_OBJECTS): bpf/scheduler.bpf.c Makefile
	@mkdir -p $(@D)
	$(BPF_CLANG) $(BPF_FLAGS) -D$(SABOTAGE) -MMD -MP -c -o $@ $<

guest-programs: $(GUEST_PROGRAMS)

build/vm/programs/%: test/vm/guest/programs/%.c test/vm/guest/programs/waits.h Makefile
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -pthread -o $@ $<

-include $(wildcard build/bpf/*.bpf.d build/bpf/sabotage/*.bpf.d)

up: build ## run node API and scheduler: here if this kernel has sched_ext, else in a test machine; [PORT=8080]
	@PORT=$(PORT) scripts/up

test: ## everything that must hold: lint, types, unit tests, tests in the test machine
	@scripts/install test
	@$(MAKE) --no-print-directory build lint
	@$(MAKE) -s guest-programs sabotage
	@vitest run

test-full: export GTHULHU_TEST_FULL = 1
test-full: test ## the same, with the long-running cases too

soak: build ## random faults in test machines: [SEED=n] [FAULTS=1000] [START=0] [MACHINES=2]; prints the seed first
	@scripts/install test
	@SEED=$(SEED) FAULTS=$(FAULTS) START=$(START) MACHINES=$(MACHINES) node test/vm/soak/main.ts

kube-programs: ## the Kubernetes programs of the tests, where they are missing: builds them, some 10 to 20 minutes, once
	@scripts/kube-programs

lint: ## types, format and lint rules
	@tsc -b
	@biome check .

vm: ## a shell in the test machine, or CMD='command line'; KERNEL=7|6.12 CPUS=n VM_FLAGS=...
	@scripts/install test
	@scripts/vm $(VM_OPTIONS) $(if $(CMD),-- "$$CMD")

vm: override export CMD := $(value CMD)

demo: build ## a scheduler at work, shown in the test machine
	@scripts/install test
	@scripts/demo

bench: build ## measure against the kernel's own scheduler; writes bench/RESULTS.md (about half an hour)
	@scripts/install test
	@scripts/bench

clean: ## remove what was built; node_modules and the cache stay
	rm -rf build packages/*/dist packages/*/build

.PHONY: help build compile bpf sabotage guest-programs addon types up test test-full soak kube-programs lint vm demo bench clean
