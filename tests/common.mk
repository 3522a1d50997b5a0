# SPDX-License-Identifier: GPL-2.0
#
# Included at the end of each test folder's Makefile, which sets
#   TEST_GEN_PROGS   programs with a source file of that name; TEST_PROGS scripts (see lib.mk)
#   RUN_IN           host or guest: where tests/run runs them; guest is a machine with the module
#   KERNELS          the kernels they are for, when tests/run is asked for one (in the guest, all; on the
#                    host, stock); KERNELS_<program> for one alone
#   VM_OPTIONS       options for tests/vm/run, VM_OPTIONS_<program> for one alone
#   TIMEOUT          seconds a program may take, TIMEOUT_<program> for one alone
# A program finds the project's folder in $WEIR_TOP.

WEIR_TOP	:= $(realpath $(dir $(lastword $(MAKEFILE_LIST)))..)
export WEIR_TOP
KSFT		?= $(WEIR_TOP)/build/ksft
OUTPUT		?= $(WEIR_TOP)/build/tests/$(notdir $(CURDIR))
RUN_IN		?= $(if $(filter kselftest,$(notdir $(CURDIR))),guest,host)
KERNELS		?= $(if $(filter guest,$(RUN_IN)),stock rt debug kcsan,stock)
TIMEOUT		?= 45

ifeq ($(wildcard $(KSFT)/lib.mk),)
$(error no lib.mk in KSFT=$(KSFT): run tests/setup/ksft, or name a kernel's tools/testing/selftests)
endif
$(shell mkdir -p $(OUTPUT))

CFLAGS		:= -std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -I$(WEIR_TOP)/kmod/uapi \
	-I$(WEIR_TOP)/userlib -isystem $(KSFT) $(CFLAGS)
# The library's objects are made for both kinds of linking; the other takes ten seconds a program.
LDFLAGS		+= $(if $(findstring Free Software Foundation,$(shell $(CC) --version)),-fno-lto)
LOCAL_HDRS	+= $(wildcard *.h) $(WEIR_TOP)/kmod/uapi/linux/weir.h

all:
include $(KSFT)/lib.mk

comma		:= ,
space		:= $() $()
# kernels PROGRAM: with commas between them.
kernels		= $(subst $(space),$(comma),$(strip $(or $(KERNELS_$(notdir $1)),$(KERNELS))))

# For tests/run: where, on which kernels, limit and path of each program, then the machine's options.
.PHONY: list
list:
	@$(foreach i,$(TEST_GEN_PROGS) $(TEST_CUSTOM_PROGS) $(addprefix $(CURDIR)/,$(TEST_PROGS)),echo \
		"$(RUN_IN) $(call kernels,$i) $(or $(TIMEOUT_$(notdir $i)),$(TIMEOUT)) $(realpath $i)" \
		"$(or $(VM_OPTIONS_$(notdir $i)),$(VM_OPTIONS))";)
