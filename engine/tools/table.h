/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Prints the published networks side by side, with their times here; returns
 * the exit status. */
int table_print (void);
