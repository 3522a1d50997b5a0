/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/weir
 */
#ifndef _WEIR_CHARDEV_H
#define _WEIR_CHARDEV_H

int weir_chardev_init(void);
void weir_chardev_exit(void);

#endif /* _WEIR_CHARDEV_H */
