/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Subnormal numbers are zero while the network runs: a vector that holds one
 * takes a hundred times as long, and 1e-38 is nothing beside a logit. The mode
 * belongs to a thread; the caller's own is given back to it.
 */
#pragma once

#include <glib.h>

#if defined (__x86_64__)
#include <immintrin.h>

#define FLUSH_TO_ZERO 0x8000
#define DENORMALS_ARE_ZERO 0x0040

static inline guint64
rexnet_float_mode_enter (void)
{
  guint mode = _mm_getcsr ();

  _mm_setcsr (mode | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
  return mode;
}

static inline void
rexnet_float_mode_leave (guint64 mode)
{
  _mm_setcsr (mode);
}

#elif defined (__aarch64__)

#define FPCR_FZ (1u << 24)

static inline guint64
rexnet_float_mode_enter (void)
{
  guint64 mode;

  __asm__ volatile ("mrs %0, fpcr":"=r" (mode));
  __asm__ volatile ("msr fpcr, %0"::"r" (mode | FPCR_FZ));
  return mode;
}

static inline void
rexnet_float_mode_leave (guint64 mode)
{
  __asm__ volatile ("msr fpcr, %0"::"r" (mode));
}

#else

static inline guint64
rexnet_float_mode_enter (void)
{
  return 0;
}

static inline void
rexnet_float_mode_leave (guint64 mode)
{
}

#endif
