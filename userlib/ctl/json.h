/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef WEIR_CTL_JSON_H
#define WEIR_CTL_JSON_H

/* Prints @text as a JSON string; bytes that are no UTF-8 become U+FFFD. */
void json_print_string(const char *text);

#endif /* WEIR_CTL_JSON_H */
