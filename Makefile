# SPDX-License-Identifier: Apache-2.0
#
# Cairn's one Makefile (GNU Make >= 4.3). It is not recursive: every source folder has a two-line module.mk that says what the
# folder is, and the rules are here once. `make help` lists the targets.
#
#   $(call library,chain/store)            all .c of the folder -> build/<variant>/lib/chain_store.a
#   SRCS_tests/bench := tests/bench/bench.c  not all .c of the folder but these
#   LDLIBS_chain/store := -lrocksdb        what a program that uses the library must link from outside
#   CFLAGS_chain/coding/avx2.c := -mavx2   flags for one file
#   $(call program,cairnd,chain/cmd)       all .c of the folder, linked -> build/<variant>/bin/cairnd (and build/bin/cairnd)
#   $(call program,name,dir/one.c,libs)    one file as a program; libs: folders beyond those it includes
#   $(call test_program,sim,tests/sim)     the same into build/<variant>/tests/sim; not installed
#   $(call test_libs,tests/unit/chain/node,x/app)   more libraries for the tests of a folder
#
# What a library, program or test links is read from what its files include ("chain/base/err.h" -> chain/base), transitively;
# tests/lint/arrows.txt says what they may include. Test programs need no registration: every tests/unit/**/test_*.c and
# tests/property/**/test_*.c is a cmocka program, every tests/fuzz/fuzz_*.c a fuzzer (with SAN=fuzz) and a corpus replay
# (otherwise).
#
# From outside: CC, CFLAGS, CPPFLAGS, LDFLAGS, LDLIBS (appended), SAN=asan|tsan|fuzz, BYZ=1 (validators that break the rules) and DEBUG=1 (crash
# points, every block executed twice; asan has them too), each with a folder of its own in build/, V=1 (show commands), WERROR= (no -Werror), T= and F= (which tests), PREFIX, DESTDIR.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
SHELL := /bin/bash

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin AR),default)
AR := ar
endif
SAN ?=
BYZ ?=
DEBUG ?=
V ?=
T ?=
F ?=
# with sanitizers and other optimisation gcc sees bounds differently and warns of what is not there; the release variant is the judge
WERROR ?= $(if $(SAN),,-Werror)
PREFIX ?= /usr/local
DESTDIR ?=
INSTALL ?= install
PROTOC_C ?= protoc-c
Q := $(if $(V),,@)
say = $(if $(V),,@printf '%-7s %s\n' '$(1)' '$(2)';)

# --- variants -------------------------------------------------------------------------------------------------------------
# MACRO and OWN: a variant that is release but for a macro, and the sources in which that makes a difference; it takes all
# other objects from build/release.
MACRO :=
ifeq ($(SAN),)
VARIANT := $(if $(BYZ),byz,$(if $(DEBUG),debug,release))
VARIANT_CFLAGS := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
VARIANT_LDFLAGS := -pie -Wl,-z,relro -Wl,-z,now
ifneq ($(BYZ),)
MACRO := CAIRN_BYZANTINE
else ifneq ($(DEBUG),)
MACRO := CAIRN_DEBUG
endif
else ifeq ($(SAN),asan)
VARIANT := asan
VARIANT_CFLAGS := -O1 -g -DCAIRN_DEBUG -fsanitize=address,undefined -fno-sanitize-recover=all
VARIANT_LDFLAGS := -fsanitize=address,undefined
else ifeq ($(SAN),tsan)
VARIANT := tsan
VARIANT_CFLAGS := -O1 -g -fsanitize=thread
VARIANT_LDFLAGS := -fsanitize=thread
else ifeq ($(SAN),fuzz)
VARIANT := fuzz
CC := $(if $(findstring clang,$(CC)),$(CC),$(subst gcc,clang,$(CC)))
VARIANT_CFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
VARIANT_LDFLAGS := -fsanitize=address,undefined
else
$(error SAN=$(SAN) is not known: use asan, tsan or fuzz)
endif

B := build/$(VARIANT)
G := build/gen
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wvla -Wformat=2 -Wno-format-zero-length \
            -Wpointer-arith -Wconversion -Wundef $(WERROR)
BASE_CFLAGS := -std=c11 -fno-omit-frame-pointer -pthread $(VARIANT_CFLAGS)
ALL_CPPFLAGS := -I. -I$(G) -D_GNU_SOURCE $(CPPFLAGS)
ALL_LDFLAGS := -pthread $(VARIANT_LDFLAGS) -Wl,--as-needed $(LDFLAGS)

# --- what the fragments register ------------------------------------------------------------------------------------------
LIBRARIES :=
PROGRAMS :=
TEST_PROGRAMS :=
library = $(eval LIBRARIES += $(strip $(1)))
program = $(eval PROGRAMS += $(strip $(1)))$(eval SRC_$(strip $(1)) := $(strip $(2)))$(eval MORE_$(strip $(1)) := $(strip $(3)))
test_program = $(eval TEST_PROGRAMS += $(strip $(1)))$(eval SRC_tests/$(strip $(1)) := $(strip $(2)))$(eval MORE_tests/$(strip $(1)) := $(strip $(3)))
test_libs = $(eval TEST_LIBS_$(strip $(1)) := $(strip $(2)))

ROOTS := $(wildcard chain x sp client testnet tests)
OWN := $(if $(MACRO),$(shell tests/lib/sources_that_see $(MACRO) $(ROOTS)))
$(call library,proto)
include $(shell find $(ROOTS) -name module.mk | sort)

# --- generated code -------------------------------------------------------------------------------------------------------
PROTO_NAMES := $(patsubst proto/cairn/%.proto,%,$(filter-out proto/cairn/code.proto,$(wildcard proto/cairn/*.proto)))
GEN_C := $(PROTO_NAMES:%=$(G)/cairn/%.pb-c.c)
GEN_H := $(PROTO_NAMES:%=$(G)/cairn/%.pb-c.h) $(PROTO_NAMES:%=$(G)/cairn/%.h) $(G)/cairn/code.h
LDLIBS_proto := -lprotobuf-c

# What each folder and each test file includes, closed transitively: CL_<folder or file> := folders. One pass, at every start.
$(shell mkdir -p $(G)/cairn && grep -roE '^#include "[^"]+' --include='*.[ch]' $(ROOTS) | awk -f tests/lint/closure.awk > $(G)/closure.mk.new; \
        cmp -s $(G)/closure.mk.new $(G)/closure.mk || mv $(G)/closure.mk.new $(G)/closure.mk)
include $(G)/closure.mk

own_library = $(or $(if $(MACRO),,all),$(filter $(OWN),$(call sources,$(1))))
archive = $(if $(call own_library,$(1)),$(B),build/release)/lib/$(subst /,_,$(1)).a
closure = $(filter $(LIBRARIES),$(sort $(1) $(foreach d,$(1),$(CL_$(d)))))
includes = $(or $(CL_$(1)),$(CL_$(patsubst %/,%,$(dir $(1)))))
sources = $(if $(filter %.c,$(1)),$(1),$(or $(SRCS_$(1)),$(sort $(wildcard $(1)/*.c))))
object = $(if $(and $(MACRO),$(filter-out $(OWN),$(1))),build/release,$(B))/obj/$(1:.c=.o)
objects = $(foreach s,$(call sources,$(1)),$(call object,$(s)))

# $(1) output, $(2) folder or file, $(3) libraries (not closed), $(4) more objects, $(5) more link flags
define link_rules
$(1): private LINK_LIBS := $(LDLIBS_$(2)) $(foreach l,$(call closure,$(3)),$(LDLIBS_$(l)))
$(1): $(call objects,$(2)) $(4) $(foreach l,$(call closure,$(3)),$(call archive,$(l)))
	$$(call say,LINK,$$@)mkdir -p $$(@D) && $(CC) $(ALL_LDFLAGS) $(5) -o $$@ $$(filter %.o,$$^) \
	  -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(LINK_LIBS) $(LDLIBS)
endef

# --- main targets ---------------------------------------------------------------------------------------------------------
.PHONY: all check lib bin gen tests test lint errors format format-check hdr-check clean help install uninstall FORCE
ifeq ($(VARIANT),release)
LINKED := $(PROGRAMS:%=build/bin/%)
endif

all: lib bin ## build every library and program (default)
lib: $(foreach l,$(LIBRARIES),$(call archive,$(l))) ## build every library
bin: $(PROGRAMS:%=$(B)/bin/%) $(LINKED) ## build every program into build/<variant>/bin (release: linked in build/bin)
gen: $(GEN_C) $(GEN_H) ## generate the C of proto/

$(foreach l,$(filter-out proto,$(LIBRARIES)),$(eval $(call archive,$(l)): $(call objects,$(l)) $(l)))
GEN_OBJ := $(if $(MACRO),build/release,$(B))/obj/gen
$(call archive,proto): $(GEN_C:$(G)/%.c=$(GEN_OBJ)/%.o)
$(sort $(B)/lib/%.a build/release/lib/%.a):
	$(call say,AR,$@)mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(foreach p,$(PROGRAMS),$(eval $(call link_rules,$(B)/bin/$(p),$(SRC_$(p)),$(filter-out $(SRC_$(p)),$(call includes,$(SRC_$(p))) $(MORE_$(p))))))
build/bin/%: $(B)/bin/%
	$(Q)mkdir -p $(@D) && ln -sf ../release/bin/$* $@

$(GEN_OBJ)/%.o: $(G)/%.c | $(GEN_H)
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(ALL_CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) -w -MMD -MP -c -o $@ $<

define compile_rules # $(1) build/<variant>, $(2) more flags
$(1)/obj/%.o: %.c | $(GEN_H)
	$$(call say,CC,$$<)mkdir -p $$(@D) && $(CC) $(ALL_CPPFLAGS) $(BASE_CFLAGS) $(2) $(WARNINGS) $$(CFLAGS_$$<) $(CFLAGS) -MMD -MP -c -o $$@ $$<
endef
$(eval $(call compile_rules,$(B),$(MACRO:%=-D%)))
$(if $(MACRO),$(eval $(call compile_rules,build/release)))

$(G)/cairn/code.h: proto/cairn/code.proto proto/code.awk
	$(call say,GEN,$@)mkdir -p $(@D) && awk -f proto/code.awk $< > $@

$(G)/cairn/%.pb-c.c $(G)/cairn/%.pb-c.h $(G)/cairn/%.h &: proto/cairn/%.proto proto/alias.awk
	$(call say,GEN,$<)mkdir -p $(G)/cairn && $(PROTOC_C) --proto_path=proto --c_out=$(G) $< && \
	  sed -i '/PROTOBUF_C__FORCE_ENUM_TO_BE_INT_SIZE/s/^/\/\/ /' $(G)/cairn/$*.pb-c.h && \
	  awk -v name=$* -f proto/alias.awk $(G)/cairn/$*.pb-c.h > $(G)/cairn/$*.h

# --- tests ----------------------------------------------------------------------------------------------------------------
UNIT_SRCS := $(sort $(shell find $(wildcard tests/unit tests/property) -name 'test_*.c' 2>/dev/null))
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
UNIT_BINS := $(UNIT_SRCS:%.c=$(B)/%)
FUZZ_BINS := $(FUZZ_SRCS:%.c=$(B)/%)
T_BINS := $(sort $(foreach t,$(or $(T),tests),$(foreach b,$(UNIT_BINS),$(if $(findstring $(t),$(b)),$(b)))))

# tests/unit/chain/store/test_x.c links chain/store, what the file includes, and what test_libs adds
unit_folder = $(patsubst tests/property/%,%,$(patsubst tests/unit/%,%,$(patsubst %/,%,$(dir $(1)))))
$(foreach t,$(UNIT_SRCS),$(eval $(call link_rules,$(t:%.c=$(B)/%),$(t),$(call unit_folder,$(t)) $(CL_$(t)) $(TEST_LIBS_$(patsubst %/,%,$(dir $(t)))))))
$(foreach t,$(TEST_PROGRAMS),$(eval $(call link_rules,$(B)/tests/$(t),$(SRC_tests/$(t)),$(call includes,$(SRC_tests/$(t))) $(MORE_tests/$(t)))))
ifeq ($(SAN),fuzz)
$(foreach t,$(FUZZ_SRCS),$(eval $(call link_rules,$(t:%.c=$(B)/%),$(t),$(CL_$(t)) $(TEST_LIBS_$(t)),,-fsanitize=fuzzer)))
else
$(foreach t,$(FUZZ_SRCS),$(eval $(call link_rules,$(t:%.c=$(B)/%),$(t),$(CL_$(t)) $(CL_tests/fuzz/replay.c) $(TEST_LIBS_$(t)),$(B)/obj/tests/fuzz/replay.o)))
endif

tests: $(UNIT_BINS) $(FUZZ_BINS) $(TEST_PROGRAMS:%=$(B)/tests/%) ## build every test program
test: $(T_BINS) ## run unit and property tests: make test T=chain/store/test_tree F='*pattern*' SAN=asan
	$(Q)CAIRN_TEST_FILTER='$(F)' tests/lib/run_programs $(T_BINS)
test-programs: $(T_BINS)
E2E := $(patsubst %,$(B)/tests/%,$(filter e2e/%,$(TEST_PROGRAMS)))
SIMS := $(patsubst %,$(B)/tests/%,$(filter sim%,$(TEST_PROGRAMS)))
BENCHES := $(patsubst %,$(B)/tests/%,$(filter bench/%,$(TEST_PROGRAMS)))
sims: $(SIMS)
e2e-programs: $(E2E)
benches: $(BENCHES)
print-sims: ; @echo $(SIMS)
print-benches: ; @echo $(BENCHES)
# For tests/sim/mutants/run: the compiler, then its flags; how a test program (P) is linked as @OUT@ with @OBJECTS@ before the libraries.
print-compile: ; @echo '$(CC) @ $(ALL_CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS)'
print-link: ; @echo '$(CC) $(ALL_LDFLAGS) -o @OUT@ $(call objects,$(or $(SRC_tests/$(P)),$(P).c)) @OBJECTS@ -Wl,--start-group \
  $(foreach l,$(LINK_OF_P),$(call archive,$(l))) -Wl,--end-group $(foreach l,$(LINK_OF_P),$(LDLIBS_$(l))) $(LDLIBS)'
LINK_OF_P = $(call closure,$(if $(SRC_tests/$(P)),$(call includes,$(SRC_tests/$(P))) $(MORE_tests/$(P)),$(call unit_folder,$(P).c) $(CL_$(P).c) $(TEST_LIBS_$(patsubst %/,%,$(dir $(P))))))
.PHONY: test-programs e2e-programs sims benches print-sims print-benches print-compile print-link
check: ## all tests: tests/run
	$(Q)tests/run
fuzzers: $(FUZZ_BINS) ## build the fuzzers (SAN=fuzz) or the corpus replays
.PHONY: fuzzers
sim: ## run the simulator's fixed seeds
	$(Q)tests/run sim
e2e: ## run the end-to-end tests
	$(Q)tests/run e2e
bench: ## run the benchmarks beside their limits
	$(Q)tests/run bench
.PHONY: sim e2e bench

# --- checks ---------------------------------------------------------------------------------------------------------------
HEADERS := $(sort $(shell find $(ROOTS) -name '*.h'))
hdr-check: $(HEADERS:%=$(B)/hdr/%.ok) ## compile every header alone
$(B)/hdr/%.h.ok: %.h | $(GEN_H)
	$(call say,HDR,$<)mkdir -p $(@D) && printf '#include "%s"\ntypedef int hdr_check_not_empty;\n' $< | $(CC) $(ALL_CPPFLAGS) $(BASE_CFLAGS) $(WARNINGS) \
	  -fsyntax-only -MMD -MP -MT $@ -MF $(@:.ok=.d) -x c - && touch $@
lint: ## arrows, purity, headers, banned calls, folder maps, format
	$(Q)tests/lint/run
errors: ## write docs/errors.md from the table of errors
	$(Q)awk -f proto/errors.awk proto/cairn/code.proto > docs/errors.md

format: ## format every source
	$(Q)find $(ROOTS) -name '*.[ch]' -print0 | xargs -0 clang-format -i
format-check: ## say which files are not formatted
	$(Q)find $(ROOTS) -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror

# --- the rest -------------------------------------------------------------------------------------------------------------
install: bin ## install the programs (PREFIX, DESTDIR)
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/bin
	$(foreach p,$(PROGRAMS),$(INSTALL) -m 755 $(B)/bin/$(p) $(DESTDIR)$(PREFIX)/bin/ &&) true
uninstall: ## remove them
	rm -f $(PROGRAMS:%=$(DESTDIR)$(PREFIX)/bin/%)
clean: ## remove build/
	rm -rf build
help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  \1\t\2/' | expand -t 16

-include $(shell find $(sort $(B) $(if $(MACRO),build/release)) -name '*.d' 2>/dev/null)
