/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cpuinfo.h"

#include <string.h>
#include <unistd.h>

static const char *const isa_names[] = { "auto", "c", "avx2", "avx512" };

const char *
rexnet_isa_to_string (RexnetIsa isa)
{
  return (guint) isa < G_N_ELEMENTS (isa_names) ? isa_names[isa] : "?";
}

gboolean
rexnet_isa_from_string (const char *string, RexnetIsa * isa, GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (isa_names); i++)
    if (strcmp (string, isa_names[i]) == 0) {
      *isa = i;
      return TRUE;
    }
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
      "no instruction set '%s': use auto, c, avx2 or avx512", string);
  return FALSE;
}

/* The builtins also ask the operating system whether it saves the registers. */
static RexnetIsa
supported (void)
{
#if defined (__x86_64__)
  __builtin_cpu_init ();
  if (!__builtin_cpu_supports ("avx2") || !__builtin_cpu_supports ("fma")
      || !__builtin_cpu_supports ("bmi"))
    return REXNET_ISA_C;
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512dq")
      && __builtin_cpu_supports ("avx512vl"))
    return REXNET_ISA_AVX512;
  return REXNET_ISA_AVX2;
#else
  return REXNET_ISA_C;
#endif
}

static gboolean
check_switch (const char *name, GError ** error)
{
  const char *value = g_getenv (name);

  if (!value || strcmp (value, "0") == 0 || strcmp (value, "1") == 0)
    return TRUE;
  g_set_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT,
      "environment variable %s is '%s', but must be 0 or 1", name, value);
  return FALSE;
}

gboolean
rexnet_cpu_check_environment (GError ** error)
{
  const char *value = g_getenv ("REXNET_ISA");
  RexnetIsa isa;

  if (value && !rexnet_isa_from_string (value, &isa, error)) {
    g_prefix_error (error, "environment variable REXNET_ISA: ");
    return FALSE;
  }
  return check_switch ("REXNET_PAIRED", error)
      && check_switch ("REXNET_SPARSE", error);
}

/*
 * Zen 3 and later. Zen 2 has the adders too, but dispatches four floating-point
 * operations a cycle, loads among them, where Zen 3 dispatches six (AMD's
 * Software Optimization Guides for families 17h and 19h): it gets no more done
 * with them than with multiply-adds alone. On Intel's, multiply-adds and
 * additions of long vectors share units.
 */
static gboolean
has_adders (void)
{
  const char *asked = g_getenv ("REXNET_PAIRED");

  if (asked)
    return strcmp (asked, "1") == 0;
#if defined (__x86_64__)
  __builtin_cpu_init ();
  return __builtin_cpu_is ("amd") && !__builtin_cpu_is ("amdfam17h")
      && !__builtin_cpu_is ("amdfam15h");
#else
  return FALSE;
#endif
}

static gint
sparse_asked (void)
{
  const char *asked = g_getenv ("REXNET_SPARSE");

  return asked ? strcmp (asked, "1") == 0 : -1;
}

RexnetIsa
rexnet_isa_best (void)
{
  const char *value = g_getenv ("REXNET_ISA");
  RexnetIsa best = supported (), asked;

  if (value && rexnet_isa_from_string (value, &asked, NULL)
      && asked != REXNET_ISA_AUTO)
    best = MIN (best, asked);
  return best;
}

static gsize
cache_size (int name, gsize fallback)
{
  long size = sysconf (name);

  return size > 0 ? (gsize) size : fallback;
}

const RexnetCpuInfo *
rexnet_cpu_info (void)
{
  static RexnetCpuInfo info;
  static gsize once;

  if (g_once_init_enter (&once)) {
    info.l1 = cache_size (_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
    info.l2 = cache_size (_SC_LEVEL2_CACHE_SIZE, 512 << 10);
    info.cores = g_get_num_processors ();
    info.adders = has_adders ();
    info.sparse = sparse_asked ();
    g_once_init_leave (&once, 1);
  }
  return &info;
}
