# SPDX-License-Identifier: GPL-2.0
#
# Included by the top-level Makefile: install and uninstall.

D	:= $(DESTDIR)$(PREFIX)
SO	:= libweir.so.$(VERSION)
MAN	:= $(wildcard Documentation/man/*.[1-8])
RULES	:= $(wildcard userlib/ctl/*.rules)
COMPL	:= $(wildcard userlib/ctl/*bash-completion*)
HEADER	:= $(wildcard userlib/weir.h)
EXTRA	:= $(DESTDIR)/lib/modules/$(RELEASE)/extra
# The module for the kernel under test is of no use to a machine that runs another.
INSTKO	:= $(if $(filter $(TESTED),$(KDIR)),,$(and $(RELEASE),$(wildcard Kbuild)))

# FILE:DESTINATION:MODE of all but the links.
COPIES	= $(if $(LIBOBJ),$(B)/libweir.so:$D/lib/$(SO):644 $(B)/libweir.a:$D/lib/libweir.a:644) \
	$(B)/weir.pc:$D/lib/pkgconfig/weir.pc:644 \
	kmod/uapi/linux/weir.h:$D/include/linux/weir.h:644 \
	$(if $(HEADER),$(HEADER):$D/include/weir.h:644) \
	$(if $(CTLOBJ),$(B)/weirctl:$D/bin/weirctl:755) \
	$(foreach i,$(MAN),$i:$D/share/man/man$(subst .,,$(suffix $i))/$(notdir $i):644) \
	$(if $(COMPL),$(COMPL):$D/share/bash-completion/completions/weirctl:644) \
	$(foreach i,$(RULES),$i:$D/lib/udev/rules.d/$(notdir $i):644) \
	$(if $(INSTKO),$(KO):$(EXTRA)/weir.ko:644)
LINKS	= $(if $(LIBOBJ),$D/lib/libweir.so.1 $D/lib/libweir.so)

define PC
prefix=$(PREFIX)
libdir=$${prefix}/lib
includedir=$${prefix}/include

Name: weir
Description: malloc whose thresholds live in the kernel
Version: $(VERSION)
Libs: -L$${libdir} -lweir
Cflags: -I$${includedir}
endef

# What the running system keeps about its files; of no concern to a package's tree.
define REFRESH
	$(if $(DESTDIR),,if [ -w /etc ]; then ldconfig; fi)
	$(if $(DESTDIR),,$(if $(INSTKO),depmod $(RELEASE)))
	$(if $(DESTDIR),,if [ -S /run/udev/control ]; then udevadm control --reload; fi)
endef

install: all			## install below PREFIX, and the module for the kernel in KDIR
	$(file >$(B)/weir.pc,$(PC))
	$(foreach i,$(COPIES),$(call COPY,$(subst :, ,$i)))
	$(foreach i,$(LINKS),ln -sf $(SO) $i$(newline))
	$(REFRESH)
	$(if $(INSTKO),,@echo "module not installed: there are no headers of the running kernel; KDIR= names others")

uninstall:			## remove what install put there; give it the same variables
	rm -f $(LINKS) $(foreach i,$(COPIES),$(word 2,$(subst :, ,$i)))
	$(foreach i,$(OWN),if [ -d $i ]; then rmdir --ignore-fail-on-non-empty $i; fi$(newline))
	$(REFRESH)

# Folders that are likely to have been made for the files alone.
OWN	= $D/include/linux $D/lib/pkgconfig $D/share/bash-completion/completions \
	$D/share/bash-completion $D/lib/udev/rules.d $D/lib/udev \
	$(patsubst %/,%,$(sort $(dir $(foreach i,$(MAN),$D/share/man/man$(subst .,,$(suffix $i))/)))) \
	$(if $(INSTKO),$(EXTRA))

COPY	= install -D -m $(word 3,$1) $(word 1,$1) $(word 2,$1)$(newline)
define newline

	
endef
