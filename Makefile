# SPDX-License-Identifier: GPL-2.0
#
# weir: a malloc whose thresholds live in the kernel.  `make help' lists the targets.

VERSION	:= 1.0.0
PREFIX	?= /usr/local
DESTDIR	?=
CFLAGS	?= -O2 -g
OBJCOPY	?= objcopy
B	:= build

# Every rule stands here.
MAKEFLAGS += -r
# Where depmod and ldconfig are, also after `su'.
export PATH := $(PATH):/usr/sbin:/sbin
.DELETE_ON_ERROR:
.PHONY: all library ctl module demo test test-debug check bench fuzz install uninstall clean help
all: library ctl module		## build the library, the command and the module

help:				## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1#\2/p' Makefile tests/setup/install.mk | column -t -s '#'
	@echo "Variables: PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) KDIR=$(KDIR)"

# ---- the library and the command --------------------------------------------------------------

WARN	:= -Wall -Wextra -Werror
USER	= -std=gnu11 $(CFLAGS) $(WARN) -D_GNU_SOURCE -Ikmod/uapi -Iuserlib -MMD -MP $(CPPFLAGS)
# The compiler must not reason about the very functions that are defined here.
PLAIN	:= $(addprefix -fno-builtin-,malloc free calloc realloc reallocarray memalign \
	aligned_alloc posix_memalign valloc pvalloc)
# Most functions are small and called from other files; the fat objects serve the static library.
LTO	:= $(if $(findstring Free Software Foundation,$(shell $(CC) --version)),-flto=auto -ffat-lto-objects)
LIB	:= $(LTO) -fno-strict-aliasing -fPIC -fvisibility=hidden -ftls-model=initial-exec $(PLAIN)
MAP	:= $(wildcard userlib/libweir.map)
# Programs keep pointers into the library's memory: it is never unloaded. It calls its own functions, whatever
# stands before them in the program: a malloc there may count on ours not calling it. First: see userlib/init.c.
LINK	= -shared -Wl,-soname,libweir.so.1 -Wl,-z,defs -Wl,-z,relro -Wl,-z,now -Wl,-z,nodelete \
	-Wl,-Bsymbolic-functions -Wl,-z,initfirst \
	$(addprefix -Wl$(comma)--version-script=,$(MAP)) $(LDFLAGS)
comma	:= ,

LIBOBJ	:= $(patsubst %.c,$(B)/obj/%.o,$(wildcard userlib/*.c))
# What only the archive has.
PREINIT	:= $(B)/obj/userlib/preinit.o
CTLOBJ	:= $(patsubst %.c,$(B)/obj/%.o,$(wildcard userlib/ctl/*.c))

library: $(if $(LIBOBJ),$(B)/libweir.so $(B)/libweir.so.1 $(B)/libweir.a)
ctl: $(if $(CTLOBJ),$(B)/weirctl)

# The lists of files: what a removed source has left behind is linked anew.
$(B)/obj/%.list: force
	@mkdir -p $(@D) && echo '$($*OBJ)' | cmp -s - $@ || echo '$($*OBJ)' >$@
.PHONY: force

$(LIBOBJ): $(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(USER) $(LIB) -c -o $@ $<

$(CTLOBJ): $(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(USER) -DWEIR_VERSION='"$(VERSION)"' -DLIBDIR='"$(PREFIX)/lib"' \
		$$(pkg-config --cflags libkmod) -c -o $@ $<

$(B)/libweir.so: $(LIBOBJ) $(MAP) $(B)/obj/LIB.list
	$(CC) $(CFLAGS) $(LTO) $(LINK) -o $@ $(filter-out $(PREINIT),$(LIBOBJ))

$(B)/libweir.so.1: | $(B)/libweir.so
	ln -sf libweir.so $@

# One object whose inner names are local: a program may have an arena_alloc() of its own. What else the objects
# hold for link-time optimization would bring the names back.
$(B)/libweir.a: $(LIBOBJ) $(B)/obj/LIB.list
	rm -f $@
	$(LD) -r -o $(B)/obj/libweir.o $(LIBOBJ)
	$(OBJCOPY) --localize-hidden -R '.gnu.lto_*' -R '.gnu.debuglto_*' $(B)/obj/libweir.o
	$(AR) rcs $@ $(B)/obj/libweir.o

$(B)/weirctl: $(CTLOBJ) $(B)/obj/CTL.list
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(CTLOBJ) $$(pkg-config --libs libkmod)

-include $(LIBOBJ:.o=.d) $(CTLOBJ:.o=.d)

# ---- the module -------------------------------------------------------------------------------

# The running kernel's headers, or else those of the kernel under test.
HERE	:= /lib/modules/$(shell uname -r)/build
TESTED	:= $(CURDIR)/$(B)/kernel/stock/headers
KDIR	?= $(firstword $(wildcard $(HERE) $(TESTED)))
RELEASE	:= $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>&-)
KO	:= $(B)/$(RELEASE)/weir.ko
KSRC	:= $(wildcard Kbuild) $(shell find kmod -name '*.[chS]')
KDIRS	:= $(shell find kmod -type d)

ifneq ($(and $(RELEASE),$(wildcard Kbuild)),)
module: $(KO)
else
module:
	@echo "module left out: $(if $(wildcard Kbuild),no kernel headers in $(or $(KDIR),$(HERE)), no Kbuild)"
endif

# Type information can be made only where the kernel itself is; Kbuild would complain each time.
NOBTF	:= $(if $(wildcard $(KDIR)/vmlinux),,CONFIG_DEBUG_INFO_BTF_MODULES=)

# Kbuild leaves its objects beside the sources: it works in a tree of links to them.
$(KO): $(KSRC) $(KDIRS) $(KDIR)/Module.symvers
	@mkdir -p $(addprefix $(@D)/,$(KDIRS))
	@find $(@D) -xtype l -delete
	@for i in $(KSRC); do [ -L $(@D)/$$i ] || ln -sr $$i $(@D)/$$i || exit; done
	flock $(@D) $(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR)/$(@D) $(NOBTF) modules
	@touch $@

# ---- tests and the like -----------------------------------------------------------------------

demo:				## show what it is for, on a live process in a virtual machine
	tests/setup/packages build vm demo
	tests/setup/kernel stock
	$(MAKE) -s all
	tests/demo/run

test:				## run every test, on this machine and in virtual ones with the stock and the rt kernel
	tests/setup/packages build vm test
	tests/setup/kernel stock
	tests/setup/kernel rt
	tests/setup/kernel-debug source
	tests/setup/ksft
	tests/setup/sources
	$(MAKE) -s all
	tests/run --kernel stock --kernel rt

test-debug:			## run the kernel's tests on a debug kernel, which it builds
	tests/setup/packages build vm test
	tests/setup/kernel debug
	tests/setup/ksft
	$(MAKE) -s all
	tests/run --kernel debug

check:				## the kernel's own checks of the module: checkpatch, sparse, W=1, coccicheck
	tests/setup/packages build kernel test
	tests/setup/kernel stock
	tests/setup/kernel-debug source
	tests/setup/ksft
	tests/run host static

fuzz: library			## look for faults in the library by the fuzzer, until stopped
	tests/setup/packages build test
	tests/setup/ksft
	tests/fuzz/run --forever

bench:				## measure against other allocators; BENCH= gives options to tests/bench/run
	tests/setup/packages build bench
	$(MAKE) library
	tests/bench/run $(BENCH)

clean:				## remove what was built; keeps the kernels under test and what else was downloaded
	find $(B) -mindepth 1 -maxdepth 1 ! -name kernel ! -name ksft ! -name sources -exec rm -rf {} + 2>/dev/null || :

include tests/setup/install.mk
