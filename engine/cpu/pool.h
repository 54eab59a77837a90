/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads that run one function together, each with its own number, and meet
 * at barriers inside it. Waiting spins for a while, which costs 0.1 us where a
 * wake-up costs 30, and then sleeps. While the process has more such threads
 * awake than cores, nobody spins.
 */
#pragma once

#include <glib.h>

typedef struct _RexnetPool RexnetPool;

typedef void (*RexnetPoolFunc) (gpointer data, guint thread);

/* @threads: with the caller of rexnet_pool_run() as number 0.
 * Returns: NULL with REXNET_ERROR_DEVICE when the system has no more threads */
RexnetPool *rexnet_pool_new (guint threads, GError ** error);

/* @pool: (nullable), not running. */
void rexnet_pool_free (RexnetPool * pool);

/* Runs @func in every thread and returns when all have. One caller at a time. */
void rexnet_pool_run (RexnetPool * pool, RexnetPoolFunc func, gpointer data);

/* Inside a function that runs: waits for all the others. */
void rexnet_pool_barrier (RexnetPool * pool);
