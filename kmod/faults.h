/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counting page faults by address.
 */
#ifndef _WEIR_FAULTS_H
#define _WEIR_FAULTS_H

int weir_faults_get(void);
void weir_faults_put(void);

int weir_faults_init(void);
void weir_faults_exit(void);

#endif /* _WEIR_FAULTS_H */
