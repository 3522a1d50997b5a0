# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For programs that hold the library's sources compiled another way, under other names: what it exports
# becomes weir_malloc and so on, for the program's own calls, too, so that a sanitizer's or fuzzer's run time
# keeps an allocator of its own.  Included after common.mk.
#
#   $(eval $(call renamed,NAME,COMPILER,FLAGS,SOURCES,OBJCOPY))
#
# makes $(OUTPUT)/NAME of userlib/ and the program's SOURCES.  OBJCOPY is what else objcopy shall do to
# the library.

RENAMED_LIB := $(wildcard $(WEIR_TOP)/userlib/*.c)
RENAMED_FLAGS := -std=gnu11 -g -Wall -Wextra -Werror -D_GNU_SOURCE -fno-builtin -fno-omit-frame-pointer \
	-Wno-alloc-size-larger-than -Wno-unknown-warning-option \
	-fno-strict-aliasing -fvisibility=hidden -pthread -MMD -MP -I$(WEIR_TOP)/kmod/uapi -I$(WEIR_TOP)/userlib \
	-I$(WEIR_TOP)/tests/lib -isystem $(KSFT)

define renamed
$(1)_LIB := $(patsubst $(WEIR_TOP)/userlib/%.c,$(OUTPUT)/$(1).d/lib/%.o,$(RENAMED_LIB))
$(1)_OBJ := $(patsubst %.c,$(OUTPUT)/$(1).d/%.o,$(notdir $(4)))

$(OUTPUT)/$(1).d/lib/%.o: $(WEIR_TOP)/userlib/%.c $(WEIR_TOP)/tests/lib/renamed.mk Makefile
	@mkdir -p $$(@D)
	$(2) $(RENAMED_FLAGS) $(3) -c -o $$@ $$<

$(foreach i,$(4),$(OUTPUT)/$(1).d/$(patsubst %.c,%.o,$(notdir $(i))): $(i) Makefile
	@mkdir -p $$(@D)
	$(2) $(RENAMED_FLAGS) $(3) -c -o $$@ $$<

)
$(OUTPUT)/$(1): $$($(1)_LIB) $$($(1)_OBJ)
	$(LD) -r -o $$@.d/library.o $$($(1)_LIB)
	readelf -sW $$@.d/library.o | awk '$$$$5 == "GLOBAL" && $$$$6 == "DEFAULT" && $$$$7 != "UND" \
		{ print $$$$8, "weir_" $$$$8 }' >$$@.d/names
	objcopy $(5) $$@.d/library.o
	$(LD) -r -o $$@.d/all.o $$@.d/library.o $$($(1)_OBJ)
	objcopy --redefine-syms=$$@.d/names $$@.d/all.o
	$(2) $(3) -pthread $$@.d/all.o -o $$@

-include $$($(1)_LIB:.o=.d) $$($(1)_OBJ:.o=.d)
endef
