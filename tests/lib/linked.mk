# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For folders whose programs are linked with the library; included before common.mk.  The compiler
# must not reason about the functions under test, nor warn of the wrong use that is tested; the harness has
# parameters that not every test uses.

CFLAGS		+= -fno-builtin -pthread -Wno-alloc-size-larger-than -Wno-use-after-free \
	-Wno-unused-parameter -Wno-unknown-warning-option -Wno-non-power-of-two-alignment \
	-Wno-builtin-assume-aligned-alignment \
	-I$(WEIR_TOP)/tests/lib
LDLIBS		+= -L$(WEIR_TOP)/build -Wl,-rpath,$(WEIR_TOP)/build -lweir
LOCAL_HDRS	+= $(WEIR_TOP)/tests/lib/process.h
