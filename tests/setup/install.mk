# SPDX-License-Identifier: GPL-2.0
#
# Included by the top-level Makefile: install and uninstall.

D	:= $(DESTDIR)$(PREFIX)
SO	:= libweir.so.$(VERSION)
MAN	:= $(wildcard Documentation/man/*.[1-8])
RULES	:= $(wildcard userlib/ctl/*.rules)
COMPL	:= $(wildcard userlib/ctl/weirctl.bash-completion)
EXTRA	:= $(DESTDIR)/lib/modules/$(RELEASE)/extra
# The module for the kernel under test is of no use on a machine that runs another.
INSTKO	:= $(if $(filter $(TESTED),$(KDIR)),,$(RELEASE))

# In the order of the commands below; what is not built is not installed.
FILES	= $(if $(LIBOBJ),lib/$(SO) lib/libweir.so.1 lib/libweir.so lib/libweir.a) \
	lib/pkgconfig/weir.pc include/linux/weir.h $(if $(wildcard userlib/weir.h),include/weir.h) \
	$(if $(CTLOBJ),bin/weirctl) \
	$(foreach i,$(MAN),share/man/man$(subst .,,$(suffix $i))/$(notdir $i)) \
	$(if $(COMPL),share/bash-completion/completions/weirctl) \
	$(addprefix lib/udev/rules.d/,$(notdir $(RULES)))
