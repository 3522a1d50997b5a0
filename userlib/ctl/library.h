/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: where libweir is
 */
#ifndef WEIR_CTL_LIBRARY_H
#define WEIR_CTL_LIBRARY_H

#include <stddef.h>

#define LIBRARY_ENVIRONMENT	"WEIR_LIBRARY"

/*
 * The library to preload: $WEIR_LIBRARY; or else libweir.so beside this program, as in a build
 * directory; or libweir.so.1 in ../lib from there, under whatever prefix both are installed; or in
 * LIBDIR.  Returns 0, or a negative errno with @path the last that was looked for.
 */
int library_find(char *path, size_t size);

#endif /* WEIR_CTL_LIBRARY_H */
