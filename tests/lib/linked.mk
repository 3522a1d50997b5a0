# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For folders whose programs are linked with the library; included after common.mk.  The compiler must
# not reason about the functions under test.

CFLAGS	+= -fno-builtin -pthread -I$(WEIR_TOP)/tests/lib
LDLIBS	:= -L$(WEIR_TOP)/build -Wl,-rpath,$(WEIR_TOP)/build -lweir $(LDLIBS)
