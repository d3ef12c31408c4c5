# make            build/oyster-responder, build/oyster-key and the practice model
# make static     build/static/oyster-verify, one file without libraries
# make check      unit tests, then the shell tests against a real lighttpd
# make asan       both again under AddressSanitizer and UBSan
# make tsan       the threaded tests under ThreadSanitizer
# make fuzz       libFuzzer on what reads other people's bytes, FUZZ_SECONDS for each
# make chaos      processes are killed under load, two minutes each
# make torture    all that fails is made to fail, everywhere: for hours
# make coverage   what the tests have run of our own code; tests/COVERAGE.md has the rest
# make mutate     which faults in keys/ and the JSON scanner no test finds
# make lint       compilers' warnings, cppcheck, shellcheck, the folders' rules
# make bench      speed, processor time and memory, beside mod_proxy and nginx
# make install    DESTDIR and PREFIX are honoured; make uninstall undoes it

PREFIX   ?= /usr/local
BINDIR   ?= $(PREFIX)/bin
CONFDIR  ?= $(PREFIX)/share/oyster
MANDIR   ?= $(PREFIX)/share/man
B        ?= build

CFLAGS   ?= -O2 -g
WARN      = -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow \
	    -Wvla -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes \
	    -Wformat=2 -Wundef -Wcast-qual -Wpointer-arith
HARDEN    = -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
LDHARDEN  = -pie -Wl,-z,relro,-z,now,--as-needed

KEYS_PKGS = libsecp256k1 nettle
PKGS      = $(KEYS_PKGS) libseccomp fcgi libcurl
ALL_CFLAGS = -D_GNU_SOURCE -I. -std=c11 -pthread $(WARN) $(HARDEN) -MMD -MP $(CFLAGS)
LINK      = $(CC) -pthread $(LDHARDEN) $(LDFLAGS) $(WRAPS)

COMMA     = ,
pkg       = $(shell pkg-config --$(1) $(2))
KEYS_LIBS = $(call pkg,libs,$(KEYS_PKGS))
LIBS      = $(call pkg,libs,$(PKGS))

# Everything but the files with a main() goes into what the tests link.
KEYS      = $(patsubst %.c,$(B)/%.o,$(filter-out keys/oyster-key.c,$(wildcard keys/*.c)))
FCGI      = $(patsubst %.c,$(B)/%.o,$(filter-out fcgi/main.c,$(wildcard fcgi/*.c)))
UNITS     = $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
PRACTICE  = $(patsubst %.c,$(B)/%.o,$(wildcard tests/practice-model.c tests/practice/*.c))
TESTS     = $(sort $(wildcard tests/t[0-9]*.sh))
PAGES     = $(wildcard keys/*.[1-8] keys/verify/*.[1-8] fcgi/*.[1-8])
PROGRAMS  = $(B)/oyster-responder $(B)/oyster-key $(B)/practice-model $(B)/memory-scan $(B)/without

# The verifier alone wants two libraries more; without them the rest is built.
VERIFY_PKGS = libcbor libcrypto
HAS_VERIFY := $(shell pkg-config --exists $(VERIFY_PKGS) && echo yes)
VERIFY    = $(patsubst %.c,$(B)/%.o,$(filter-out keys/verify/oyster-verify.c,$(wildcard keys/verify/*.c)))
CBOR      = $(B)/keys/verify/item_cbor.o
PLAIN     = $(B)/keys/verify/item_plain.o
VERIFY_USES = $(addprefix $(B)/,fcgi/buf.o fcgi/digest.o fcgi/err.o fcgi/json.o fcgi/json_put.o \
	    fcgi/options.o fcgi/reply.o fcgi/request.o \
	    fcgi/schema.o fcgi/spare.o fcgi/stretch.o fcgi/template.o keys/ecdsa.o keys/exchange.o keys/keccak.o keys/receipt.o keys/wire.o)
VERIFY_LIBS = $(call pkg,libs,$(VERIFY_PKGS) $(KEYS_PKGS))
ifeq ($(HAS_VERIFY),yes)
PROGRAMS += $(B)/oyster-verify
else
UNITS    := $(filter-out $(B)/unit/test_verify%,$(UNITS))
endif

all: $(PROGRAMS)

verify: $(B)/oyster-verify

$(B)/oyster-responder: $(B)/fcgi/main.o $(FCGI) $(KEYS)
	$(LINK) -o $@ $^ $(LIBS)

$(B)/oyster-key: $(addprefix $(B)/keys/,oyster-key.o ecdsa.o keccak.o secret.o)
	$(LINK) -o $@ $^ $(KEYS_LIBS)

$(B)/oyster-verify: $(B)/keys/verify/oyster-verify.o $(filter-out $(PLAIN),$(VERIFY)) $(VERIFY_USES)
	$(LINK) -o $@ $^ $(VERIFY_LIBS)

# One file without libraries.  Debian has no static libcbor: item_plain.c stands in.
static: $(B)/static/oyster-verify

$(B)/static/item_take.o: keys/verify/item_plain.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Ditem_plain_take=item_take $(ALL_CFLAGS) -c -o $@ $<

$(B)/static/oyster-verify: $(B)/keys/verify/oyster-verify.o $(filter-out $(PLAIN) $(CBOR),$(VERIFY)) \
		$(VERIFY_USES) $(B)/static/item_take.o
	$(CC) -pthread $(LDHARDEN) -static-pie -Wl,--gc-sections -s $(LDFLAGS) -o $@ $^ \
	    $(call pkg,static --libs,libcrypto $(KEYS_PKGS))

$(B)/practice-model: $(PRACTICE)
	$(LINK) -o $@ $^

$(B)/memory-scan $(B)/without: $(B)/%: $(B)/tests/%.o
	$(LINK) -o $@ $^

# Preloaded into what the tests torture.
units: $(B)/torture/shim.so
$(B)/torture/shim.so: tests/torture/shim.c
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=c11 -pthread $(WARN) -fPIC -O2 -g -shared -o $@ $< -ldl

$(B)/unit/test_%: $(B)/tests/unit/test_%.o $(FCGI) $(KEYS)
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(LIBS) -ljansson

# Calls that a test can have fail; see tests/unit/faults.h.
$(B)/unit/test_%: WRAPS = $(shell sed -n -e 's/^FAULT.[^,]*, \([A-Za-z0-9_]*\),.*/-Wl,--wrap=\1/p' \
	-e 's/^[A-Za-z].*\<__wrap_\([A-Za-z0-9_]*\).*;$$/-Wl,--wrap=\1/p' tests/unit/$(@F).c)

# Named one by one, so that the rule above is not tried for them.
$(filter $(B)/unit/test_verify%,$(UNITS)): $(B)/unit/%: $(B)/tests/unit/%.o $(VERIFY) $(FCGI) $(KEYS)
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(LIBS) $(VERIFY_LIBS) -ljansson

# For tests/t7000-differential.sh.
$(B)/scanner: $(B)/tests/differential/scanner.o $(FCGI) $(KEYS)
	$(LINK) -o $@ $^ $(LIBS) -ljansson

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# Of the keys' objects, what the program calls goes through it first.
$(B)/constant-time: $(B)/tests/constant-time.o $(KEYS)
	$(LINK) $(patsubst %,-Wl$(COMMA)--wrap=%,read secp256k1_ec_seckey_verify \
	    secp256k1_ec_pubkey_create secp256k1_ecdsa_sign_recoverable) -o $@ $^ $(KEYS_LIBS) $(call pkg,libs,libseccomp)

# The bare libraries, to compare with.
$(B)/bench-bare: $(B)/scripts/bench/bare.o
	$(LINK) -o $@ $^ $(KEYS_LIBS)

# Takes a process over at the moment when its sandbox closes.
$(B)/hijack.so: tests/hijack.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -D_GNU_SOURCE -std=c11 $(WARN) -O2 -g -fPIC -shared -MMD -MP -o $@ $<

units: $(UNITS) $(B)/scanner $(B)/constant-time $(B)/hijack.so

check: all units
	B=$(abspath $(B)) prove $(PROVE_FLAGS) $(UNITS) $(TESTS)

THREADED  = tests/t1000-generate.sh tests/t1130-vocabulary.sh tests/t1200-limits.sh \
	    tests/t1300-client-gone.sh tests/t1400-processes.sh tests/t1900-load.sh
SANITIZED = HARDEN=-fPIE LDHARDEN=-pie

# The image has executables of its own: a sanitizer would see nothing of them.
asan:
	$(MAKE) check B=build-asan $(SANITIZED) TESTS='$(filter-out tests/t6%,$(TESTS))' \
	    CFLAGS='-O1 -g -DOYSTER_SANITIZED -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' \
	    LDFLAGS=-fsanitize=address,undefined

tsan:
	$(MAKE) check B=build-tsan $(SANITIZED) TESTS='$(THREADED)' \
	    CFLAGS='-O1 -g -DOYSTER_SANITIZED -fsanitize=thread' LDFLAGS=-fsanitize=thread

# The counters are mapped from files: they outlive kills, _exit and the sandbox.
# Those of the image's executables are not among them.
PROFILE   = $(CURDIR)/build-coverage/profile

coverage:
	. scripts/packages.sh && need_packages clang llvm
	rm -rf $(PROFILE) && mkdir -p $(PROFILE)
	$(MAKE) check B=build-coverage CC=clang HARDEN=-fPIE LDHARDEN=-pie TESTS='$(filter-out tests/t6%,$(TESTS))' \
	    CFLAGS='-O0 -fprofile-instr-generate=$(PROFILE)/%m%c.profraw -fcoverage-mapping -fprofile-update=atomic -mllvm -runtime-counter-relocation' \
	    LDFLAGS=-fprofile-instr-generate
	scripts/coverage.py build-coverage

mutate:
	scripts/mutate.py

# Each target starts from what is in tests/fuzz/corpus, which it never writes to.
FUZZERS   = $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
FUZZED    = -fsanitize=address,undefined -fno-sanitize-recover=all

$(B)/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(VERIFY) $(VERIFY_USES) $(B)/keys/oracle.o
	@mkdir -p $(@D)
	$(LINK) -fsanitize=fuzzer -o $@ $^ $(VERIFY_LIBS) -ljansson

# It plays the model server and the signer itself.
$(B)/fuzz/fuzz_respond: $(B)/tests/fuzz/fuzz_respond.o \
		$(filter-out $(addprefix $(B)/fcgi/,fence.o launch.o pool.o relay.o),$(FCGI)) \
		$(addprefix $(B)/keys/,exchange.o keccak.o ecdsa.o)
	@mkdir -p $(@D)
	$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(B)/fuzz/fuzz_show: $(B)/tests/fuzz/fuzz_show.o $(addprefix $(B)/fcgi/,show.o tokenizer.o stretch.o buf.o spare.o)
	@mkdir -p $(@D)
	$(LINK) -fsanitize=fuzzer -o $@ $^ -ljansson

fuzzers: $(FUZZERS)

fuzz:
	$(MAKE) fuzzers B=build-fuzz CC=clang $(SANITIZED) \
	    CFLAGS='-O1 -g -DOYSTER_SANITIZED -fsanitize=fuzzer-no-link $(FUZZED) -fno-omit-frame-pointer' \
	    LDFLAGS='$(FUZZED)'
	B=build-fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh

# The long forms of tests/t73*.sh; what they measure goes to $(B)/torture/results.
TORTURE   = B=$(abspath $(B)) TORTURE_RESULTS=$(abspath $(B))/torture/results

chaos: all units
	$(TORTURE) CHAOS_SECONDS=120 prove --timer tests/t7300-chaos.sh

torture: all units
	$(TORTURE) STRIDE=1 SLOW_SECONDS=120 MANY_REQUESTS=1000000 \
		prove --timer $(filter-out tests/t7300-chaos.sh,$(wildcard tests/t73*.sh))

lint:
	scripts/lint.sh

bench: all $(B)/bench-bare
	B=$(abspath $(B)) scripts/bench.sh

# What is installed names the places where it is installed.
RELOCATE  = sed -e 's|/usr/local/bin|$(BINDIR)|g' -e 's|/usr/local/share/oyster|$(CONFDIR)|g'

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(CONFDIR)
	install -m 0755 $(B)/oyster-key $(DESTDIR)$(BINDIR)
ifeq ($(HAS_VERIFY),yes)
	install -m 0755 $(B)/oyster-verify $(DESTDIR)$(BINDIR)
endif
	install -m 0755 $(B)/oyster-responder $(DESTDIR)$(BINDIR)
	install -m 0644 conf/lighttpd.conf $(DESTDIR)$(CONFDIR)
	for file in oyster.conf oyster.service; do \
		$(RELOCATE) conf/$$file >$(DESTDIR)$(CONFDIR)/$$file && \
		chmod 0644 $(DESTDIR)$(CONFDIR)/$$file || exit 1; done
	for page in $(PAGES); do \
		to=$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} && \
		install -D -m 0644 /dev/null $$to && $(RELOCATE) $$page >$$to || exit; \
	done

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/oyster-key $(DESTDIR)$(BINDIR)/oyster-verify
	rm -f $(DESTDIR)$(BINDIR)/oyster-responder
	rm -f $(DESTDIR)$(CONFDIR)/lighttpd.conf $(DESTDIR)$(CONFDIR)/oyster.conf $(DESTDIR)$(CONFDIR)/oyster.service
	rmdir $(DESTDIR)$(CONFDIR) 2>/dev/null || true
	for page in $(notdir $(PAGES)); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$$page; done

clean:
	rm -rf build build-asan build-tsan build-fuzz build-lint build-lint-clang \
	    build-coverage build-mutate build-mutate-asan

.PHONY: all verify static units check asan tsan fuzzers fuzz chaos torture coverage mutate lint bench install uninstall clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
