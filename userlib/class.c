// SPDX-License-Identifier: LGPL-2.1-or-later
/* class.c - the sizes of all classes: a table, as computing one takes as long as the rest of a fast path */
#include "class.h"

#define STEP(i)	((i) - CLASS_PIECES)
#define SIZE(i)	((i) == 1 ? 32 : (i) < CLASS_PIECES ? (i) * 16 : \
		 (i) >= CLASS_EXACT ? ((i) - CLASS_EXACT + 2) * 16 : \
		 ((9 + (STEP(i) & 7)) << (6 + (STEP(i) >> 3) % CLASS_DOUBLINGS)) + 16)
#define SIZES4(i)	SIZE(i), SIZE((i) + 1), SIZE((i) + 2), SIZE((i) + 3)
#define SIZES16(i)	SIZES4(i), SIZES4((i) + 4), SIZES4((i) + 8), SIZES4((i) + 12)
#define SIZES48(i)	SIZES16(i), SIZES16((i) + 16), SIZES16((i) + 32)

_Static_assert(CLASSES == 145 && CLASS_MAX <= UINT16_MAX, "the table has all, and they fit");

const uint16_t class_sizes[CLASSES] = { SIZES48(0), SIZES48(48), SIZES48(96), SIZE(144) };
